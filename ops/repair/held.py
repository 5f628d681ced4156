"""``ops release``, ``ops refuse``: what becomes of a line that waits because its hour is unusual."""

from collections.abc import Callable, Sequence

from ledger import tables
from ledger.held_lines import REFUSED, release
from ledger.metering_record import MeteringRecord
from ledger.settlement import Settlement
from ledger.transaction import Operation
from marketplace.quantity import text
from ops.answer import words
from ops.change import Change
from ops.line_id import LineId, parse_line
from ops.next_run import sent_by
from ops.refused import Refused
from ops.repair.lines import AnyLine
from ops.repair.once import record_of, write_once
from ops.stage import OpenStage
from runtime.clock import iso


def release_line(stage: OpenStage, line: AnyLine) -> Change:
    """Let a line go that waits for a person because its hour is unusual: it is sent as it was sealed."""
    named = parse_line(line)
    record = _waiting(stage, named)
    sent = sent_by(stage, record.lines[named.dimension].deadline)

    def do(entry: Operation) -> list[str]:
        who, table = entry["Put"]["Item"]["who"], stage.table_name(tables.METERING_RECORDS)
        operation = release(table, named.customer, named.hour, named.dimension, by=who, now=stage.now())
        write_once(stage, [operation], entry)
        return [f"It is released: {sent}."]

    return _change(named, record, "released", f"It would be sent as it was sealed: {sent}.", do)


def refuse_line(stage: OpenStage, line: AnyLine) -> Change:
    """Never send a line that waits for a person because its hour is unusual: it ends not_sent, by name.

    Usage that is right is reported again afterwards, under new event ids.
    """
    named = parse_line(line)
    record = _waiting(stage, named)
    verdicts = {named.dimension: REFUSED}
    would = "It would never be sent, and ends not_sent. What of its usage is right has to be reported again."

    def do(entry: Operation) -> list[str]:
        settlement = Settlement(stage.table(tables.METERING_RECORDS))
        write_once(stage, [settlement.operation(record, verdicts, now=stage.now())], entry)
        return ["It is never sent: it has ended not_sent."]

    return _change(named, record, "not_sent", would, do)


def _waiting(stage: OpenStage, named: LineId) -> MeteringRecord:
    record, now = record_of(stage, named), stage.now()
    line = record.lines.get(named.dimension)
    if line is None:
        raise Refused(f"{named}: the hour has no such line (ops hour {named.of_hour})")
    if line.hold is None:
        raise Refused(f"{named}: it does not wait for a person (ops explain {named})")
    if line.hold.released_at is not None:
        raise Refused(f"{named}: it was released at {iso(line.hold.released_at)} by {line.hold.released_by}")
    if not line.is_on_hold(now):
        state = line.verdict or "sent without being released, since its deadline is near"
        raise Refused(f"{named}: it waits no longer: {state}")
    return record


def _change(
    named: LineId, record: MeteringRecord, what: str, would: str, do: Callable[[Operation], Sequence[str]]
) -> Change:
    line = record.lines[named.dimension]
    hold = line.hold
    assert hold is not None
    return Change(
        subject=named.customer,
        target=str(named),
        change={"was": "on hold", "now": what, "quantity": line.quantity, "usual": hold.usual},
        shown=[
            words(
                f"{named}: {text(line.quantity)} billed units, {text(hold.times)} times the usual"
                f" ({text(hold.usual)} recorded units)",
                would,
            )
        ],
        do=do,
        next=[f"ops explain {named}"],
    )
