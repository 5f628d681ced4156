"""Thresholds of an allowance: reached at the unit, by dimension and period, and never of what is unlimited."""

from decimal import Decimal

import pytest

from buyer.events.of_allowance import (
    ALWAYS,
    Usage,
    event_of,
    included_by,
    reached,
    thresholds_of,
    usage_in,
    usage_that_rose,
)
from ledger.subscriber import from_item
from marketplace.tiers import Tier
from tests.unit.buyer.events.published import validated
from tests.unit.buyer.events.rows import END, active, row

TIERS = (
    Tier("basic", {"calls": Decimal(1000), "users": Decimal(-1), "gigabytes": Decimal(0)}),
    Tier("large", {"calls": Decimal(5000)}),
)
HELD = [{"dimension": "basic", "value": "1", "expiresAt": END}]


@pytest.mark.parametrize(
    ("used", "percents"),
    [("0", []), ("799.999", []), ("800", [80]), ("999.999", [80]), ("1000", [80, 100]), ("1200", [80, 100])],
)
def test_a_threshold_is_reached_at_the_unit(used: str, percents: list[int]) -> None:
    usage = Usage("calls", "2026-11", Decimal(used))
    assert [found.percent for found in reached([usage], {"calls": Decimal(1000)}, ALWAYS)] == percents


def test_a_dimension_that_is_not_included_has_no_threshold() -> None:
    assert list(reached([Usage("users", "2026-11", Decimal(5))], {"calls": Decimal(1000)}, ALWAYS)) == []


def test_lower_thresholds_come_first() -> None:
    usage = Usage("calls", "2026-11", Decimal(1000))
    assert [found.percent for found in reached([usage], {"calls": Decimal(1000)}, (100, 50, 80))] == [50, 80, 100]


@pytest.mark.parametrize(("text", "expected"), [("", (80, 100)), ("50,100", (50, 80, 100)), ("99", (80, 99, 100))])
def test_the_stages_thresholds_join_those_of_all_stages(text: str, expected: tuple[int, ...]) -> None:
    assert thresholds_of(text) == expected


def test_only_what_rose_is_looked_at() -> None:
    old = {"item": "balance", "version": 4, "used#calls#2026-10": Decimal(900), "remainder#calls": Decimal(3)}
    new = old | {"version": 5, "used#calls#2026-11": Decimal(10), "remainder#calls": Decimal(4)}
    assert usage_that_rose(old, new) == (Usage("calls", "2026-11", Decimal(10)),)
    assert usage_that_rose({}, old) == (Usage("calls", "2026-10", Decimal(900)),)
    assert usage_that_rose(new, new) == ()
    assert len(usage_in(new)) == 2


def test_what_is_unlimited_or_not_included_has_no_allowance() -> None:
    assert included_by(from_item(active(entitlements=HELD)), TIERS, END - 1) == {"calls": Decimal(1000)}


def test_the_allowance_is_that_of_the_contract_at_the_moment() -> None:
    subscriber = from_item(active(entitlements=HELD))
    assert included_by(subscriber, TIERS, END) == {}, "it has expired"
    assert included_by(from_item(row()), TIERS, 0) == {}
    both = [*HELD, {"dimension": "large", "value": "1"}]
    assert included_by(from_item(active(entitlements=both)), TIERS, 0) == {"calls": Decimal(5000)}


def test_the_event_is_the_same_whatever_version_tells_it() -> None:
    (found,) = reached([Usage("calls", "2026-11", Decimal("800.50"))], {"calls": Decimal("1E+3")}, (80,))
    subscriber = from_item(active(tier="basic", linkedAccount="acme"))
    at = "2026-11-15T08:00:00Z"
    event = event_of(found, subscriber, product_code="prod-only", sequence=9, at=at)
    document = validated(event)
    assert document["id"] == "l-1:calls:2026-11:80:AllowanceThresholdReached"
    assert (document["sequence"], document["linkedAccount"], document["productCode"]) == (9, "acme", "prod-1")
    assert document["data"] == {
        "dimension": "calls",
        "period": "2026-11",
        "percent": 80,
        "used": "800.50",
        "allowance": "1000",
        "tier": "basic",
    }
    assert event_of(found, subscriber, product_code="prod-only", sequence=10, at=at).id == event.id
