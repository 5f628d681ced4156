"""``ops restore-archive``: a month of the archive in tables of their own, audited."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from archive.change import Change as Changed
from archive.change import folder
from archive.conservation.gathered import Gathered
from archive.conservation.rules import Difference, audit
from archive.kept import ARCHIVED
from archive.objects import Objects
from ledger import tables
from ledger.reading import every_page
from ledger.transaction import Operation, write
from local.dynamodb.declared_tables import create
from marketplace.hour import SECONDS
from ops.answer import words
from ops.archive.bucket import archive_of
from ops.archive.newest import Item, Newest
from ops.change import STAGE_SUBJECT, Change, write_entry
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import iso

#: Of the ledger's tables; the others have no sums.
JUDGED = (tables.USAGE_EVENTS, tables.METERING_RECORDS, tables.STATE)
#: A transaction has at most 100 items and 4 MB; an item has at most 400 KB (DynamoDB quotas).
AT_ONCE = 10
LONGEST = timedelta(days=366)

First = Annotated[str, typer.Option(help="the first day, UTC: 2026-11-01")]
Last = Annotated[str, typer.Option(help="the last day: 2026-11-30")]
Suffix = Annotated[str, typer.Option(help='the end of the new tables\' names, for example "-november"')]


def restore_archive(stage: OpenStage, first: First, last: Last, suffix: Suffix) -> Change:
    """Write what the archived items were at the end of a time into new tables, and audit them.

    No function knows these tables. It makes tables, which no operator's role may: use an administrator's credentials.
    """
    begin, end = _day(first), _day(last)
    if not begin <= end < begin + LONGEST:
        raise Refused(f"{first} to {last} is no time of a year at most: give the first and the last day")
    if not suffix.startswith("-") or len(suffix) < 2:
        raise Refused(f"the suffix {suffix!r} would not make other names: begin it with -, for example -november")
    names = {kept.table.name: f"{stage.table_name(kept.table)}{suffix}" for kept in ARCHIVED}
    objects = archive_of(stage)

    def do(entry: Operation) -> Sequence[str]:
        for name in names.values():
            if _state(stage, name):
                raise Refused(f"the table {name} exists: choose another --suffix, or delete the table")
        write_entry(stage, entry)
        with TemporaryDirectory() as place:
            newest = _read(stage, objects, begin, end, Path(place))
            for kept in ARCHIVED:
                create(_Maker(stage), kept.table, names[kept.table.name])  # type: ignore[arg-type]  # all it calls
            number = _write(stage, newest, names)
            found = list(_audit(stage, newest, names, begin, end))
        said = [f"{number} items in {', '.join(names.values())}"]
        for customer, each in found:
            said.append(f"{customer}: {each.kind} of {each.dimension}, {each.period}: {each.ours} and {each.theirs}")
        return [*said, f"{len(found)} differences"]

    return Change(
        subject=STAGE_SUBJECT,
        target=f"archive/{first}/{last}",
        change={"tables": list(names.values())},
        shown=[
            words(f"The items of {first} to {last} would be written into {', '.join(names.values())}, and audited.")
        ],
        do=do,
        next=["aws dynamodb delete-table --table-name <name>: when you have looked at them"],
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text!r} is no day: write it as 2026-11-01") from None


def _state(stage: OpenStage, name: str) -> str | None:
    """The state of a table, for example ``ACTIVE``; None where there is none."""
    try:
        return str(stage.aws.ask("dynamodb", "describe_table", TableName=name)["Table"]["TableStatus"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise


@dataclass(frozen=True)
class _Maker:
    """Makes a table, and waits until it is there."""

    stage: OpenStage
    pause: Callable[[float], None] = time.sleep

    def create_table(self, **request: Any) -> None:
        """CreateTable."""
        self.stage.aws.ask("dynamodb", "create_table", **request)
        while _state(self.stage, request["TableName"]) != "ACTIVE":
            self.pause(1)


def _read(stage: OpenStage, objects: Objects, begin: date, end: date, place: Path) -> Newest:
    newest = Newest(place)
    for table_name, key in stage.watch(_keys(objects, begin, end), "objects"):
        newest.add(table_name, objects.lines(key))
    return newest


def _keys(objects: Objects, begin: date, end: date) -> Iterator[tuple[str, str]]:
    for number in range((end - begin).days + 1):
        day = begin + timedelta(days=number)
        for kept in ARCHIVED:
            of_day = folder(kept.table.name, f"{day.isoformat()}T00").partition("hour=")[0]
            for found in objects.list(of_day):
                yield kept.table.name, found.key


def _write(stage: OpenStage, newest: Newest, names: dict[str, str]) -> int:
    number, batch = 0, list[Operation]()
    for item in stage.watch(newest.items(), "items"):
        batch.append({"Put": {"TableName": names[item.table_name], "Item": item.image}})
        number += 1
        if len(batch) == AT_ONCE:
            write(stage.dynamodb.meta.client, batch)
            batch = []
    if batch:
        write(stage.dynamodb.meta.client, batch)
    return number


def _audit(
    stage: OpenStage, newest: Newest, names: dict[str, str], begin: date, end: date
) -> Iterator[tuple[str, Difference]]:
    """The differences of the new tables, which are read for it; only what an item was before comes from the archive."""
    start = datetime(begin.year, begin.month, begin.day, tzinfo=UTC).timestamp()
    length = ((end - begin).days + 1) * 24 * SECONDS
    for customer in stage.watch(newest.customers(), "customers"):
        known = {(item.table_name, str(item.keys)): item for item in newest.items(customer)}
        gathered = Gathered()
        for table in JUDGED:
            query = stage.dynamodb.Table(names[table.name]).query
            pages = every_page(
                query,
                KeyConditionExpression=f"{table.hash.name} = :customer",
                ExpressionAttributeValues={":customer": customer},
            )
            for stored in pages:
                keys = {key.name: stored[key.name] for key in (table.hash, table.range) if key}
                gathered.add(table.name, _as_change(customer, keys, stored, known.get((table.name, str(keys))), start))
        for each in audit(gathered, start, length).differences:
            yield customer, each


def _as_change(customer: str, keys: Any, stored: Any, item: Item | None, start: float) -> Changed:
    created = item is None or item.created
    at = item.changed_at if item else iso(start)
    old = item.old if item else None
    return Changed(customer, "INSERT" if created else "MODIFY", str(keys), "", at, keys, stored, old)
