"""Taking an event back while its hour is open."""

from tests.simulation.mutants.mutation import Mutant

MUTANTS = (
    Mutant(
        "void-twice",
        "an event is taken back whether or not it was before",
        "UsageEvents.void",
        "change.absent('voidedAt')",
        "",
    ),
    Mutant(
        "void-of-closed-hour",
        "an event is taken back whatever has become of its hour",
        "_operations",
        """
if not tags:
    return [note, take_off]
""",
        """
take_off['Update']['ConditionExpression'] += ' OR attribute_exists(customerIdentifier)'
if not tags:
    return [note, take_off]
""",
    ),
    Mutant(
        "void-version-not-raised",
        "taking back leaves the record's version as it was",
        "_operations",
        """
if not tags:
    return [note, take_off]
""",
        """
take_off['Update']['ExpressionAttributeValues'][':0'] = 0
if not tags:
    return [note, take_off]
""",
    ),
    Mutant(
        "void-takes-nothing-off",
        "an event is noted as taken back, and stays counted",
        "_operations",
        "not event.counted",
        "event.counted",
    ),
    Mutant(
        "void-leaves-its-tags",
        "an event's set of tags keeps what was taken back",
        "_operations",
        "not tags",
        "tags or not tags",
    ),
    Mutant(
        "void-off-another-month",
        "what is taken back is taken off the month of its hour",
        "_operations",
        "event.period",
        "__import__('marketplace.hour').hour.month_of(event.billed_hour)",
    ),
    Mutant(
        "void-of-a-mark",
        "the event that brought a user's mark is taken back, and the mark stays",
        "judge_void",
        "_MARKED if event.marked else ACCEPT",
        "ACCEPT",
    ),
    Mutant(
        "void-lost-is-sealed",
        "the second of two voids is answered that the hour is closed",
        "void_event",
        "not cancelled.reasons[0].failed",
        "cancelled.reasons",
    ),
    Mutant(
        "voided-is-a-repeat",
        "what was taken back is called recorded when it is sent again",
        "repeat_of",
        "stored.voided",
        "stored.voided and stored.late is None",
    ),
)
