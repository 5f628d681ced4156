"""``ops export``: what is stored of a customer or a month, line by line, for other programs."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from ledger import tables
from ledger.invoice import outcome
from ledger.metering_record import MeteringRecord
from ledger.reading import every_page
from marketplace.quantity import text
from ops.answer import Answer, words
from ops.line_id import parse_customer, short_hour
from ops.month.ledger_month import Month, customers
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import iso

What = Annotated[str, typer.Argument(metavar="WHAT", help="records, lines or events")]
MonthName = Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="a month in UTC")]
Customer = Annotated[str, typer.Option(help="a billing key; left out: all customers")]
Form = Annotated[str, typer.Option("--format", help="jsonl (JSON lines) or csv")]
Out = Annotated[str, typer.Option(help="a file; - is standard output, and then nothing else is printed there")]

Row = Mapping[str, Any]


def export(
    stage: OpenStage, what: What, month: MonthName, out: Out, customer: Customer = "", form: Form = "jsonl"
) -> Answer:
    """Write what is stored of a month: records (counts of hours), lines (with verdicts) or events.

    Events hold hashes of users, which no operator's role may read: use an administrator's credentials for them.
    """
    if what not in KINDS:
        raise Refused(f"{what[:40]!r} cannot be exported: write one of {', '.join(KINDS)}")
    if form not in ("jsonl", "csv"):
        raise Refused(f"--format {form[:20]!r}: write jsonl or csv")
    wanted = Month.parse(month)
    columns, rows_of = KINDS[what]
    keys = [parse_customer(customer)] if customer else customers(stage)
    rows = stage.watch((row for key in keys for row in rows_of(stage, wanted, key)), what)
    with _file(out) as file:
        number = _write(file, form, columns, rows)
    data = {"what": what, "month": month, "customer": customer or None, "rows": number, "out": out}
    if out == "-":
        return Answer(data=data)
    return Answer(data=data, shown=[words(f"wrote {out}: {number} {what} of {month}")])


@contextmanager
def _file(out: str) -> Iterator[TextIO]:
    """The file, which is whole or not there; or standard output."""
    if out == "-":
        yield sys.stdout
        return
    path = Path(out)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        with unfinished.open("w", newline="", encoding="utf-8") as file:
            yield file
        unfinished.replace(path)
    except OSError as error:
        raise Refused(f"--out {out}: {error.strerror}: name a file that can be written") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _write(file: TextIO, form: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Write row by row, in the form that is wanted; how many."""
    number = 0
    table = csv.DictWriter(file, columns, restval="") if form == "csv" else None
    if table is not None:
        table.writeheader()
    for row in rows:
        number += 1
        if table is not None:
            table.writerow({name: _cell(value) for name, value in row.items() if value is not None})
        else:
            file.write(json.dumps(row, default=_plain, ensure_ascii=False, separators=(",", ":")) + "\n")
    return number


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return text(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return text(value)
    return json.dumps(value, default=_plain, ensure_ascii=False) if isinstance(value, dict | list) else value


# --- rows -------------------------------------------------------------------------------------------------------------

RECORD = ("customerIdentifier", "hour", "state", "dimension", "period", "counted")
LINE = (
    "customerIdentifier",
    "hour",
    "dimension",
    "quantity",
    "scale",
    "counted",
    "included",
    "outcome",
    "verdict",
    "at",
    "meteringRecordId",
    "detail",
    "resolution",
    "resolvedAt",
    "carriedTo",
    "deadline",
)
EVENT = (
    "customerIdentifier",
    "id",
    "source",
    "dimension",
    "quantity",
    "counted",
    "occurredAt",
    "recordedAt",
    "billedHour",
    "late",
    "userHash",
    "tags",
    "voidedAt",
    "voidedBy",
)


def _records(stage: OpenStage, month: Month, customer: str) -> Iterator[Row]:
    for record in month.records(stage, customer):
        for (dimension, period), units in sorted(record.counted.items()):
            yield {**_hour(record), "state": record.state, "dimension": dimension, "period": period, "counted": units}


def _lines(stage: OpenStage, month: Month, customer: str) -> Iterator[Row]:
    for record in month.records(stage, customer):
        for name, line in sorted(record.lines.items()):
            yield {
                **_hour(record),
                "dimension": name,
                "quantity": line.quantity,
                "scale": line.scale,
                "counted": line.counted,
                "included": record.included.get(name, Decimal(0)),
                "outcome": outcome(line),
                "verdict": line.verdict,
                "at": _time(line.at),
                "meteringRecordId": line.metering_record_id,
                "detail": line.detail,
                "resolution": line.resolution,
                "resolvedAt": _time(line.resolved_at),
                "carriedTo": None if line.carried_to is None else short_hour(line.carried_to),
                "deadline": iso(line.deadline),
            }


def _events(stage: OpenStage, month: Month, customer: str) -> Iterator[Row]:
    """The events that an hour of the month bills, in the order of their ids. They are kept for 60 days."""
    items = every_page(
        stage.table(tables.USAGE_EVENTS).query,
        KeyConditionExpression="customerIdentifier = :customer AND begins_with(eventId, :event)",
        ExpressionAttributeValues={":customer": customer, ":event": "event#"},
    )
    for item in items:
        billed = int(item["billedHour"])
        if month.first <= billed < month.after:
            content: Any = item["content"]
            yield {
                "customerIdentifier": customer,
                "id": str(item["eventId"]).partition("#")[2],
                **content,
                "counted": item["counted"],
                "recordedAt": item["recordedAt"],
                "billedHour": short_hour(billed),
                "late": bool(item["late"]),
                "voidedAt": item.get("voidedAt"),
                "voidedBy": item.get("voidedBy"),
            }


def _hour(record: MeteringRecord) -> dict[str, Any]:
    return {"customerIdentifier": record.customer_identifier, "hour": short_hour(record.hour)}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)


#: What can be exported: the columns, and the rows of a customer's month.
KINDS: dict[str, tuple[Sequence[str], Callable[[OpenStage, Month, str], Iterator[Row]]]] = {
    "records": (RECORD, _records),
    "lines": (LINE, _lines),
    "events": (EVENT, _events),
}
