"""Alarms of the archive: it is behind, or it lacks changes. Billing does not depend on it, the audit does."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from runtime.metric_names import ArchiveMetric
from stacks.constructs.alarms.bound import FIVE_MINUTES, HOUR, Alarms
from stacks.constructs.alarms.message import Page, Ticket
from stacks.constructs.alarms.queues import add_queue_alarm
from stacks.constructs.functions.function import Function

#: A stream keeps changes for 24 hours, and a batch is collected for five minutes.
BEHIND = Duration.hours(2)
LACKING = Ticket(
    happened="Changes of a table could not be archived for 23 hours, and Lambda gave them up; the message in the"
    " dead-letter queue of Streams names their place in the table's stream.",
    money="Nothing is billed wrongly. The archive lacks these changes, and the audit of that day may report"
    " differences.",
    look="Look in the log group of archive-changes for why it failed. Then copy the table's items into the archive"
    " (ops archive-tables) while the table still has them: events end after 60 days.",
)


NOT_AUDITED = Ticket(
    happened="EventBridge Scheduler could not invoke audit-conservation, and put the call into the dead-letter queue of"
    " Audits.",
    money="Nothing is billed wrongly by that. A day was not audited, or not all of its customers.",
    look="Look at the message in the dead-letter queue for the error, and at the schedule's role. Then invoke"
    " audit-conservation with the day and the parts of the message.",
)


NO_BACKUP = Ticket(
    happened="AWS Backup could not back up a table of the ledger, or could not copy a backup to the other vault; its"
    " event is in the queue BackupFailures.",
    money="Nothing is billed wrongly. If the account or a table were lost now, this day's backup of it would be"
    " missing; the point-in-time recovery of 35 days goes on.",
    look="Look at statusMessage of the event in the queue: mostly a right of the role, the key or the other vault's"
    " policy is missing.",
)


def add_archive_alarms(
    alarms: Alarms,
    *,
    archiver: Function,
    dead_letters: sqs.IQueue,
    audits: sqs.IQueue,
    backup_failures: sqs.IQueue | None = None,
) -> cloudwatch.Alarm:
    """Returns a silent alarm of changes that wait too long in the tables' streams.

    alarms: of the functions' service. audits: the queue of the audit's calls that Scheduler gave up. backup_failures:
    None where the stage has no backups.
    """
    if backup_failures is not None:
        add_queue_alarm(alarms, "BackupFailures", backup_failures, NO_BACKUP)
    add_queue_alarm(alarms, "DeadLetters", dead_letters, LACKING)
    add_queue_alarm(alarms, "AuditsDeadLetters", audits, NOT_AUDITED)
    alarms.count(
        ArchiveMetric.CONSERVATION_FINDINGS,
        HOUR,
        Page(
            happened="The daily audit found units that do not add up: between events, an hour's counters, its lines and"
            " the customer's balance.",
            money="A customer may have been billed for more or less than it used, and the cause may go on.",
            look="Look at the open findings in yawl-audit (OpenFindingsIndex), and in the log group of"
            " audit-conservation for the lines 'not conserved': each names customer, period, dimension and both sums.",
        ),
    )
    age = cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name="IteratorAge",
        dimensions_map={"FunctionName": archiver.function.function_name},
        statistic="Maximum",
        period=FIVE_MINUTES,
    )
    return alarms.silent(
        "StreamsTooOld",
        age,
        f"Changes of the tables have waited for the archive for {int(BEHIND.to_hours())} hours.",
        at_least=BEHIND.to_milliseconds(),
    )
