"""``ops archive-tables``: copies what the tables hold now into the archive."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from archive.change import line, object_key
from archive.kept import ARCHIVED, Kept
from ledger.tables import Table
from ledger.transaction import Operation
from ops.answer import words
from ops.archive.bucket import archive_of
from ops.change import STAGE_SUBJECT, Change, write_entry
from ops.stage import OpenStage

#: A table is read in so many segments, one of which is in memory at a time.
SEGMENTS = 64
#: Lines of an object.
MOST_LINES = 5_000

Tables = Annotated[list[str] | None, typer.Option("--table", help="only these tables, for example yawl-usage-events")]
Segments = Annotated[int, typer.Option(min=1, max=100_000, help="parts in which a table is read, one after the other")]


def archive_tables(stage: OpenStage, table: Tables = None, segments: Segments = SEGMENTS) -> Change:
    """Copy all items of the archived tables into the archive, as they are now.

    It closes a gap of the archive, or begins it. It scans the tables, which no operator's role may: use an
    administrator's credentials.
    """
    wanted = [kept for kept in ARCHIVED if not table or kept.table.name in table]
    names = [stage.table_name(kept.table) for kept in wanted]
    objects = archive_of(stage)

    def do(entry: Operation) -> Sequence[str]:
        write_entry(stage, entry)
        copied = {}
        for kept in wanted:
            number = 0
            for batch in stage.watch(_batches(stage, kept, segments), f"items of {kept.table.name}"):
                objects.put(object_key(kept, batch), [line(kept, record) for record in batch])
                number += len(batch)
            copied[kept.table.name] = number
        return [f"{name}: {number} items copied" for name, number in copied.items()]

    return Change(
        subject=STAGE_SUBJECT,
        target="archive",
        change={"tables": names},
        shown=[words(f"Every item of {', '.join(names)} would be copied into the archive.")],
        do=do,
        next=["ops findings: what the audit found, which may have lacked these items"],
    )


def _batches(stage: OpenStage, kept: Kept, segments: int) -> Iterator[list[dict[str, Any]]]:
    """The kept items of a table, as changes of a stream that have no place in it."""
    batch: list[dict[str, Any]] = []
    for segment in range(segments):
        at = stage.now()
        request = {"TableName": stage.table_name(kept.table), "Segment": segment, "TotalSegments": segments}
        for number, item in enumerate(stage.aws.ask("dynamodb", "scan", ConsistentRead=True, **request)["Items"]):
            record = _record(kept.table, item, at, f"copy-{int(at)}-{segment}-{number}")
            if kept.keeps(record):
                batch.append(record)
            if len(batch) == MOST_LINES:
                yield batch
                batch = []
        if batch:
            yield batch
            batch = []


def _record(table: Table, item: dict[str, Any], at: float, name: str) -> dict[str, Any]:
    keys = {key.name: item[key.name] for key in (table.hash, table.range) if key}
    return {
        "eventID": name,
        "eventName": "COPY",
        "dynamodb": {
            "ApproximateCreationDateTime": at,
            "Keys": keys,
            # A copy comes before the stream's changes of its second (``archive.change.Change.order``).
            "SequenceNumber": "",
            "NewImage": item,
        },
    }
