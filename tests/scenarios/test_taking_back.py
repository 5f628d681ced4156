"""An event is taken back: once, while its hour is open, and nothing but what it had added goes."""

import json
from decimal import Decimal
from typing import Any

import pytest

from ledger.usage_events import EVENT_LIFETIME, event_key
from runtime.clock import from_iso, iso
from tests.scenarios.queue_door import Crash, QueueDoor
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
    stored,
    user,
)
from tests.scenarios.world import START, World
from usage.drain_queue import VOID_PATIENCE
from usage.report_usage import report_usage
from usage.reporters import Reporter, Rights
from usage.view_usage import view_usage

pytestmark = pytest.mark.usefixtures("half_past_eight")

EXECUTIONS = ("workflow_executions", MONTH)


def void(buyer: str, event_id: str, source: str = "people") -> dict[str, Any]:
    return {"void": event_id, "customerIdentifier": buyer, "source": source}


def item(world: World, buyer: str, event_id: str) -> dict[str, Any]:
    key = {"customerIdentifier": buyer, "eventId": event_key(event_id)}
    return dict(world.dynamodb.Table(world.events.table_name).get_item(Key=key)["Item"])


def test_what_is_taken_back_is_not_billed_and_stays_on_file(world: World, buyer: str) -> None:
    world.report(world.event(buyer, "a", 3), world.event(buyer, "b", 4))
    before = item(world, buyer, "a")
    [verdict] = world.report(void(buyer, "a"))
    assert verdict == {"id": "a", "verdict": "voided", "hour": iso(START), "late": False, "counted": "3"}
    assert item(world, buyer, "a") == before | {"voidedAt": iso(NOW), "voidedBy": "people"}
    [hour] = view_usage(buyer, {}, world.records, world.now)["hours"]
    assert [usage["counted"] for usage in hour["usage"]] == ["4"]
    world.next_run()
    assert world.billed(buyer) == 4


def test_an_hour_of_which_all_was_taken_back_ends_without_a_line(world: World, buyer: str) -> None:
    world.report(world.event(buyer, "a", 3))
    assert brief(world.report(void(buyer, "a"))) == ["voided 08"]
    world.next_run()
    assert (world.record(buyer).state, world.record(buyer).lines, world.billed(buyer)) == ("sealed", {}, 0)
    assert world.pending() == set()


def test_a_void_is_idempotent_by_what_it_takes_back(world: World, buyer: str) -> None:
    world.report(world.event(buyer, "a", 3), world.event(buyer, "b", 4))
    assert brief(world.report(void(buyer, "a"), void(buyer, "a", "others"))) == ["voided 08", "duplicate 08"]
    assert brief(world.report(void(buyer, "a"))) == ["duplicate 08"]
    assert counted(world, buyer) == {EXECUTIONS: 4}
    assert item(world, buyer, "a")["voidedBy"] == "people", "the first, for ever"


def test_an_id_that_was_taken_back_names_that_event_for_ever(world: World, buyer: str) -> None:
    event = world.event(buyer, "a", 3)
    world.report(event, void(buyer, "a"))
    assert brief(world.report(event, event | {"quantity": 4})) == ["refused voided"] * 2
    assert brief(world.report(event | {"id": "a2", "quantity": 4})) == ["recorded 08"]
    assert counted(world, buyer) == {EXECUTIONS: 4}


def test_a_batch_keeps_its_order(world: World, buyer: str) -> None:
    a, b = world.event(buyer, "a", 3), world.event(buyer, "b", 4)
    verdicts = world.report(void(buyer, "a"), a, b, void(buyer, "a"), a, void(buyer, "b"))
    assert brief(verdicts) == [
        *["refused unknown_event", "recorded 08", "recorded 08"],
        *["voided 08", "refused voided", "voided 08"],
    ]
    assert counted(world, buyer) == {EXECUTIONS: 0}


def test_a_void_names_one_customers_event(world: World, buyer: str) -> None:
    other = world.buyer("legacy")
    world.report(world.event(buyer, "a"))
    assert brief(world.report(void(other, "a"))) == ["refused unknown_event"]
    assert counted(world, buyer) == {EXECUTIONS: 1}


@pytest.mark.parametrize("state", ["closing", "sealed"])
def test_a_closed_hour_gives_nothing_back(world: World, buyer: str, state: str) -> None:
    world.report(world.event(buyer, "a", 3))
    world.now = START + HOUR + 10 * MINUTE
    if state == "sealed":
        seal(world, buyer)
    else:
        assert world.records.close(buyer, int(START))
    before = item(world, buyer, "a")
    [verdict] = world.report(void(buyer, "a"))
    assert brief([verdict]) == ["refused hour_sealed"]
    assert "operator" in verdict["message"], "the way on"
    assert item(world, buyer, "a") == before
    assert counted(world, buyer) == {EXECUTIONS: 3}


def test_a_void_changes_an_open_hour_of_any_age_and_of_any_customer(world: World, buyer: str) -> None:
    """Nothing but the hour's state decides: it is billed as it is sealed."""
    world.report(world.event(buyer, "a", 3))
    world.now += 20 * HOUR
    ended(world, buyer, NOW, world.now - 1, "final_metering")
    assert brief(world.report(void(buyer, "a"))) == ["voided 08"]
    assert counted(world, buyer) == {EXECUTIONS: 0}


def test_late_usage_is_taken_off_the_hour_that_bills_it(world: World, buyer: str) -> None:
    world.report(world.event(buyer, "a", 3, occurredAt=iso(NOW - 5 * HOUR)), world.event(buyer, "b"))
    assert brief(world.report(void(buyer, "a"))) == ["voided 08 late"]
    assert counted(world, buyer) == {EXECUTIONS: 1}


def test_late_usage_of_another_month_is_taken_off_that_month(world: World) -> None:
    buyer = world.buyer(active_from=from_iso("2026-10-01T00:00:00Z"))
    world.now = from_iso("2026-11-01T00:20:00Z")
    late = world.event(buyer, "a", 3, occurredAt="2026-10-31T21:00:00Z")
    world.report(late, world.event(buyer, "b", 2))
    assert brief(world.report(void(buyer, "a"))) == ["voided 00 late"]
    assert counted(world, buyer, world.now) == {("workflow_executions", "2026-10"): 0, EXECUTIONS: 2}


def test_the_units_leave_their_set_of_tags_too(world: World, buyer: str) -> None:
    blue = {"tags": {"team": "blue"}}
    world.report(world.event(buyer, "a", 3) | blue, world.event(buyer, "b", 4) | blue, world.event(buyer, "c", 1))
    assert brief(world.report(void(buyer, "a"))) == ["voided 08"]
    assert world.tagged.of_hour(buyer, int(START)) == {"workflow_executions": {(("team", "blue"),): 4}}
    assert brief(world.report(void(buyer, "b"))) == ["voided 08"]
    world.next_run()
    assert world.billed(buyer) == 1
    assert world.record(buyer).lines["workflow_executions"].allocations.parts == 0, "nothing is left to split"


def test_only_the_event_that_brought_a_users_mark_cannot_be_taken_back(world: World, buyer: str) -> None:
    """Without the first event of ann the second one would have counted, perhaps in an hour that is billed by now."""
    world.report(user(world, buyer, "u1", "ann"), user(world, buyer, "u2", "ann"))
    world.report(peak(world, buyer, "p1", 7), peak(world, buyer, "p2", 5), peak(world, buyer, "p3", 9))
    ids = ("u1", "u2", "p1", "p2", "p3")
    assert brief(world.report(*(void(buyer, each) for each in ids))) == [
        *["refused not_voidable", "voided 08"],
        *["refused not_voidable", "voided 08", "refused not_voidable"],
    ]
    assert counted(world, buyer) == {("active_users", MONTH): 1, ("peak_nodes", MONTH): 9}


def test_in_a_batch_no_count_that_raised_the_maximum_can_be_taken_back(world: World, buyer: str) -> None:
    world.report(peak(world, buyer, "p1", 7), peak(world, buyer, "p2", 9))
    assert brief(world.report(void(buyer, "p1"), void(buyer, "p2"))) == ["refused not_voidable"] * 2


def test_what_added_nothing_is_taken_back_whatever_its_hour_is(world: World, buyer: str) -> None:
    """There need not even be a record."""
    world.report(world.event(buyer, "zero", 0))
    assert brief(world.report(void(buyer, "zero"), world.event(buyer, "zero", 0))) == ["voided 08", "refused voided"]
    assert counted(world, buyer) == {}
    world.report(user(world, buyer, "u1", "ann"), user(world, buyer, "u2", "ann"))
    world.now = START + HOUR + 10 * MINUTE
    seal(world, buyer)
    assert brief(world.report(void(buyer, "u2"))) == ["voided 08"]


def test_an_event_of_the_previous_key_is_taken_back_from_that_keys_hour(world: World) -> None:
    legacy, licence = world.buyer("legacy"), world.buyer()
    world.change(licence, previousIdentifier=legacy)
    event = world.event(legacy, "a", 3)
    world.report(event, world.event(legacy, "b", 1), world.event(licence, "c", 5))
    again = event | {"customerIdentifier": licence}
    assert brief(world.report(again, void(licence, "a"), void(licence, "a"))) == [
        *["duplicate 08", "voided 08", "duplicate 08"]
    ]
    assert brief(world.report(again, event, void(legacy, "a"))) == ["refused voided", "refused voided", "duplicate 08"]
    assert (counted(world, legacy), counted(world, licence)) == ({EXECUTIONS: 1}, {EXECUTIONS: 5})


def test_an_event_that_is_no_longer_kept_is_unknown(world: World, buyer: str) -> None:
    world.report(world.event(buyer, "a"))
    world.now += EVENT_LIFETIME + HOUR
    world.dynamodb.Table(world.events.table_name).delete_item(
        Key={"customerIdentifier": buyer, "eventId": event_key("a")}
    )
    assert brief(world.report(void(buyer, "a"))) == ["refused unknown_event"]
    assert event_key("a") not in stored(world, buyer), "a void leaves nothing where there was nothing"


@pytest.mark.parametrize("periods", [None, []])
def test_a_void_of_what_may_be_waiting_waits_too(world: World, periods: Any) -> None:
    who = "nobody" if periods is None else world.buyer(active_from=None)
    reason = "unknown_customer" if periods is None else "not_active_yet"
    assert brief(world.report(void(who, "a"))) == [f"retry_later {reason}"]
    assert brief(world.report(world.event(who, "a"), void(who, "a"))) == [f"retry_later {reason}"] * 2


def test_a_void_waits_together_with_its_event(world: World, buyer: str) -> None:
    ended(world, buyer, NOW - 10 * MINUTE, NOW - 1)
    event = world.event(buyer, "a")
    assert brief(world.report(event, void(buyer, "a"))) == ["retry_later just_ended"] * 2


def test_a_void_is_read_as_strictly_as_an_event(world: World, buyer: str) -> None:
    good = void(buyer, "a")
    bad: list[tuple[str, dict[str, Any]]] = [
        ("bad_id", good | {"void": ""}),
        ("bad_id", good | {"void": None}),
        ("bad_id", good | {"void": ["a"]}),
        ("bad_event", good | {"source": None}),
        ("bad_event", good | {"customerIdentifier": "a|b"}),
        ("bad_event", good | {"id": "a"}),
        ("bad_event", good | {"quantity": 1}),
        ("bad_event", world.event(buyer, "a") | {"void": "b"}),
    ]
    verdicts = world.report(*(body for _, body in bad))
    assert [verdict["reason"] for verdict in verdicts] == [reason for reason, _ in bad]
    assert [verdict["id"] for verdict in verdicts[:4]] == ["", None, None, "a"]


def test_a_reporter_takes_back_only_events_that_it_may_report(world: World, buyer: str) -> None:
    world.report(world.event(buyer, "a"), world.event(buyer, "b", dimension="api_calls"))
    mine = Rights((Reporter(principal="p", sources=("people", "scenario"), dimensions=("api_calls",)),))
    others = Rights((Reporter(principal="p", sources=("people",)),))

    def taken(rights: Rights, *voids: dict[str, Any]) -> list[str]:
        answers = report_usage(voids, world.products, world.stores, lambda: world.now, rights)
        return brief([verdict.payload() for _, verdict in answers])

    assert taken(mine, void(buyer, "a")) == ["refused not_yours"], "of another dimension"
    assert taken(others, void(buyer, "a")) == ["refused not_yours"], "of another source"
    assert taken(mine, void(buyer, "b", "somebody")) == ["refused not_yours"], "in another's name"
    assert taken(mine, void(buyer, "b")) == ["voided 08"]


# --- by the queue -----------------------------------------------------------------------------------------------------


def test_a_void_by_the_queue_is_a_void_by_the_api(world: World, buyer: str, door: QueueDoor) -> None:
    door.send(buyer, world.event(buyer, "a", 3), world.event(buyer, "b", 4))
    door.send(buyer, void(buyer, "a"), void(buyer, "nobody's"))
    door.pump()
    assert counted(world, buyer) == {EXECUTIONS: 4}
    world.now += VOID_PATIENCE
    door.pump()
    [message] = door.lying(door.refused)
    assert message["events"] == [void(buyer, "nobody's")]
    assert [(refusal["id"], refusal["reason"]) for refusal in message["refusals"]] == [("nobody's", "unknown_event")]


def test_a_void_that_overtakes_its_waiting_event_waits_for_it(world: World, door: QueueDoor) -> None:
    """The event waits for its buyer, which is active by the time the void comes: the event was billed."""
    early = world.buyer(active_from=None)
    door.send(early, world.event(early, "a", 3), world.event(early, "b", 4))
    door.pump()
    world.change(early, subscriptionStatus="active", activePeriods=[{"start": int(START - DAY)}])
    door.take(json.dumps({"events": [void(early, "a")]}))
    assert door.lying(door.refused) == []
    door.pump()
    door.pump()
    assert counted(world, early) == {EXECUTIONS: 4}
    assert "voidedAt" in item(world, early, "a")
    assert door.lying(door.refused) == door.lying(door.waiting) == []


def test_a_void_that_waits_stays_behind_its_event(world: World, door: QueueDoor) -> None:
    early = world.buyer(active_from=None)
    door.send(early, world.event(early, "a", 3), void(early, "a"), world.event(early, "b", 4))
    door.pump()
    world.change(early, subscriptionStatus="active", activePeriods=[{"start": int(START - DAY)}])
    door.pump()
    assert counted(world, early) == {EXECUTIONS: 4}
    assert door.lying(door.waiting) == door.lying(door.refused) == []


def test_a_crash_after_any_effect_takes_the_event_back_once(world: World, door: QueueDoor) -> None:
    """Each effect is the last one once; then the message comes again."""
    began = world.now
    for last in range(1, 12):
        world.now = began
        buyer = world.buyer()
        door.send(buyer, world.event(buyer, "a", 3), void(buyer, "a"), world.event(buyer, "b", 4), void(buyer, "none"))
        try:
            effects = door.pump(crash_after=last)
        except Crash:
            door.pump()
        else:
            assert len(effects) < last, "every effect was the last one"
            break
        assert counted(world, buyer) == {EXECUTIONS: Decimal(4)}
        assert "voidedAt" in item(world, buyer, "a")
        world.now += VOID_PATIENCE
        door.pump()
        # The event of a message that comes again may find itself taken back.
        assert set(door.refusals()) - {("a", "voided")} == {("none", "unknown_event")}
        assert door.lying(door.usage) == []
    else:
        pytest.fail("more effects than were tried")
