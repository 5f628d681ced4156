"""The archive as a table of Amazon Athena: a Glue database, one table over all changes, and a workgroup."""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge

TABLE = "changes"
#: Bytes that a query may read: 20 GB are 0.10 USD. A query that names table and day reads megabytes.
MOST_OF_A_QUERY = 20 * 10**9
RESULTS_KEPT_BY_ATHENA = (
    "Athena itself keeps the results, for 24 hours and encrypted (Athena User Guide, 'Managed query results')"
)


class ArchiveTable(Construct):
    """The table ``changes``: its partitions follow from the objects' keys, so that none has to be added.

    Source: Athena User Guide, "Partition projection"; the columns are texts, read by OpenX's JSON SerDe.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        bucket: s3.IBucket,
        columns: Sequence[str],
        tables: Sequence[str],
    ) -> None:
        """name: of database and workgroup. columns, tables: as ``archive.change`` and ``archive.kept`` have them."""
        super().__init__(scope, id_)
        self.database = name.replace("-", "_")
        self.workgroup = name
        location = f"s3://{bucket.bucket_name}/"
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=self.database, description="the archive of a metering stage"
            ),
        )
        table = glue.CfnTable(
            self,
            "Changes",
            catalog_id=Aws.ACCOUNT_ID,
            database_name=self.database,
            table_input=glue.CfnTable.TableInputProperty(
                name=TABLE,
                table_type="EXTERNAL_TABLE",
                description="every change of the ledger's tables",
                parameters={
                    "classification": "json",
                    "compressionType": "gzip",
                    "projection.enabled": "true",
                    "projection.table.type": "enum",
                    "projection.table.values": ",".join(tables),
                    "projection.day.type": "date",
                    "projection.day.format": "yyyy-MM-dd",
                    "projection.day.range": "2026-01-01,NOW+1DAYS",
                    "projection.hour.type": "integer",
                    "projection.hour.range": "0,23",
                    "projection.hour.digits": "2",
                    "storage.location.template": f"{location}table=${{table}}/day=${{day}}/hour=${{hour}}/",
                },
                partition_keys=[_text(name) for name in ("table", "day", "hour")],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[_text(column) for column in columns],
                    location=location,
                    input_format="org.apache.hadoop.mapred.TextInputFormat",
                    output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library="org.openx.data.jsonserde.JsonSerDe"
                    ),
                ),
            ),
        )
        table.add_dependency(database)
        self.group = athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=name,
            description="queries of a metering stage's archive",
            # Its history of queries is no data of the ledger.
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                bytes_scanned_cutoff_per_query=MOST_OF_A_QUERY,
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=False,
                managed_query_results_configuration=athena.CfnWorkGroup.ManagedQueryResultsConfigurationProperty(
                    enabled=True
                ),
            ),
        )
        acknowledge(self.group, {"AwsSolutions-ATH1": RESULTS_KEPT_BY_ATHENA})


def _text(name: str) -> glue.CfnTable.ColumnProperty:
    return glue.CfnTable.ColumnProperty(name=name, type="string")
