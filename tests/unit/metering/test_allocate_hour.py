"""Allocations are frozen with the hour, in one transaction, whatever it takes."""

import logging
from decimal import Decimal

import pytest

from ledger.metering_record import AllocationSummary
from ledger.tagged_usage import tags_key
from ledger.transaction import MAX_OPERATIONS
from marketplace.dimensions import Dimension
from marketplace.meter_usage import MAX_BYTES
from marketplace.usage_allocations import tag_set
from metering.seal.allocate_rules import LARGEST_HOUR, MOST_LINES
from metering.seal.plan_seal import SealPlan
from metering.seal.terms import Waiting
from runtime.metric_names import MeteringMetric
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger
from tests.unit.metering.sealing import COUNTED, sealer, with_customer

NAMES = tuple(f"d{number:03}" for number in range(95))
DIMENSIONS = {name: Dimension(name=name, unit="u") for name in NAMES}
#: TransactWriteItems: 4 MB in all, and an item has at most 400 KB (DynamoDB quotas)
TRANSACTION, ITEM = 4 * 2**20, 400 * 2**10


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    return with_customer(ledger)


def tagged(ledger: Ledger, dimensions: int, sets: int, longest: bool = False) -> None:
    """One unit for each set of each dimension, and one without tags for each dimension."""
    counted = {(name, MONTH): Decimal(sets + 1) for name in NAMES[:dimensions]}
    add = ledger.records.add(CUSTOMER, HOUR, counted, exists=False, now=NOW, tagged=True)
    ledger.records.write(add)
    with ledger.event_items.batch_writer() as batch:
        for name in NAMES[:dimensions]:
            for number in range(sets):
                tags = {f"{number:04}{k}": "v" for k in range(5 if longest else 1)}
                if longest:
                    tags = {key.ljust(100, "k"): "v" * 256 for key in tags}
                key = {"customerIdentifier": CUSTOMER, "eventId": tags_key(HOUR, name, tag_set(tags))}
                batch.put_item(Item={**key, "dimension": name, "tags": tags, "counted": Decimal(1)})


def frozen(ledger: Ledger) -> SealPlan:
    hour = sealer(ledger, dimensions=DIMENSIONS).planner.plan(ledger.record(), NOW)
    assert not isinstance(hour, Waiting)
    return hour


def size(value: object) -> int:
    """Bytes of an item or a value as DynamoDB counts them (Developer Guide, item sizes), rounded up."""
    if isinstance(value, dict):
        return 3 + sum(1 + len(name.encode()) + size(inner) for name, inner in value.items())
    if isinstance(value, list):
        return 3 + sum(1 + size(inner) for inner in value)
    return len(value.encode()) if isinstance(value, str) else 21


def test_an_hour_with_more_than_a_transaction_takes_is_cut_to_it(ledger: Ledger) -> None:
    """Five lines of 690 KB are more than it takes beside a record and a balance."""
    tagged(ledger, 5, 350, longest=True)
    hour = frozen(ledger)
    puts = [operation["Put"]["Item"] for operation in hour.operations if "Put" in operation]
    assert all(size(item) <= ITEM for item in puts)
    assert sum(size(item) for item in puts) <= TRANSACTION - 2 * ITEM
    ledger.write(*hour.operations)
    lines = ledger.record().lines
    assert {line.quantity for line in lines.values()} == {351}
    for name, line in lines.items():
        assert line.allocations.size <= LARGEST_HOUR // 5 < MAX_BYTES
        assert line.allocations.sets + line.allocations.folded_sets == 350
        assert line.allocations.folded_sets > 0
        stored = ledger.allocations.get_many({(CUSTOMER, HOUR, name): line.allocations.parts})
        [split] = stored.values()
        assert sum(allocation.quantity for allocation in split) == 351
        assert split[0].quantity == 1 + line.allocations.folded_units


def test_beyond_one_transaction_the_smallest_lines_are_sent_plain(ledger: Ledger) -> None:
    tagged(ledger, 95, 1)
    hour = frozen(ledger)
    assert len(hour.operations) <= MAX_OPERATIONS
    plain = {line.dimension: line.allocations for line in hour.frozen.lines if not line.allocations.parts}
    assert plain == dict.fromkeys(NAMES[MOST_LINES:], AllocationSummary(folded_sets=1, folded_units=Decimal(1)))
    ledger.write(*hour.operations)


def test_a_record_without_tags_is_not_looked_up(ledger: Ledger) -> None:
    record = ledger.opened({("d000", MONTH): Decimal(2)})
    planner = sealer(ledger, dimensions=DIMENSIONS, tagged_usage=None).planner  # It would fail if it were asked.
    plan = planner.plan(record, NOW)
    assert not isinstance(plan, Waiting)
    assert [(line.dimension, line.allocations) for line in plan.frozen.lines] == [("d000", AllocationSummary())]


def test_units_from_the_balance_are_untagged(ledger: Ledger) -> None:
    tagged(ledger, 1, 2)
    balance = ledger.balances.get(CUSTOMER)
    ledger.write(ledger.balances.replace(balance, remainder={"d000": Decimal("1.5")}, used={}))
    hour = frozen(ledger)
    [put] = (operation["Put"]["Item"] for operation in hour.operations if "Put" in operation)
    assert [row["quantity"] for row in put["allocations"]] == [2, 1, 1]
    assert put["allocations"][0]["tags"] == {}


def test_a_folded_line_is_logged_and_counted(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    COUNTED.clear()
    tagged(ledger, 95, 1)
    with caplog.at_level(logging.WARNING):
        assert sealer(ledger, dimensions=DIMENSIONS).seal_hour(CUSTOMER, HOUR) == "sealed"
    assert COUNTED == {MeteringMetric.TAG_SETS_FOLDED: 95 - MOST_LINES}
    assert caplog.text.count("tag sets folded") == 95 - MOST_LINES
