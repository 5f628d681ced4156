"""Usage from the queue, on the real stores: nothing lost, nothing counted twice, wherever the function dies."""

import json
from decimal import Decimal
from typing import Any

import pytest

from runtime.clock import iso
from tests.scenarios.queue_door import Crash, QueueDoor
from tests.scenarios.recording import DAY, HOUR, MINUTE, MONTH, counted, stored
from tests.scenarios.world import START, World
from usage import record_usage
from usage.drain_queue import Busy
from usage.queue_message import MOST_BYTES
from usage.request import MAX_BYTES

pytestmark = pytest.mark.usefixtures("half_past_eight")

EXECUTIONS = ("workflow_executions", MONTH)


def becomes_active(world: World, buyer: str) -> None:
    world.change(buyer, subscriptionStatus="active", activePeriods=[{"start": int(START - DAY)}])


def executions(world: World, buyer: str) -> Decimal:
    return counted(world, buyer).get(EXECUTIONS, Decimal(0))


# --- where events go --------------------------------------------------------------------------------------------------


def test_each_event_goes_where_its_verdict_sends_it(world: World, door: QueueDoor) -> None:
    active, early = world.buyer(), world.buyer(active_from=None)
    door.send(active, world.event(active, "a", 3), world.event(active, "b", -1), world.event(active, "a", 3))
    door.send(early, world.event(early, "c", 5))
    door.pump()
    assert executions(world, active) == 3
    assert door.refusals() == [("b", "bad_quantity")]
    assert door.waiting_ids() == ["c"]
    assert door.lying(door.usage) == []


def test_an_inactive_customer_does_not_hide_the_others(world: World, door: QueueDoor) -> None:
    early, active = world.buyer(active_from=None), world.buyer()
    for number in range(5):
        door.send(early, world.event(early, f"early{number}"))
    door.send(active, world.event(active, "a", 7))
    door.pump()
    assert executions(world, active) == 7
    assert sorted(door.waiting_ids()) == [f"early{number}" for number in range(5)]


def test_what_waits_is_recorded_once_its_customer_is_active(world: World, door: QueueDoor) -> None:
    early = world.buyer(active_from=None)
    door.send(early, world.event(early, "a", "0.1", dimension="data_processed_gb"), world.event(early, "b", 2))
    door.pump()
    world.now += 15 * MINUTE
    becomes_active(world, early)
    door.pump()
    assert counted(world, early) == {EXECUTIONS: 2, ("data_processed_gb", MONTH): Decimal("0.1")}
    assert door.lying(door.waiting) == door.lying(door.refused) == []


def test_waiting_ends_after_a_day_with_the_last_reason(world: World, door: QueueDoor) -> None:
    early = world.buyer(active_from=None)
    began = world.now
    door.send(early, world.event(early, "a"), world.event("nobody", "b"))
    door.pump()
    for world.now in (began + 15 * MINUTE, began + 23 * HOUR, began + DAY - 1):
        door.pump()
        assert door.waits_since() == [began], "each round keeps the beginning"
        assert sorted(door.waiting_ids()) == ["a", "b"]
        assert door.refusals() == []
    world.now = began + DAY
    door.pump()
    assert door.lying(door.waiting) == []
    assert sorted(door.refusals()) == [("a", "not_active_yet"), ("b", "unknown_customer")]
    # They can be sent again once an operator has mended the cause.
    becomes_active(world, early)
    [message] = door.lying(door.refused)
    door.sqs.send_message(QueueUrl=door.usage, MessageBody=json.dumps(message), MessageGroupId=early)
    door.pump()
    assert counted(world, early, world.now) == {EXECUTIONS: 1}


def test_what_is_refused_while_it_waits_is_refused_at_once(world: World, door: QueueDoor) -> None:
    early = world.buyer(active_from=None)
    door.send(early, world.event(early, "a"))
    door.pump()
    world.now += HOUR
    world.change(early, subscriptionStatus="active", activePeriods=[{"start": int(world.now)}])
    door.pump()
    assert door.refusals() == [("a", "before_activation")]
    assert door.lying(door.waiting) == []


def test_only_the_waiting_queues_messages_say_how_long_they_have_waited(world: World, door: QueueDoor) -> None:
    early = world.buyer(active_from=None)
    body = json.dumps({"events": [world.event(early, "a")], "waitingSince": iso(START - 30 * DAY)})
    door.take(body, has_waited=False)
    assert door.waits_since() == [world.now]


@pytest.mark.parametrize("since", [None, 7, "yesterday", "2999-01-01T00:00:00Z", "9999-12-31T23:59:59-23:00", ["x"]])
def test_a_waiting_message_without_a_start_begins_to_wait_now(world: World, door: QueueDoor, since: Any) -> None:
    early = world.buyer(active_from=None)
    door.take(json.dumps({"events": [world.event(early, "a")], "waitingSince": since}), has_waited=True)
    assert door.waits_since() == [world.now]


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_refused_message_says_why_and_is_sent_again_as_it_is(world: World, door: QueueDoor) -> None:
    active = world.buyer()
    late = world.event(active, "a", 4, occurredAt=iso(world.now + HOUR))
    door.send(active, late, world.event(active, "b"))
    door.pump()
    [message] = door.lying(door.refused)
    assert message["events"] == [late], "to the letter"
    [refusal] = message["refusals"]
    assert (refusal["id"], refusal["reason"]) == ("a", "in_future")
    assert refusal["message"]
    assert message["refusedAt"] == iso(world.now)
    assert message["messageId"]
    world.now += HOUR
    for _ in range(2):  # even twice
        door.take(json.dumps(message))
    assert executions(world, active) == 1
    assert counted(world, active, world.now) == {EXECUTIONS: 4}


@pytest.mark.parametrize(
    "number", ["0.1", "-0.10", "1E+400", "NaN", "-Infinity", "9" * 50, "0." + "1" * 30, '"0.1 "', "-5"]
)
def test_numbers_travel_as_they_came(world: World, door: QueueDoor, number: str) -> None:
    active = world.buyer()
    written = json.dumps({"events": [world.event(active, "a", "X", tags={"t": 1.50})]}).replace('"X"', number)
    door.take(written.replace("1.5", "1.50"))
    [body] = [message["Body"] for message in door.sqs.receive_message(QueueUrl=door.refused)["Messages"]]
    assert f'"quantity":{number},' in body
    assert '"t":1.50' in body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "bad_json"),
        ('no JSON: ü \u2028 \n\t"', "bad_json"),
        ("[" * 50_000, "bad_json"),
        ("[]", "bad_request"),
        ('{"events": 7}', "bad_request"),
        ('{"events": []}', "no_events"),
        (json.dumps({"events": [{}] * 101}), "too_many_events"),
        ('"' + "ü" * (MAX_BYTES // 2) + '"', "payload_too_large"),
    ],
    ids=lambda value: str(value)[:16],
)
@pytest.mark.parametrize("has_waited", [False, True])
def test_a_body_that_cannot_be_read_is_kept_to_the_letter(
    world: World, door: QueueDoor, body: str, code: str, has_waited: bool
) -> None:
    before = stored(world, "x")
    drained = door.take(body, message_id="m-1", has_waited=has_waited)
    assert drained.fault == code
    [message] = door.lying(door.refused)
    assert message["body"] == body
    assert [refusal["reason"] for refusal in message["refusals"]] == [code]
    assert message["messageId"] == "m-1"
    assert stored(world, "x") == before


@pytest.mark.parametrize("depth", range(860, 1000, 10))
def test_an_event_that_is_nested_deep_is_kept_one_way_or_the_other(world: World, door: QueueDoor, depth: int) -> None:
    """Somewhere here the reader just still takes it, and whatever looks deeper would not."""
    active = world.buyer()
    written = json.dumps({"events": [world.event(active, "a", tags="X"), world.event(active, "b")]})
    door.take(written.replace('"X"', "[" * depth + "]" * depth))
    [message] = door.messages(door.refused)
    assert "[" * depth + "]" * depth in message["Body"]


def test_half_a_surrogate_pair_is_no_obstacle(world: World, door: QueueDoor) -> None:
    active = world.buyer()
    odd = world.event(active, "a", source="\ud800")
    door.take(json.dumps({"events": [odd]}))
    [message] = door.lying(door.refused)
    assert message["events"] == [odd]


def test_many_refusals_are_cut_to_messages_that_can_be_sent_again(world: World, door: QueueDoor) -> None:
    active = world.buyer()
    events = [world.event(active, f"e{n}", -1, source="s" * 2400) for n in range(100)]
    events.append(world.event(active, "large", -1, source="ü" * 5000))
    door.take(json.dumps({"events": events[:100]}))
    bodies = [message["Body"] for message in door.messages(door.refused)]
    assert len(bodies) == 2
    assert all(len(body) <= MAX_BYTES for body in bodies)
    assert sorted(id_ for id_, _ in door.refusals()) == sorted(f"e{n}" for n in range(100))


def test_one_refused_event_larger_than_a_message_should_be_is_alone_in_one(world: World, door: QueueDoor) -> None:
    active = world.buyer()
    events = [world.event(active, "a", -1), world.event(active, "b", source="ü" * (MOST_BYTES // 4)),
              world.event(active, "c", -1)]  # fmt: skip
    door.take(json.dumps({"events": events}, ensure_ascii=False))
    assert sorted([event["id"] for event in body["events"]] for body in door.lying(door.refused)) == [
        ["a"],
        ["b"],
        ["c"],
    ]


# --- contention -------------------------------------------------------------------------------------------------------


def test_a_busy_customers_message_comes_again_and_nothing_is_sent_on(
    world: World, door: QueueDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = world.buyer(), world.buyer()
    real = record_usage._attempt

    def one_is_busy(customer: str, *rest: Any) -> None:
        if customer == first:
            raise RuntimeError("a table does not answer")
        real(customer, *rest)

    monkeypatch.setattr(record_usage, "_attempt", one_is_busy)
    mixed = [world.event(first, "a"), world.event(second, "b", 2), world.event(second, "c", -1), world.event("x", "d")]
    door.send(second, *mixed)
    with pytest.raises(Busy):
        door.take(json.dumps({"events": mixed}))
    assert door.pump().count("deleted") == 0
    assert door.lying(door.refused) == door.lying(door.waiting) == []
    assert len(door.lying(door.usage)) == 1
    monkeypatch.setattr(record_usage, "_attempt", real)
    door.pump()
    assert (executions(world, first), executions(world, second)) == (1, 2)
    assert door.refusals() == [("c", "bad_quantity")]
    assert door.waiting_ids() == ["d"]


# --- the function dies ------------------------------------------------------------------------------------------------


def story(world: World, door: QueueDoor) -> tuple[str, str]:
    """A message with one of each: recorded, waiting, refused; and one of a customer who waits."""
    active, early = world.buyer(), world.buyer(active_from=None)
    door.send(active, world.event(active, "a", 3), world.event(active, "b", -1), world.event(early, "c", 5))
    door.send(early, world.event(early, "d", 7))
    return active, early


def to_the_end(world: World, door: QueueDoor, early: str) -> None:
    for _ in range(3):
        door.pump()
    becomes_active(world, early)
    for _ in range(2):
        door.pump()


#: Of the story's first pump: recorded, waiting, refused, deleted; waiting, deleted; waiting, deleted; waiting, deleted.
EFFECTS = 10


def test_the_effects_are_in_the_order_that_loses_nothing(world: World, door: QueueDoor) -> None:
    story(world, door)
    assert door.pump() == [
        *["recorded", "waiting", "refused", "deleted"],
        *["waiting", "deleted"] * 3,
    ]


@pytest.mark.parametrize("crash_after", range(1, EFFECTS + 1))
def test_a_crash_between_any_two_effects_loses_nothing_and_counts_nothing_twice(
    world: World, door: QueueDoor, crash_after: int
) -> None:
    active, early = story(world, door)
    with pytest.raises(Crash):
        door.pump(crash_after=crash_after)
    to_the_end(world, door, early)
    assert (executions(world, active), executions(world, early)) == (3, 12)
    assert set(door.refusals()) == {("b", "bad_quantity")}
    assert door.lying(door.usage) == door.lying(door.waiting) == []


def test_a_crash_as_what_waited_is_recorded_counts_it_once(world: World, door: QueueDoor) -> None:
    _, early = story(world, door)
    door.pump()
    becomes_active(world, early)
    with pytest.raises(Crash):
        door.pump(crash_after=1)
    assert executions(world, early) > 0
    to_the_end(world, door, early)
    assert executions(world, early) == 12
