"""The archive as it is deployed: nothing of a stream is left out, and nobody reads or changes what is in the bucket."""

import json
from typing import Any

import pytest

from archive.change import COLUMNS, folder
from archive.kept import ARCHIVED
from ledger.tables import ALL_TABLES
from tests.stacks.conftest import KEY, VAULT
from tests.synthesized import Assembly, as_list

MAPPING = "AWS::Lambda::EventSourceMapping"


def mappings(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """The archive's event source mappings, by the construct id of the table's stream."""
    found = {}
    for properties in assembly.properties(MAPPING, stack="Archive"):
        export = properties["EventSourceArn"]["Fn::ImportValue"]
        found[export.partition("FnGetAtt")[2].partition("Table")[0]] = properties
    return found


def bucket(assembly: Assembly) -> dict[str, Any]:
    ((_, made),) = assembly.resources("AWS::S3::Bucket", stack="Archive")
    return dict(made["Properties"])


def test_every_archived_table_feeds_the_archive_through_its_filters(prod: Assembly) -> None:
    by_table = {kept.table.name.removeprefix("yawl-").title().replace("-", ""): kept for kept in ARCHIVED}
    found = mappings(prod)
    assert set(found) == set(by_table)
    for table, properties in found.items():
        filters = [json.loads(each["Pattern"]) for each in properties["FilterCriteria"]["Filters"]]
        assert filters == list(by_table[table].patterns())
        assert all(len(each["Pattern"]) <= 4096 for each in properties["FilterCriteria"]["Filters"])


def test_a_change_is_tried_until_the_stream_is_about_to_forget_it_and_is_then_named(prod: Assembly) -> None:
    for properties in mappings(prod).values():
        assert "MaximumRetryAttempts" not in properties, "without a number Lambda repeats until the change is too old"
        assert 20 * 3600 <= properties["MaximumRecordAgeInSeconds"] < 24 * 3600
        assert properties["DestinationConfig"]["OnFailure"]["Destination"]
        assert properties["StartingPosition"] == "TRIM_HORIZON"
        assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_an_idle_stage_writes_few_objects(prod: Assembly) -> None:
    """A batch waits for five minutes, or until it is as large as Lambda takes it."""
    for properties in mappings(prod).values():
        assert (properties["BatchSize"], properties["MaximumBatchingWindowInSeconds"]) == (10_000, 300)


def test_no_stream_has_more_than_two_readers(prod: Assembly) -> None:
    """DynamoDB Developer Guide, "Change data capture for DynamoDB Streams": more are throttled."""
    sources = [str(each["EventSourceArn"]) for each in prod.properties(MAPPING) if "StartingPosition" in each]
    assert max(sources.count(source) for source in sources) == 2


def test_the_bucket_is_private_encrypted_and_versioned(prod: Assembly) -> None:
    made = bucket(prod)
    assert "BucketName" not in made, "a name would block the next deployment"
    assert set(made["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(made["PublicAccessBlockConfiguration"]) == 4
    assert made["VersioningConfiguration"] == {"Status": "Enabled"}
    assert made["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = made["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_only_tls_reaches_the_bucket_and_the_policy_allows_nobody_anything(prod: Assembly) -> None:
    (policy,) = prod.properties("AWS::S3::BucketPolicy", stack="Archive")
    statements = policy["PolicyDocument"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Deny"}
    assert {"Bool": {"aws:SecureTransport": "false"}} in [statement["Condition"] for statement in statements]


def test_objects_get_cheaper_and_go_when_the_stage_says(prod: Assembly) -> None:
    (rule,) = bucket(prod)["LifecycleConfiguration"]["Rules"]
    assert (rule["Prefix"], rule["Status"], rule["ExpirationInDays"]) == ("table=", "Enabled", 2557)
    assert rule["Transitions"] == [{"StorageClass": "GLACIER_IR", "TransitionInDays": 90}]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_nothing_is_locked_unless_the_stage_says_so(prod: Assembly, company: Assembly) -> None:
    assert not {"ObjectLockEnabled", "ObjectLockConfiguration"} & set(bucket(prod))
    locked = bucket(company)
    assert locked["ObjectLockEnabled"] is True
    assert locked["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Days": 365, "Mode": "COMPLIANCE"}},
    }


def test_a_key_of_the_company_costs_one_request_for_many_objects(company: Assembly) -> None:
    (rule,) = bucket(company)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}


def actions_on_the_bucket(assembly: Assembly, function: str) -> set[str]:
    return {
        action
        for statement in assembly.policies_of(function)
        for action in as_list(statement["Action"])
        if action.startswith("s3:")
    }


def test_one_function_writes_and_one_reads(prod: Assembly) -> None:
    using = {name: found for name in prod.functions() if (found := actions_on_the_bucket(prod, name))}
    assert using == {"archive-changes": {"s3:PutObject"}, "audit-conservation": {"s3:GetObject", "s3:ListBucket"}}
    for statement in prod.policies_of("audit-conservation"):
        if "s3:ListBucket" in as_list(statement["Action"]):
            assert statement["Condition"] == {"StringLike": {"s3:prefix": "table=*"}}


def test_athenas_table_is_what_is_written(prod: Assembly) -> None:
    (table,) = prod.properties("AWS::Glue::Table")
    described = table["TableInput"]
    columns = described["StorageDescriptor"]["Columns"]
    assert [column["Name"] for column in columns] == list(COLUMNS)
    partitions = described["PartitionKeys"]
    assert {column["Type"] for column in (*columns, *partitions)} == {"string"}
    parameters = described["Parameters"]
    assert parameters["projection.table.values"].split(",") == [kept.table.name for kept in ARCHIVED]
    for name in (column["Name"] for column in partitions):
        assert f"projection.{name}.type" in parameters
    (_, (scheme, ref, template)) = parameters["storage.location.template"]["Fn::Join"]
    assert (scheme, list(ref)) == ("s3://", ["Ref"])
    values = {"table": "yawl-usage-events", "day": "2026-11-15", "hour": "09"}
    for name, value in values.items():
        template = template.replace(f"${{{name}}}", value)
    assert template == "/" + folder("yawl-usage-events", "2026-11-15T09:59:59Z")
    assert (parameters["projection.hour.range"], parameters["projection.hour.digits"]) == ("0,23", "2")


def test_a_query_cannot_read_everything_by_mistake_and_leaves_no_results_with_us(prod: Assembly) -> None:
    (group,) = prod.properties("AWS::Athena::WorkGroup")
    configuration = group["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["BytesScannedCutoffPerQuery"] <= 20 * 10**9
    assert configuration["ManagedQueryResultsConfiguration"] == {"Enabled": True}
    assert "ResultConfiguration" not in configuration


def test_the_audit_runs_after_the_months_last_hours_are_billed(prod: Assembly) -> None:
    (schedule,) = prod.schedules("audit-conservation")
    assert schedule["ScheduleExpression"] == "cron(40 6 * * ? *)" or schedule["ScheduleExpression"].startswith(
        "cron(40 6 * * "
    )
    assert schedule["ScheduleExpressionTimezone"] == "Etc/UTC"
    assert json.loads(schedule["Target"]["Input"]) == {"part": "0", "parts": "1"}


@pytest.fixture(scope="module")
def plan(company: Assembly) -> dict[str, Any]:
    (found,) = company.properties("AWS::Backup::BackupPlan")
    return dict(found["BackupPlan"])


def test_backups_are_off_unless_the_stage_says_so(prod: Assembly) -> None:
    assert not list(prod.resources("AWS::Backup::BackupVault"))


def test_a_backup_that_fails_and_a_copy_that_fails_are_reported(company: Assembly) -> None:
    """AWS Backup Developer Guide, "Monitoring AWS Backup events using Amazon EventBridge": the states and fields of its
    events; those of other vaults of the account are not ours."""
    ((vault, _),) = company.resources("AWS::Backup::BackupVault")
    ((queue, _),) = [each for each in company.resources("AWS::SQS::Queue") if each[0].startswith("BackupsFailures")]
    rules = [
        rule
        for rule in company.properties("AWS::Events::Rule")
        if rule.get("EventPattern", {}).get("source") == ["aws.backup"]
    ]
    ours = [{"Fn::GetAtt": [vault, "BackupVaultArn"]}]
    assert {rule["EventPattern"]["detail-type"][0]: rule["EventPattern"]["detail"] for rule in rules} == {
        "Backup Job State Change": {"state": ["FAILED", "ABORTED", "EXPIRED"], "backupVaultArn": ours},
        "Copy Job State Change": {"state": ["FAILED"], "sourceBackupVaultArn": ours},
    }
    assert [target["Arn"] for rule in rules for target in rule["Targets"]] == [{"Fn::GetAtt": [queue, "Arn"]}] * 2


def test_every_table_is_backed_up_daily_and_copied_to_the_other_account(
    company: Assembly, plan: dict[str, Any]
) -> None:
    (rule,) = plan["BackupPlanRule"]
    assert rule["Lifecycle"] == {"DeleteAfterDays": 90}
    assert rule["CopyActions"] == [{"DestinationBackupVaultArn": VAULT, "Lifecycle": {"DeleteAfterDays": 90}}]
    (selection,) = company.properties("AWS::Backup::BackupSelection")
    assert len(selection["BackupSelection"]["Resources"]) == len(ALL_TABLES)
    (vault,) = company.properties("AWS::Backup::BackupVault")
    assert vault["EncryptionKeyArn"] == KEY
