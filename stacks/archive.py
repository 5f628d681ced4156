"""The archive of a stage: every change of the tables in a bucket, Athena's table over it, the audit, the backups."""

from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from archive.change import COLUMNS
from archive.kept import ARCHIVED
from runtime.settings import ArchiveChangesSettings, AuditConservationSettings
from stacks.constructs.archive.athena import ArchiveTable
from stacks.constructs.archive.backups import TableBackups
from stacks.constructs.archive.bucket import ArchiveBucket
from stacks.constructs.archive.changes import ArchivedStreams
from stacks.constructs.functions.asset import FunctionAsset
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.functions.functions import Functions
from stacks.constructs.workflows.regular_calls import RegularCalls
from stacks.data import DataStack
from stacks.stage import Stage

#: A batch of 6 MB is written in seconds.
WRITE_WITHIN = Duration.minutes(2)
#: Lambda's longest time. docs/archive.md says how many customers a part of a day may have.
AUDIT_WITHIN = Duration.minutes(15)
#: The last hour of the day before was sealed long ago, and the month's last hours are billed (06:00 UTC on the 1st).
AUDIT_AT = (6, 40)


class ArchiveStack(Stack):
    """Every change of the ledger's tables, kept for years, where Athena reads it."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        data: DataStack,
        asset: FunctionAsset,
        environment: FunctionEnvironment,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self.archive = ArchiveBucket(
            self,
            "Archive",
            keep_days=stage.archive.keep_days,
            cold_after_days=stage.archive.cold_after_days,
            lock_days=stage.archive.lock_days,
            lock_mode=stage.archive.lock_mode,
        )
        functions = Functions(
            scope=self,
            code=asset.code(),
            environment=environment,
            settings={
                "ARCHIVE_BUCKET": self.archive.name,
                "TABLE_SUFFIX": stage.suffix,
                "AUDIT_TABLE": data.audit.name,
            },
            timeout=WRITE_WITHIN,
        )
        self.functions = functions.made
        self.archiver = functions.add(
            "archive-changes",
            "archive.handlers.archive_changes.handler",
            ArchiveChangesSettings,
            "writes the changes of the tables to the archive",
            # A batch of 6 MB, its lines and the compressed object are in memory at once.
            memory_mb=512,
        )
        self.archive.allow_writing(self.archiver)
        self.streams = ArchivedStreams(self, "Streams", archiver=self.archiver)
        for kept in ARCHIVED:
            self.streams.add(data.table_of(kept.table), list(kept.patterns()))
        self.auditor = functions.add(
            "audit-conservation",
            "archive.handlers.audit_conservation.handler",
            AuditConservationSettings,
            "adds up what the archive has of the day before, and stores each difference",
            timeout=AUDIT_WITHIN,
            # A whole processor; and the hours and events of its customers are in memory.
            memory_mb=3008,
            puts=(data.audit,),
        )
        self.archive.allow_reading(self.auditor)
        # Scheduler's metrics are by group.
        self.schedules = scheduler.ScheduleGroup(self, "Schedules", removal_policy=RemovalPolicy.DESTROY)
        self.calls = RegularCalls(self, "Audits", group=self.schedules)
        for number in range(stage.archive.audit_parts):
            self.calls.add_daily(
                f"Part{number}",
                self.auditor,
                hour=AUDIT_AT[0],
                minute=AUDIT_AT[1],
                description=f"audits the day before, part {number + 1} of {stage.archive.audit_parts} of the customers",
                event={"part": str(number), "parts": str(stage.archive.audit_parts)},
            )
        self.athena = ArchiveTable(
            self,
            "Athena",
            name=f"yawl-metering-{stage.name}",
            bucket=self.archive.bucket,
            columns=COLUMNS,
            tables=[kept.table.name for kept in ARCHIVED],
        )
        self.backups: TableBackups | None = None
        if stage.backup:
            self.backups = TableBackups(
                self,
                "Backups",
                tables=data.all_tables,
                keep_days=stage.backup.keep_days,
                copy_to_vault_arn=stage.backup.copy_to_vault_arn,
            )
        for name, value in {
            "ArchiveBucketName": self.archive.name,
            "AthenaDatabase": self.athena.database,
            "AthenaWorkgroup": self.athena.workgroup,
            "ArchiveDeadLettersUrl": self.streams.dead_letters.queue_url,
            "AuditFunctionArn": self.auditor.live.function_arn,
            "AuditsDeadLettersUrl": self.calls.dead_letters.queue_url,
            "ScheduleGroupName": self.schedules.schedule_group_name,
            **({"BackupFailuresUrl": self.backups.failures.queue_url} if self.backups else {}),
        }.items():
            CfnOutput(self, name, value=value)
