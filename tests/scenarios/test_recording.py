"""Usage is recorded, or refused by name: every verdict and reason, and no batch fails for one of its events."""

from decimal import Decimal
from typing import Any

import pytest

from runtime.clock import iso
from tests.scenarios.recording import (
    DAY,
    HOUR,
    MINUTE,
    MONTH,
    NOW,
    brief,
    counted,
    ended,
    stored,
)
from tests.scenarios.world import START, World

pytestmark = pytest.mark.usefixtures("half_past_eight")


NESTED: Any = {"a": [{"b": []}]}
JUNK: list[Any] = [True, None, "junk", "\ud800", "1_0", NESTED, [], 0.5]
BAD_TAGS: list[Any] = [[], {"a": 1}, {"a": "b;c"}, {"ü": "b"}, {"": "b"}, {"\ud800": "b"}, NESTED]
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("unknown_dimension", {"dimension": "no_such"}),
    ("unknown_dimension", {"dimension": None}),
    ("unknown_dimension", {"dimension": NESTED}),
    ("unknown_dimension", {"dimension": "\ud800"}),
    *(("bad_quantity", {"quantity": quantity}) for quantity in JUNK),
    *(
        ("bad_quantity", {"quantity": Decimal(quantity)})
        for quantity in ("NaN", "Infinity", "1e400", "-1", "1e-10", "9" * 30, "1." + "0" * 70 + "1", "2147483648")
    ),
    ("bad_quantity", {"dimension": "active_users", "user": "ann", "quantity": 2}),
    ("user_required", {"dimension": "active_users"}),
    ("in_future", {"occurredAt": iso(NOW + 5 * MINUTE + 1)}),
    ("in_future", {"occurredAt": "9999-12-31T23:59:59Z"}),
    ("too_old", {"occurredAt": iso(NOW - 30 * DAY - 1)}),
    ("too_old", {"occurredAt": "0001-01-01T00:00:00Z"}),
    ("before_activation", {"occurredAt": iso(START - DAY - 5 * MINUTE - 1)}),
    *(("bad_id", {"id": event_id}) for event_id in ("", "a b", "\ud800", "x" * 129, 7, None, NESTED)),
    *(("bad_event", {"occurredAt": moment}) for moment in ("", "now", "2026-11-15T08:00:00", 1, NESTED)),
    *(("bad_event", {"occurredAt": moment}) for moment in ("0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00")),
    *(("bad_event", {"source": source}) for source in ("", "\ud800", "a\nb", None, 1, NESTED)),
    *(("bad_event", {"user": user}) for user in ("", "\ud800", 1, NESTED)),
    *(("bad_event", {"tags": tags}) for tags in BAD_TAGS),
    *(("bad_event", {"customerIdentifier": customer}) for customer in ("", "a|b", "\ud800", None, NESTED)),
    ("bad_event", {"colour": "blue"}),
]


def test_a_refused_event_has_a_reason_and_does_not_affect_its_batch(world: World, buyer: str) -> None:
    events = [world.event(buyer, f"r{number}") | changes for number, (_, changes) in enumerate(REFUSED)]
    verdicts = world.report(world.event(buyer, "first"), *events, world.event(buyer, "last"))
    assert [verdict.get("reason") for verdict in verdicts[1:-1]] == [reason for reason, _ in REFUSED]
    assert {verdict["verdict"] for verdict in verdicts[1:-1]} == {"refused"}
    assert all(verdict["message"] for verdict in verdicts[1:-1])
    assert brief([verdicts[0], verdicts[-1]]) == ["recorded 08", "recorded 08"]
    assert stored(world, buyer) == {"event#first", "event#last"}
    assert counted(world, buyer) == {("workflow_executions", MONTH): 2}


@pytest.mark.parametrize("body", [None, [], "event", 7, True, {}])
def test_what_is_no_event_is_refused(world: World, body: Any) -> None:
    [verdict] = world.report(body)
    assert (verdict["id"], verdict["verdict"]) == (None, "refused")


def test_usage_of_an_unknown_customer_stays_with_its_sender(world: World) -> None:
    assert brief(world.report(world.event("nobody", "a"))) == ["retry_later unknown_customer"]
    assert stored(world, "nobody") == set()


def test_usage_before_the_activation_stays_with_its_sender_until_then(world: World) -> None:
    buyer = world.buyer(active_from=None)
    event = world.event(buyer, "a")
    assert brief(world.report(event)) == ["retry_later not_active_yet"]
    assert stored(world, buyer) == set()
    world.change(buyer, subscriptionStatus="active", activePeriods=[{"start": int(NOW) + 60}])
    world.now += 120
    assert brief(world.report(event)) == ["recorded 08"]


def test_usage_after_the_end_counts_until_accepts_until(world: World, buyer: str) -> None:
    ended(world, buyer, NOW, NOW + 45 * MINUTE)
    world.now = NOW + 45 * MINUTE - 0.5
    event, after = world.event(buyer, "a", occurredAt=iso(NOW)), world.event(buyer, "b", occurredAt=iso(NOW + 301))
    assert brief(world.report(event, after)) == ["recorded 08", "retry_later just_ended"]
    world.now = NOW + 45 * MINUTE
    late = world.event(buyer, "c", occurredAt=iso(NOW))
    assert brief(world.report(event, late)) == ["duplicate 08", "retry_later just_ended"]
    world.now = NOW + HOUR
    assert brief(world.report(event, late)) == ["duplicate 08", "refused not_subscribed"]


@pytest.mark.parametrize("status", ["expired", "final_metering", "cancelled", "failed"])
def test_a_status_that_opens_no_hour_is_an_answer_not_an_endless_try(world: World, buyer: str, status: str) -> None:
    world.change(buyer, subscriptionStatus=status)
    old = world.event(buyer, "old", occurredAt=iso(NOW - HOUR))
    assert brief(world.report(world.event(buyer, "a"), old)) == ["retry_later just_ended", "refused not_subscribed"]
    assert counted(world, buyer) == {}


def test_usage_counts_in_both_periods_of_a_subscription_and_not_between_them(world: World, buyer: str) -> None:
    world.change(
        buyer,
        activePeriods=[{"start": int(START - DAY), "end": int(START - 3 * HOUR)}, {"start": int(START - HOUR)}],
    )
    events = [world.event(buyer, f"e{h}", occurredAt=iso(START - h * HOUR)) for h in (4, 2, 1)]
    assert brief(world.report(*events)) == ["recorded 08 late", "refused before_activation", "recorded 07"]
