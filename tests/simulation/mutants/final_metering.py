"""Final metering of a cancelled customer."""

from tests.simulation.mutants.mutation import Mutant

MUTANTS = (
    Mutant(
        "final-hours-read-eventually",
        "final metering does not see the record that was opened just before",
        "MeteringRecords.unsettled",
        "ConsistentRead=True",
        "ConsistentRead=False",
    ),
    Mutant(
        "never-refused",
        "the status by which usage is refused is not written",
        "next_step",
        """
if subscriber.status != 'final_metering':
    return Step(name='refuse')
""",
        "",
    ),
    Mutant(
        "sealed-and-not-sent",
        "final metering seals what is due and does not send it",
        "_after_refusing",
        "Step(name='send', hours=due, unsendable=unsendable)",
        "Step(name='send', unsendable=(*due, *unsendable))",
    ),
    Mutant(
        "tried-once",
        "what was not answered is not sent again within the grace",
        "_after_refusing",
        "now + AGAIN",
        "grace_ends(end)",
    ),
    Mutant(
        "unanswered-is-over",
        "a customer is cancelled while another run's call with a line may be under way",
        "unanswered",
        """
if is_under_way(record, now):
    return True
""",
        "",
    ),
    Mutant(
        "only-once-attempted",
        "final metering takes a line with an attempt for one with an answer",
        "unanswered",
        "is_due(line, subscriber, now)",
        "is_due(line, subscriber, now) and (not line.attempts)",
    ),
    Mutant(
        "open-hours-left-to-the-run",
        "final metering looks at sealed hours only",
        "unanswered",
        """
if record.state != 'sealed':
    return True
""",
        """
if record.state != 'sealed':
    return False
""",
    ),
    Mutant(
        "final-before-its-time",
        "final metering does not wait for the last usage",
        "next_step",
        "accepts_until(end)",
        "0",
    ),
    Mutant(
        "restart-takes-its-own-word-for-the-end",
        "an execution that is restarted after refusing does nothing",
        "next_step",
        "subscriber.status == 'cancelled'",
        "subscriber.status in ('cancelled', 'final_metering')",
    ),
    Mutant(
        "back-again-is-cancelled",
        "the end of an old period cancels a subscriber who has resubscribed",
        "ended_period",
        "EndedPeriod(end, periods[number].start if number < len(periods) else None)",
        "EndedPeriod(end)",
    ),
    Mutant(
        "remainder-unnamed",
        "the remainder of a cancelled customer disappears",
        "Balances.end_remainder",
        "self._next(old).set(ended)",
        "self._next(old).set(dict.fromkeys(ended, Decimal(0)))",
    ),
    Mutant(
        "missing-executions-found-once",
        "a final metering that has died is not started again",
        "Starter.restart",
        "self.start(subscriber) or self._start(f'{name}-{hour_of(now)}', subscriber.customer_identifier, end)",
        "self.start(subscriber)",
    ),
    Mutant(
        "cancelled-is-undone",
        "a late notice of an end writes its status over final metering's",
        "settled_status",
        "'pending_cancellation'",
        "'failed'",
    ),
    Mutant(
        "status-not-judged",
        "usage of a cancelled customer is accepted though the status refuses it",
        "_accepts",
        "in_time and subscriber.status in ('active', 'pending_cancellation')",
        "in_time or subscriber.status == 'final_metering'",
    ),
)
