"""Alarms of the comparison with AWS's books: lost lines, differences, calls of strangers, no comparison."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs

from runtime.metric_names import ReconcileMetric
from stacks.constructs.alarms.bound import HOUR, Alarms
from stacks.constructs.alarms.message import Page, Ticket
from stacks.constructs.alarms.queues import add_queue_alarm

#: A day's comparison, and two hours in which it may be late.
OVERDUE = Duration.hours(26)
#: Each book's function is called every hour at least, and says its age.
EACH_BOOK = Duration.hours(2)
DEAD_CALL = Ticket(
    happened="EventBridge Scheduler could not invoke a function that compares the ledger with AWS's books, and put the"
    " call into the dead-letter queue of Reconciliations.",
    money="Nothing is billed wrongly by that. The next call does the same work.",
    look="Look at the message in the dead-letter queue for the error, and at the schedule's role.",
)


def add_reconciliation_alarms(alarms: Alarms, *, dead_letters: sqs.IQueue) -> None:
    """alarms: of the functions' service. dead_letters: the calls that Scheduler gave up."""
    alarms.count(
        ReconcileMetric.LINES_LOST,
        HOUR,
        Page(
            happened="CloudTrail shows that a line which may have been billed was not.",
            money="Its units are on no bill until a person carries them into another hour or writes them off.",
            look="Look at ops failed for the lines whose resolution is lost, and at ops findings for another quantity"
            " that is on file in their place. Then ops carry or ops write-off.",
        ),
    )
    alarms.count(
        ReconcileMetric.FOREIGN_CALLS,
        HOUR,
        Page(
            happened="Somebody other than this stage metered a customer of ours.",
            money="The buyer may pay for usage that the ledger does not know, and the first record of an hour keeps"
            " ours out.",
            look="Look at ops findings for kind foreign_call: its detail names the role and the time. Stop that caller,"
            " and adjust what it has billed wrongly.",
        ),
    )
    alarms.count(
        ReconcileMetric.FINDINGS,
        HOUR,
        Ticket(
            happened="The ledger and one of AWS's books differ: CloudTrail, the usage feed or an invoice.",
            money="A buyer may have been billed for more or less than the ledger says; the finding has both amounts.",
            look="Look at ops findings, and in docs/reconciliation.md for what the kind of each means and what to do.",
        ),
    )
    alarms.level(
        ReconcileMetric.RECONCILIATION_AGE,
        Ticket(
            happened="A comparison with AWS's books has not come to its end for 26 hours.",
            money="Lines that may have been billed stay unconfirmed, so nobody can carry or retry them, and a"
            " difference is not noticed.",
            look="Look in the log groups that end in /reconcile-calls, /reconcile-usage and /reconcile-invoices for the"
            " error: most often a right or the data feed's bucket.",
        ),
        id_="Overdue",
        period=EACH_BOOK,
        at_least=OVERDUE.to_seconds(),
    )
    add_queue_alarm(alarms, "DeadLetters", dead_letters, DEAD_CALL)
