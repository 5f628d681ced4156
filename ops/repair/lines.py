"""``ops retry``, ``ops carry``, ``ops write-off``: what becomes of a failed line, decided by a person."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ledger import tables
from ledger.carry import Carrier
from ledger.line_resolution import NotResolvable, retry, write_off
from ledger.metering_record import MeteringRecord
from ledger.transaction import Operation
from marketplace.quantity import text
from ops.answer import words
from ops.change import Change
from ops.line_id import LineId, parse_line, short_hour
from ops.repair.once import record_of, refuse_on_file, refused, write_once
from ops.stage import OpenStage
from ops.subscriber import read_subscriber
from runtime.clock import iso

AnyLine = Annotated[str, typer.Argument(metavar="LINE", help="<customer>/<hour>/<dimension>")]
Unconfirmed = Annotated[bool, typer.Option(help="also a line that AWS Marketplace may have billed")]


def retry_line(stage: OpenStage, line: AnyLine) -> Change:
    """Send a failed line again, with the same timestamp and quantity, before its deadline.

    Only a line that is certainly not billed. The next run sends it.
    """
    named = parse_line(line)
    record = record_of(stage, named)
    try:
        operation = retry(stage.table_name(tables.METERING_RECORDS), record, named.dimension, now=stage.now())
    except NotResolvable as why:
        raise refused(named, why) from None
    until = iso(record.lines[named.dimension].deadline)
    return _change(
        stage,
        named,
        record,
        [operation],
        {"verdict": "retried"},
        f"It is pending again, and the next run sends it unchanged, until {until}.",
        "It is pending again: the next run sends it.",
    )


def write_off_line(stage: OpenStage, line: AnyLine, unconfirmed: Unconfirmed = False) -> Change:
    """Leave a failed line unbilled, by name: it is no longer counted as failed, and nothing more happens to it."""
    named = parse_line(line)
    record = record_of(stage, named)
    table = stage.table_name(tables.METERING_RECORDS)
    try:
        operation = write_off(table, record, named.dimension, now=stage.now(), unconfirmed=unconfirmed)
    except NotResolvable as why:
        raise refused(named, why) from None
    return _change(
        stage,
        named,
        record,
        [operation],
        {"resolution": "written_off"},
        "It is written off: it stays unbilled, and is no longer counted as failed.",
        "It is written off.",
    )


def carry_line(stage: OpenStage, line: AnyLine) -> Change:
    """Bill a lost line's units with the customer's open hour, recorded as carried. Only a line that is certainly not
    billed."""
    named = parse_line(line)
    record = record_of(stage, named)
    carrier = Carrier(
        records=stage.records,
        balances=stage.balances,
        subscriber=lambda customer: read_subscriber(stage, customer),
        subscribers_table=stage.table_name(tables.SUBSCRIBERS),
        dimensions=stage.dimensions_of(record),
    )
    try:
        carry = carrier.plan(record, named.dimension, stage.now())
    except NotResolvable as why:
        raise refused(named, why) from None
    refuse_on_file(stage, named, record.lines[named.dimension].quantity)
    hour = short_hour(carry.to)
    way = {
        "balance": "They are what was left after the allowance, so the allowance does not cover them again.",
        "counter": "They are from before the allowance, and go through the allowance of the month in which they were"
        " used.",
    }
    return _change(
        stage,
        named,
        record,
        carry.operations,
        {"resolution": "carried", "carriedTo": iso(carry.to), "units": carry.units, "through": carry.through},
        f"Its recorded units go to the hour {hour}, which is billed when it is sealed. {way[carry.through]}",
        f"Its units are in the hour {hour} now.",
        f"ops hour {named.customer}/{hour}: the hour that bills them",
    )


def _change(
    stage: OpenStage,
    line: LineId,
    record: MeteringRecord,
    operations: list[Operation],
    stored: Mapping[str, Any],
    would: str,
    did: str,
    *after: str,
) -> Change:
    was = record.lines[line.dimension]

    def do(entry: Operation) -> list[str]:
        write_once(stage, operations, entry)
        return [did]

    before = {"was": was.verdict, "wasResolution": was.resolution, "quantity": was.quantity, "scale": was.scale}
    before = {name: value for name, value in before.items() if value is not None}
    quantity = f"{text(was.quantity)} billed units" + (f" of {was.scale}" if was.scale != 1 else "")
    return Change(
        subject=line.customer,
        target=str(line),
        change={**before, **stored},
        shown=[words(f"{line}: {quantity}, {was.verdict}{f' ({was.resolution})' if was.resolution else ''}", would)],
        do=do,
        next=[*after, f"ops explain {line}"],
    )
