"""The promise, as a judge reads it: the tables and Marketplace's log, never what the code says it did."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping
from decimal import Decimal
from typing import Any

from ledger.metering_record import Line, MeteringRecord, from_item
from ledger.tables import METERING_RECORDS, USAGE_EVENTS
from marketplace.hour import hour_of, month_of
from metering.report.levels import read_levels
from metering.run import Mode
from runtime.clock import from_iso
from tests.simulation.protocol import Protocol
from tests.simulation.sender import Body, key_of
from tests.simulation.tagged import check_tags

BILLED = {"billed", "on_file"}
NAMED = {"conflict", "expired", "presumed_on_file", "not_sent"}
#: Named states of a line that Marketplace may have all the same, until reconciliation has looked.
UNCONFIRMED = {"expired", "presumed_on_file"}

LineKey = tuple[str, int, str]


def all_items(world: Protocol, table: str) -> Iterator[Mapping[str, Any]]:
    yield from world.store.items(table)


def all_records(world: Protocol) -> list[MeteringRecord]:
    return [from_item(item) for item in all_items(world, METERING_RECORDS.name)]


def check_indexes(records: list[MeteringRecord]) -> None:
    """True at every moment: what is open is in the pending index, what has failed is in the failed index."""
    for record in records:
        key = (record.customer_identifier, record.hour)
        assert record.ended or record.pending is not None, f"{key} is open, and not in the pending index"
        failed = any(line.failed for line in record.lines.values())
        assert not failed or record.marked_failed, f"{key} has a failed line, and is not in the failed index"


def check_promise(world: Protocol, foreign: Container[LineKey] = ()) -> None:
    """After a drain: every accepted unit is billed once, included, kept as remainder, or in a named state.

    foreign: lines whose slot another tool has used.
    """
    records = all_records(world)
    check_indexes(records)
    for record in records:
        key = (record.customer_identifier, record.hour)
        assert record.ended, f"{key} has not ended: {record.state}, {_verdicts(record)}"
        assert record.pending is None, f"{key} has ended and is still in the pending index"
    failed = Counter(line.verdict for r in records for line in r.lines.values() if line.failed)
    levels = read_levels(
        world.records,
        world.subscribers,
        hour_of(world.now),
        now=world.now,
        mode=Mode(world.mode),
        products=world.products,
    )
    assert levels.verdicts == failed, "what the report says has failed is not what has"
    assert levels.pending_hours == 0
    lines = {(r.customer_identifier, r.hour, name): line for r in records for name, line in r.lines.items()}
    check_lives(world)
    check_events(world)
    check_marketplace(world, lines, foreign)
    check_units(world, lines)
    check_ids(lines)
    check_tags(world, records)


def check_lives(world: Protocol) -> None:
    """A customer's stored periods and status are the true ones, whatever the order of its notices."""
    for customer in world.customers:
        found = world.subscribers.get(customer)
        assert found is not None
        stored = [[period.start, period.end] for period in found.active_periods]
        assert stored == world.periods[customer], f"{customer} was active {world.periods[customer]}, not {stored}"
        assert found.status == ("cancelled" if customer in world.cancelled else "active"), (
            f"{customer} is {found.status}"
        )


def check_events(world: Protocol) -> None:
    """Verdicts and tables agree: accepted once, refused never, taken back once, an id for one content
    only. A sender that repeats an event after its void hears so, even if it never heard that the event was recorded."""
    stored = {
        (item["customerIdentifier"], item["eventId"].removeprefix("event#")): item
        for item in all_items(world, USAGE_EVENTS.name)
        if item["eventId"].startswith("event#")
    }
    accepted = {key_of(body): body for body in world.sender.accepted}
    assert len(accepted) == len(world.sender.accepted), "one id was accepted with two contents"
    taken_back = {key for key, item in stored.items() if "voidedAt" in item}
    assert taken_back == world.sender.taken_back, "the voided events are not those whose void was accepted"
    heard = {key_of(body) for body, reason in world.sender.refused if reason == "voided"}
    assert heard <= taken_back, "events were answered as voided, and they are not"
    assert set(stored) == set(accepted) | heard, "the stored events are not the accepted ones"
    for key, body in accepted.items():
        assert stored[key]["content"]["source"] == body["source"], f"{key} was stored with another content"
    for body, reason in world.sender.refused:
        was_accepted = body in world.sender.accepted
        assert reason == "voided" or not was_accepted, f"{key_of(body)} was accepted, and refused: {reason}"


def check_marketplace(world: Protocol, lines: Mapping[LineKey, Line], foreign: Container[LineKey]) -> None:
    """Ledger and Marketplace hold the same: no billed line is missing there, nothing is there without a line."""
    on_file: dict[LineKey, Decimal] = {}
    for entry in world.accepted():
        key = (entry["buyer"], int(from_iso(entry["hour"])), entry["dimension"])
        assert key not in on_file, f"{key} is billed twice"
        on_file[key] = Decimal(entry["quantity"])
        if key in foreign:
            continue
        assert key in lines, f"{key} is billed and has no line"
        line = lines[key]
        assert on_file[key] == line.quantity, f"{key}: another quantity is on file than in the ledger"
        assert line.verdict in BILLED | UNCONFIRMED, f"{key} is on file, and the ledger says {line.verdict}"
        assert line.resolution is None, f"{key} is on file, and the ledger says {line.resolution}"
    for key, line in lines.items():
        if line.verdict in BILLED | {"presumed_on_file"}:
            assert key in on_file, f"{key} is {line.verdict}, and Marketplace has it not"
        if line.verdict in BILLED | {"conflict"}:
            is_ours = line.verdict != "conflict"
            assert is_ours != (key in foreign), f"{key} is {line.verdict}, and foreign: {key in foreign}"


def check_units(world: Protocol, lines: Mapping[LineKey, Line]) -> None:
    """Conservation, for each customer and dimension, exactly; nothing included beyond the contract."""
    for customer in world.customers:
        balance = world.balances.get(customer)
        for name, dimension in world.dimensions.items():
            accepted = accepted_units(world, customer, name)
            mine = [line for (c, _, n), line in lines.items() if (c, n) == (customer, name)]
            billed = sum((line.units for line in mine if line.verdict in BILLED), Decimal(0))
            named = sum(
                (line.units for line in mine if line.verdict in NAMED and line.resolution != "carried"), Decimal(0)
            )
            included = {period: used for (n, period), used in balance.used.items() if n == name}
            ended = sum((left for (n, _), left in balance.ended.items() if n == name), Decimal(0))
            remainder = balance.remainder.get(name, Decimal(0))
            total = billed + named + sum(included.values(), Decimal(0)) + remainder + ended
            assert sum(accepted.values(), Decimal(0)) == total, (
                f"{customer} {name}: accepted {dict(accepted)}; billed {billed}, named {named},"
                f" included {included}, remainder {remainder}"
            )
            less_than_a_unit = remainder * 10**dimension.decimals < dimension.scale
            assert less_than_a_unit, f"{customer} {name}: {remainder} is left over"
            assert not remainder or customer not in world.cancelled, (
                f"{customer} {name}: {remainder} remains of a cancelled customer"
            )
            # An hour that could not be sealed in time is named before its contract covers anything of it.
            # What was carried from there has been through the contract since.
            kept = {line.verdict for line in mine if line.resolution != "carried"}
            complete = not {"expired", "not_sent"} & kept
            check_included(world, customer, name, accepted, included, complete=complete)


def check_included(
    world: Protocol,
    customer: str,
    name: str,
    accepted: Mapping[str, Decimal],
    included: Mapping[str, Decimal],
    *,
    complete: bool,
) -> None:
    """The contract covers the first units of a month, whatever the order of sealing; a month of several tiers as much
    as the least of them at least, as the highest at most."""
    held = [tier for tier in world.tiers if tier.name in world.ever_held[customer]]
    allowances = [tier.included.get(name, Decimal(0)) for tier in held] or [Decimal(0)]
    for period, units in accepted.items():
        covered = included.get(period, Decimal(0))
        each = [units if allowance < 0 else min(units, allowance) for allowance in allowances]
        least = min(each) if complete else Decimal(0)
        assert least <= covered <= max(each), (
            f"{customer} {name} {period}: {covered} included, not {least} to {max(each)}"
        )


def check_ids(lines: Mapping[LineKey, Line]) -> None:
    ids = Counter(line.metering_record_id for line in lines.values() if line.metering_record_id)
    assert not ids or max(ids.values()) == 1, "two lines have one MeteringRecordId"


def accepted_units(world: Protocol, customer: str, name: str) -> Mapping[str, Decimal]:
    """The units of the accepted and not voided events of a customer and dimension, by month, counted anew."""
    by_month: dict[str, list[Body]] = defaultdict(list)
    for body in world.sender.accepted:
        if key_of(body) in world.sender.taken_back:
            continue
        if (body["customerIdentifier"], body["dimension"]) == (customer, name):
            by_month[month_of(from_iso(body["occurredAt"]))].append(body)
    aggregation = world.dimensions[name].aggregation
    if aggregation == "distinct":
        return {month: Decimal(len({body["user"] for body in bodies})) for month, bodies in by_month.items()}
    if aggregation == "max":
        return {month: max(Decimal(body["quantity"]) for body in bodies) for month, bodies in by_month.items()}
    return {month: sum((Decimal(b["quantity"]) for b in bodies), Decimal(0)) for month, bodies in by_month.items()}


def needlessly_lost(world: Protocol, before: list[MeteringRecord], now: float) -> list[LineKey]:
    """Lines of customers that never cancelled which had hours left, and which the drain did not bill."""
    lost = []
    for record in before:
        after = world.records.get(record.customer_identifier, record.hour)
        assert after is not None
        for name, line in after.lines.items():
            had_time = line.deadline > now + 6 * 3600
            stood = record.lines[name].ended if name in record.lines else False
            if had_time and not stood and line.verdict == "expired":
                lost.append((record.customer_identifier, record.hour, name))
    return [key for key in lost if key[0] not in world.ever_cancelled]


def _verdicts(record: MeteringRecord) -> dict[str, str | None]:
    return {name: line.verdict for name, line in record.lines.items()}
