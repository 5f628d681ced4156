"""Which hour takes usage, and what happens between reading and writing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from ledger.transaction import Contended
from marketplace.hour import hour_of
from runtime.clock import from_iso, iso
from tests.scenarios.recording import (
    HOUR,
    MONTH,
    NOW,
    Verdicts,
    brief,
    counted,
    ended,
    peak,
    seal,
    stored,
    user,
)
from tests.scenarios.world import DIMENSIONS, START, World
from usage.record_usage import TRIES, record_customer
from usage.report_usage import report_usage
from usage.usage_event import UsageEvent, parse

pytestmark = pytest.mark.usefixtures("half_past_eight")


def at(world: World, buyer: str, event_id: str, clock: str) -> dict[str, Any]:
    return world.event(buyer, event_id, occurredAt=f"2026-11-15T{clock}Z")


def test_the_hour_before_takes_usage_until_it_is_sealed(world: World, buyer: str) -> None:
    world.now = from_iso("2026-11-15T09:05:00Z")
    assert brief(world.report(at(world, buyer, "a", "08:59:59"))) == ["recorded 08"]
    seal(world, buyer)
    assert brief(world.report(at(world, buyer, "b", "08:59:59"))) == ["recorded 09 late"]
    assert counted(world, buyer) == {("workflow_executions", MONTH): 1}


def test_an_hour_that_is_closing_takes_none(world: World, buyer: str) -> None:
    world.now = from_iso("2026-11-15T09:05:00Z")
    world.report(at(world, buyer, "a", "08:30:00"))
    world.records.close(buyer, hour_of(START))
    assert brief(world.report(at(world, buyer, "b", "08:30:00"))) == ["recorded 09 late"]


def test_an_older_hour_is_never_opened_nor_added_to(world: World, buyer: str) -> None:
    """H8: its deadline might have passed."""
    world.report(at(world, buyer, "a", "08:10:00"))
    world.now = from_iso("2026-11-15T10:05:00Z")
    verdicts = world.report(at(world, buyer, "b", "08:10:00"), at(world, buyer, "c", "00:10:00"))
    assert brief(verdicts) == ["recorded 10 late", "recorded 10 late"]
    assert counted(world, buyer) == {("workflow_executions", MONTH): 1}
    assert world.records.get(buyer, int(from_iso("2026-11-15T00:00:00Z"))) is None


def test_usage_of_an_unsealed_and_a_running_hour_in_one_request(world: World, buyer: str) -> None:
    world.now = from_iso("2026-11-15T09:05:00Z")
    verdicts = world.report(at(world, buyer, "a", "09:01:00"), at(world, buyer, "b", "08:01:00"))
    assert brief(verdicts) == ["recorded 09", "recorded 08"]


def test_a_clock_that_is_a_little_ahead_counts_as_now(world: World, buyer: str) -> None:
    """H9d: an hour that has not begun cannot be sent."""
    world.now = from_iso("2026-11-15T08:59:58Z")
    assert brief(world.report(at(world, buyer, "a", "09:00:01"))) == ["recorded 08"]


def test_a_sealed_running_hour_is_passed_over(world: World, buyer: str) -> None:
    """H10: final metering has sealed it, and the buyer is back."""
    world.report(at(world, buyer, "a", "08:10:00"))
    seal(world, buyer)
    assert brief(world.report(at(world, buyer, "b", "08:20:00"))) == ["recorded 09 late"]
    world.sealer.seal_hour(buyer, hour_of(START + HOUR))
    assert brief(world.report(at(world, buyer, "c", "08:25:00"))) == ["recorded 10 late"]
    world.now = from_iso("2026-11-15T09:05:00Z")
    assert brief(world.report(at(world, buyer, "d", "09:01:00"), at(world, buyer, "b", "08:20:00"))) == [
        "recorded 10 late",
        "duplicate 09 late",
    ]


def test_the_first_hour_is_that_of_the_activation(world: World) -> None:
    buyer = world.buyer(active_from=from_iso("2026-11-15T08:00:30Z"))
    world.now = from_iso("2026-11-15T08:02:00Z")
    assert brief(world.report(at(world, buyer, "a", "07:58:00"))) == ["recorded 08 late"]


@dataclass(frozen=True)
class Meanwhile(Subscribers):
    """The subscribers' table, with something that happens right after the first read: between reading and writing."""

    real: Subscribers
    what: list[Callable[[], None]]

    def get(self, customer_identifier: str, consistent: bool = False) -> Subscriber | None:
        found = self.real.get(customer_identifier, consistent=consistent)
        while self.what:
            self.what.pop()()
        return found


def report_while(world: World, what: Callable[[], None], *events: dict[str, Any]) -> Verdicts:
    stores = replace(world.stores, subscribers=Meanwhile(world.subscribers, [what]))
    return [v.payload() for _, v in report_usage(list(events), world.products, stores, lambda: world.now)]


def test_a_cancellation_between_read_and_write_opens_no_hour(world: World, buyer: str) -> None:
    """H9a: what the last seal cannot see must not be accepted."""
    verdicts = report_while(
        world,
        lambda: ended(world, buyer, NOW - HOUR, NOW - 1, "final_metering"),
        world.event(buyer, "a", occurredAt=iso(NOW - HOUR + 1)),
        world.event(buyer, "b", occurredAt=iso(NOW - HOUR)),
    )
    assert brief(verdicts) == ["retry_later just_ended", "refused not_subscribed"]
    assert stored(world, buyer) == set()
    assert world.records.get(buyer, hour_of(NOW)) is None


def test_a_changed_status_alone_refuses_the_write(world: World, buyer: str) -> None:
    verdicts = report_while(
        world, lambda: world.change(buyer, subscriptionStatus="final_metering"), world.event(buyer, "a")
    )
    assert brief(verdicts) == ["retry_later just_ended"]
    assert stored(world, buyer) == set()


def test_an_hour_that_is_sealed_between_read_and_write_is_not_added_to(world: World, buyer: str) -> None:
    world.report(world.event(buyer, "first"))
    state = world.records.state
    todo: list[Callable[[], None]] = [lambda: seal(world, buyer)]

    class Sealing(type(world.records)):  # type: ignore[misc]  # the real store, with a seal after the first read
        def state(self, customer_identifier: str, hour: int) -> str | None:
            found = state(customer_identifier, hour)
            while todo:
                todo.pop()()
            return found

    records = Sealing(world.dynamodb, world.records.table_name)
    stores = replace(world.stores, records=records)
    [(_, verdict)] = report_usage([world.event(buyer, "a")], world.products, stores, lambda: world.now)
    assert brief([verdict.payload()]) == ["recorded 09 late"]
    assert counted(world, buyer) == {("workflow_executions", MONTH): 1}


def test_another_request_between_read_and_write(world: World, buyer: str) -> None:
    """The same event, the same user and the same highest count come in elsewhere: each still counts once."""
    batch = [
        world.event(buyer, "a", 2),
        user(world, buyer, "b", "ann"),
        peak(world, buyer, "c", 5),
        user(world, buyer, "d", "bob"),
    ]
    other = [world.event(buyer, "a", 2), user(world, buyer, "x", "ann"), peak(world, buyer, "y", 3)]
    verdicts = report_while(world, lambda: (world.report(*other), None)[1], *batch)
    assert [(v["verdict"], v.get("counted")) for v in verdicts] == [
        ("duplicate", None),
        ("recorded", "0"),
        ("recorded", "2"),
        ("recorded", "1"),
    ]
    assert counted(world, buyer) == {
        ("workflow_executions", MONTH): 2,
        ("active_users", MONTH): 2,
        ("peak_nodes", MONTH): 5,
    }


class Busy:
    """DynamoDB's client, whose first transactions meet another writer's."""

    def __init__(self, client: Any, times: int) -> None:
        self.client, self.times, self.calls = client, times, 0

    def transact_write_items(self, **request: Any) -> Any:
        self.calls += 1
        if self.calls <= self.times:
            error: Any = {"Error": {"Code": "TransactionCanceledException", "Message": "no"}}
            error["CancellationReasons"] = [{"Code": "TransactionConflict"}]
            raise ClientError(error, "TransactWriteItems")
        return self.client.transact_write_items(**request)


def test_contention_is_no_verdict(world: World, buyer: str) -> None:
    """Contended transactions are tried again; the answer says when they gave up, and the request may be repeated."""
    event, pauses = parse(world.event(buyer, "a"), DIMENSIONS, world.now), list[int]()
    assert isinstance(event, UsageEvent)

    def record(times: int) -> Verdicts:
        client: Any = Busy(world.stores.client, times)
        stores = replace(world.stores, client=client)
        return [v.payload() for v in record_customer(buyer, [event], stores, lambda: world.now, pauses.append)]

    with pytest.raises(Contended):
        record(10**6)
    assert pauses == list(range(TRIES - 1))
    assert stored(world, buyer) == set()
    assert brief(record(3)) == ["recorded 08"]
    assert brief(record(0)) == ["duplicate 08"]


def test_the_clock_is_read_anew_by_each_attempt(world: World, buyer: str) -> None:
    client: Any = Busy(world.stores.client, 1)

    def passes(_attempt: int) -> None:
        world.now = START + 2 * HOUR + 60

    event = parse(world.event(buyer, "a"), DIMENSIONS, world.now)
    assert isinstance(event, UsageEvent)
    stores = replace(world.stores, client=client)
    [verdict] = record_customer(buyer, [event], stores, lambda: world.now, passes)
    assert brief([verdict.payload()]) == ["recorded 10 late"]
