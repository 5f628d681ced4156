"""An event counts once: in a batch, over requests, after its hour is sealed, and under a previous billing key."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.usage_events import EVENT_LIFETIME
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
    peak,
    seal,
    user,
)
from tests.scenarios.world import START, World

pytestmark = pytest.mark.usefixtures("half_past_eight")


def test_an_event_counts_once_in_a_batch_across_requests_and_after_sealing(world: World, buyer: str) -> None:
    event = world.event(buyer, "a", 3)
    assert brief(world.report(event, event, dict(event))) == ["recorded 08", "duplicate 08", "duplicate 08"]
    assert brief(world.report(event)) == ["duplicate 08"]
    world.now = START + HOUR + 10 * MINUTE
    seal(world, buyer)
    assert brief(world.report(event)) == ["duplicate 08"]
    assert counted(world, buyer) == {("workflow_executions", MONTH): 3}
    assert counted(world, buyer, START + HOUR) == {}


def test_a_repeat_is_the_same_however_it_is_written(world: World, buyer: str) -> None:
    event = world.event(buyer, "a", "1.500", occurredAt="2026-11-15T08:10:00Z", tags={}, user=None)
    again = world.event(buyer, "a", Decimal("1.5"), occurredAt="2026-11-15T09:10:00+01:00")
    assert brief(world.report(event, again)) == ["recorded 08", "duplicate 08"]
    assert brief(world.report(again)) == ["duplicate 08"]


def test_a_late_event_is_late_in_its_repeat_too(world: World, buyer: str) -> None:
    event = world.event(buyer, "a", occurredAt=iso(START - 5 * HOUR))
    assert brief(world.report(event, event)) == ["recorded 08 late", "duplicate 08 late"]
    assert brief(world.report(event)) == ["duplicate 08 late"]


OTHER: list[dict[str, Any]] = [
    {"quantity": 2},
    {"dimension": "api_calls"},
    {"occurredAt": iso(NOW - 1)},
    {"source": "other"},
    {"user": "ann"},
    {"tags": {"a": "b"}},
]


@pytest.mark.parametrize("changes", OTHER, ids=lambda changes: next(iter(changes)))
def test_an_id_names_one_event_for_ever(world: World, buyer: str, changes: dict[str, Any]) -> None:
    """H15: taking another quantity for a repeat would lose it in silence."""
    event, other = world.event(buyer, "a"), world.event(buyer, "a") | changes
    assert brief(world.report(event, other)) == ["recorded 08", "refused id_reused"]
    assert brief(world.report(other, event)) == ["refused id_reused", "duplicate 08"]
    assert counted(world, buyer) == {("workflow_executions", MONTH): 1}


def test_an_id_is_used_only_by_what_was_recorded(world: World, buyer: str) -> None:
    """The first of two with one id is refused: that must not bar the second."""
    old = world.event(buyer, "a", occurredAt=iso(NOW - 31 * DAY))
    new = world.event(buyer, "a")
    assert brief(world.report(old, new, old)) == ["refused too_old", "recorded 08", "refused too_old"]
    assert brief(world.report(old, new)) == ["refused id_reused", "duplicate 08"]
    assert counted(world, buyer) == {("workflow_executions", MONTH): 1}


def test_one_id_of_two_customers_is_two_events(world: World, buyer: str) -> None:
    other = world.buyer("legacy")
    assert brief(world.report(world.event(buyer, "a"), world.event(other, "a"))) == ["recorded 08", "recorded 08"]
    assert counted(world, buyer) == counted(world, other)


@pytest.mark.parametrize(
    ("later", "bars"),
    [
        (31 * DAY, "too_old"),
        (EVENT_LIFETIME - HOUR, "too_old"),
        (2 * HOUR, "not_subscribed"),
        (5 * MINUTE, "just_ended"),
        (2 * HOUR, "before_activation"),
        (2 * HOUR, "not_active_yet"),
        (2 * HOUR, "unknown_customer"),
    ],
)
def test_a_repeat_is_recorded_whatever_the_customers_status_is(
    world: World, buyer: str, later: float, bars: str
) -> None:
    """Before any refusal that rests on state or time the event itself is looked up."""
    event = world.event(buyer, "a")
    world.report(event)
    world.now += later
    if bars in ("not_subscribed", "just_ended"):
        ended(world, buyer, NOW, world.now - 1, "cancelled")
    elif bars == "before_activation":
        world.change(buyer, activePeriods=[{"start": int(NOW + HOUR)}])
    elif bars == "not_active_yet":
        world.change(buyer, activePeriods=[])
    elif bars == "unknown_customer":
        world.subscriber_items.delete_item(Key={"customerIdentifier": buyer})
    new = event | {"id": "new"}
    verdicts = world.report(event, new, event | {"quantity": 2})
    assert brief(verdicts)[0] == "duplicate 08"
    assert [verdict.get("reason") for verdict in verdicts[1:]] == [bars, "id_reused"]


@pytest.fixture
def migrated(world: World, buyer: str) -> tuple[str, str]:
    """A legacy customer and the licence that has taken over from it."""
    legacy = world.buyer("legacy")
    world.change(buyer, previousIdentifier=legacy)
    return legacy, buyer


def test_what_the_previous_key_has_recorded_is_not_recorded_again(world: World, migrated: tuple[str, str]) -> None:
    """H15: ids and marks are looked up there too, in the same transaction."""
    legacy, buyer = migrated
    old = [world.event(legacy, "a", 2), user(world, legacy, "b", "ann"), peak(world, legacy, "c", 5)]
    world.report(*old)
    world.now += HOUR
    same = [event | {"customerIdentifier": buyer} for event in old]
    assert brief(world.report(*same)) == ["duplicate 08"] * 3
    assert brief(world.report(same[0] | {"quantity": 3})) == ["refused id_reused"]
    verdicts = world.report(
        user(world, buyer, "e", "ann"),
        user(world, buyer, "f", "bob"),
        peak(world, buyer, "g", 4),
        peak(world, buyer, "h", 6),
    )
    assert [v["counted"] for v in verdicts] == ["0", "1", "0", "1"]
    assert counted(world, buyer, world.now) == {("active_users", MONTH): 1, ("peak_nodes", MONTH): 1}
    assert counted(world, legacy, world.now) == {}


def test_a_barred_event_is_looked_up_under_the_previous_key(world: World, migrated: tuple[str, str]) -> None:
    legacy, buyer = migrated
    world.report(world.event(legacy, "a"))
    again = world.event(legacy, "a") | {"customerIdentifier": buyer}
    world.now += 31 * DAY
    assert brief(world.report(again, again | {"id": "b"})) == ["duplicate 08", "refused too_old"]
