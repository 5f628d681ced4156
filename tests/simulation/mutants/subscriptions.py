"""A customer's subscription: its notices, its periods and its versions."""

from tests.simulation.mutants.mutation import Mutant

MUTANTS = (
    Mutant(
        "subscriber-version-unconditional",
        "a change of a subscriber overwrites another's",
        "Subscribers._write",
        "write.unchanged(version)",
        "write.exists('customerIdentifier')",
    ),
    Mutant(
        "subscriber-version-not-raised",
        "a change of a subscriber leaves its version as it was",
        "Subscribers._write",
        "version + 1",
        "version",
    ),
    Mutant(
        "life-by-arrival",
        "a subscription's life is read in the order in which its notices came",
        "derive",
        "sorted(set(notices), key=lambda notice: notice.order)",
        "list(notices)",
    ),
    Mutant(
        "later-end-moves-the-end",
        "a second ending of a period moves its end",
        "derive",
        "notice.kind == 'end' and is_open",
        "notice.kind == 'end' and periods",
    ),
    Mutant(
        "second-start-opens-again",
        "a start within a period opens another",
        "derive",
        "notice.kind == 'start' and (not is_open)",
        "notice.kind == 'start'",
    ),
)
