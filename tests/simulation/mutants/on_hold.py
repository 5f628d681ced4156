"""Lines on hold: they wait for a person, and for nothing longer than that."""

from tests.simulation.mutants.mutation import Mutant

MUTANTS = (
    Mutant(
        "held-line-sent",
        "a line on hold is planned like any other",
        "candidates",
        "not is_due(line, subscriber, now) or is_on_hold(record, line, subscriber, now)",
        "not is_due(line, subscriber, now)",
    ),
    Mutant(
        "released-line-kept",
        "a line that a person has released waits on",
        "Hold.lasts",
        "self.released_at is None and now < deadline - SENT_ANYWAY",
        "now < deadline - SENT_ANYWAY",
    ),
    Mutant(
        "hold-forgotten",
        "a line about which nobody decides is never sent",
        "Hold.lasts",
        "self.released_at is None and now < deadline - SENT_ANYWAY",
        "self.released_at is None",
    ),
    Mutant(
        "leavers-line-kept",
        "a line waits on although its customer has left",
        "is_on_hold",
        "line.is_on_hold(now) and not has_ended",
        "line.is_on_hold(now)",
    ),
    Mutant(
        "refused-after-a-call",
        "a line is refused that was sent",
        "settling",
        "change.when(change.absent(attempts), change.absent(ATTEMPTS_OF_ALL), change.absent(mine))",
        "change.when()",
    ),
    Mutant(
        "held-not-searched",
        "runs do not look for records with a hold",
        "seal_record",
        "{**on_hold, 'meteringPending': PENDING_HELD}",
        "{**on_hold, 'meteringPending': 'elsewhere'}",
    ),
)
