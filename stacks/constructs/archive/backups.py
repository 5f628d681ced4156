"""A daily backup of the tables by AWS Backup, and a copy in a vault of another account."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.queues.dead_letters import DeadLetters
from stacks.constructs.storage.table import LedgerTable

#: No hour is metered then, since an hour's run has ended by half past.
AT = events.Schedule.cron(minute="40", hour="1")
#: Ends of a job without a backup, and of a copy (AWS Backup Developer Guide, "Monitoring AWS Backup events using Amazon
#: EventBridge"; its events are a best effort).
FAILED_JOBS = ("FAILED", "ABORTED", "EXPIRED")
FAILED_COPIES = ("FAILED",)
AWSS_POLICY = "service-role/AWSBackupServiceRolePolicyForBackup"
NO_OTHER_QUEUE = (
    "the target is a queue of failures itself; EventBridge tries for a day, and AWS Backup keeps each job's state"
)
AWSS_POLICY_REASON = (
    "AWS keeps the rights that its service AWS Backup needs in this policy, and adds what new features need"
)


class TableBackups(Construct):
    """Point-in-time recovery lives and dies with its account; these backups do not.

    A copy in another account needs cross-account backup in the organization, the advanced features for DynamoDB in this
    account, and customer-managed keys on both sides (AWS Backup Developer Guide, "Creating backup copies across AWS
    accounts"). ``encrypt`` puts the stage's key on the vault.

    failures: a queue with AWS Backup's event of each backup, and each copy, that came to nothing.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        tables: Sequence[LedgerTable],
        keep_days: int,
        copy_to_vault_arn: str | None,
    ) -> None:
        super().__init__(scope, id_)
        keep = Duration.days(keep_days)
        self.vault = backup.BackupVault(self, "Vault")
        plan = backup.BackupPlan(self, "Plan", backup_vault=self.vault)
        copies = []
        if copy_to_vault_arn:
            elsewhere = backup.BackupVault.from_backup_vault_arn(self, "Elsewhere", copy_to_vault_arn)
            copies.append(backup.BackupPlanCopyActionProps(destination_backup_vault=elsewhere, delete_after=keep))
        plan.add_rule(
            backup.BackupPlanRule(
                rule_name="Daily",
                schedule_expression=AT,
                start_window=Duration.hours(1),
                completion_window=Duration.hours(12),
                delete_after=keep,
                copy_actions=copies,
            )
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(AWSS_POLICY)],
        )
        finding = f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{AWSS_POLICY}]"
        acknowledge(role, {finding: AWSS_POLICY_REASON})
        plan.add_selection(
            "Tables",
            resources=[backup.BackupResource.from_arn(table.arn) for table in tables],
            role=role,
            disable_default_backup_policy=True,
        )
        self.failures = DeadLetters(self, "Failures").queue
        vault = self.vault.backup_vault_arn
        self._report("Backup", {"state": list(FAILED_JOBS), "backupVaultArn": [vault]})
        self._report("Copy", {"state": list(FAILED_COPIES), "sourceBackupVaultArn": [vault]})

    def _report(self, job: str, detail: Mapping[str, Any]) -> None:
        """Put the events of such jobs into the queue of failures."""
        rule = events.Rule(
            self,
            f"{job}Failed",
            description=f"AWS Backup: a {job.lower()} job of the ledger's tables came to nothing",
            event_pattern=events.EventPattern(
                source=["aws.backup"], detail_type=[f"{job} Job State Change"], detail=detail
            ),
        )
        rule.add_target(targets.SqsQueue(self.failures))
        acknowledge(rule, {"Serverless-EventBusDLQ": NO_OTHER_QUEUE})
