"""A batch of a table's stream becomes objects of the archive: one for each hour that the batch touches."""

from collections.abc import Sequence
from dataclasses import dataclass

from archive.change import hour_of, line, object_key
from archive.kept import Kept, Record
from archive.objects import Objects


@dataclass(frozen=True)
class Written:
    """What became of a batch. objects: how many were written. changes: how many they hold. failed: the first change
    that is in none, by its sequence number, and the error; None where all are."""

    objects: int
    changes: int
    failed: tuple[str, Exception] | None = None


def archive_changes(objects: Objects, kept: Kept, records: Sequence[Record]) -> Written:
    """Write the changes that are kept, in their order, up to the first object that fails.

    Lambda delivers everything from the named change on again (Lambda Developer Guide, "Configuring partial batch
    response with DynamoDB and Lambda"), so what comes behind a failure is not tried.
    """
    written = changes = 0
    for hour in _hours([record for record in records if kept.keeps(record)]):
        try:
            objects.put(object_key(kept, hour), [line(kept, record) for record in hour])
        except Exception as error:
            return Written(written, changes, (hour[0]["dynamodb"]["SequenceNumber"], error))
        written += 1
        changes += len(hour)
    return Written(written, changes)


def _hours(records: Sequence[Record]) -> list[list[Record]]:
    """Runs of changes of one hour, in their order."""
    runs: list[list[Record]] = []
    for record in records:
        if not runs or hour_of(runs[-1][0]) != hour_of(record):
            runs.append([])
        runs[-1].append(record)
    return runs
