"""Usage is recorded once, in an hour that can still be billed, or refused by name; nothing between."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ledger.hour import hour_of
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from ledger.transaction import Contended
from ledger.usage_events import EVENT_LIFETIME, event_key, mark_key
from runtime.clock import from_iso, iso
from tests.contracts.stores import Ledger
from tests.scenarios.world import DIMENSIONS, START, World
from tests.scenarios.world import world as new_world
from usage.record_usage import ATTEMPTS, record_customer
from usage.report_usage import report_usage
from usage.usage_event import parse

MINUTE, HOUR, DAY = 60, 3600, 86400
MONTH = "2026-11"
NOW = START + 1800
Verdicts = list[dict[str, Any]]


@pytest.fixture(scope="module")
def made() -> Iterator[World]:
    with pytest.MonkeyPatch.context() as env:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            env.setenv(name, "testing")
        with new_world() as once:
            yield once


@pytest.fixture
def world(made: World) -> World:
    """One world for all, emptied for each: moto's transactions copy whatever there is."""
    Ledger(made.dynamodb).clear()
    made.now = NOW
    return made


@pytest.fixture
def buyer(world: World) -> str:
    return world.buyer()


def brief(verdicts: Verdicts) -> list[str]:
    """``recorded 08``, ``recorded 09 late``, ``refused too_old`` …"""
    return [
        " ".join(
            part
            for part in (v["verdict"], v.get("hour", "")[11:13], "late" if v.get("late") else "", v.get("reason", ""))
            if part
        )
        for v in verdicts
    ]


def counted(world: World, buyer: str, hour: float = START) -> dict[tuple[str, str], Decimal]:
    record = world.records.get(buyer, hour_of(hour))
    return dict(record.counted) if record else {}


def stored(world: World, buyer: str) -> set[str]:
    answer = world.dynamodb.Table(world.events.table_name).query(
        KeyConditionExpression="customerIdentifier = :c", ExpressionAttributeValues={":c": buyer}
    )
    return {str(item["eventId"]) for item in answer["Items"]}


def seal(world: World, buyer: str, hour: float = START) -> None:
    assert world.sealer.seal_hour(buyer, hour_of(hour)) == "sealed"


# --- verdicts ---------------------------------------------------------------------------------------------------------

NESTED = {"a": [{"b": []}]}
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("unknown_dimension", {"dimension": "no_such"}),
    ("unknown_dimension", {"dimension": None}),
    ("unknown_dimension", {"dimension": NESTED}),
    ("unknown_dimension", {"dimension": "\ud800"}),
    *(("bad_quantity", {"quantity": quantity}) for quantity in (True, None, "junk", "\ud800", "1_0", NESTED, [], 0.5)),
    *(
        ("bad_quantity", {"quantity": Decimal(quantity)})
        for quantity in ("NaN", "Infinity", "1e400", "-1", "0.0000001", "9" * 30, "1." + "0" * 70 + "1", "1000000001")
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
    *(("bad_event", {"tags": tags}) for tags in ([], {"a": 1}, {"": "b"}, {"\ud800": "b"}, NESTED)),
    *(("bad_event", {"customerIdentifier": customer}) for customer in ("", "a|b", "\ud800", None, NESTED)),
    ("bad_event", {"colour": "blue"}),
]


def test_every_refusal_is_named_and_costs_the_others_of_its_batch_nothing(world: World, buyer: str) -> None:
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


def test_usage_of_somebody_unknown_is_kept_by_the_sender(world: World) -> None:
    assert brief(world.report(world.event("nobody", "a"))) == ["retry_later unknown_customer"]
    assert stored(world, "nobody") == set()


def test_usage_before_the_activation_is_kept_by_the_sender_and_taken_later(world: World) -> None:
    buyer = world.buyer(active_from=None)
    event = world.event(buyer, "a")
    assert brief(world.report(event)) == ["retry_later not_active_yet"]
    assert stored(world, buyer) == set()
    world.change(buyer, subscriptionStatus="active", activePeriods=[{"start": int(NOW) + 60}])
    world.now += 120
    assert brief(world.report(event)) == ["recorded 08"]


def ended(world: World, buyer: str, at: float, accepts_until: float, status: str = "pending_cancellation") -> None:
    world.change(
        buyer,
        subscriptionStatus=status,
        activePeriods=[{"start": int(START - DAY), "end": int(at)}],
        statusChangedAt=int(at),
        acceptsUntil=int(accepts_until),
    )


def test_a_leavers_usage_is_taken_until_accepts_until(world: World, buyer: str) -> None:
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


def test_a_new_subscription_takes_usage_of_both_periods_and_not_of_between(world: World, buyer: str) -> None:
    world.change(
        buyer,
        activePeriods=[{"start": int(START - DAY), "end": int(START - 3 * HOUR)}, {"start": int(START - HOUR)}],
    )
    events = [world.event(buyer, f"e{h}", occurredAt=iso(START - h * HOUR)) for h in (4, 2, 1)]
    assert brief(world.report(*events)) == ["recorded 08 late", "refused before_activation", "recorded 07"]


# --- once -------------------------------------------------------------------------------------------------------------


def test_an_event_counts_once_in_a_batch_and_over_requests_and_after_its_hour_is_sealed(
    world: World, buyer: str
) -> None:
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
def test_what_was_recorded_stays_so_whatever_has_become_of_the_customer(
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


# --- users and highest counts -----------------------------------------------------------------------------------------


def user(world: World, buyer: str, event_id: str, name: str, **changes: Any) -> dict[str, Any]:
    return world.event(buyer, event_id, dimension="active_users", user=name, **changes)


def test_a_user_counts_once_a_month_over_batches_and_hours(world: World, buyer: str) -> None:
    verdicts = world.report(*(user(world, buyer, f"{name}{n}", name) for n in range(2) for name in ("ann", "bob")))
    assert [(v["verdict"], v["counted"]) for v in verdicts] == [("recorded", n) for n in ("1", "1", "0", "0")]
    assert world.report(user(world, buyer, "again", "ann"), user(world, buyer, "new", "cid"))[0]["counted"] == "0"
    assert counted(world, buyer) == {("active_users", MONTH): 3}
    world.now += HOUR
    assert [v["counted"] for v in world.report(user(world, buyer, "h9", "ann"), user(world, buyer, "d9", "dan"))] == [
        "0",
        "1",
    ]
    assert counted(world, buyer, START + HOUR) == {("active_users", MONTH): 1}


def test_a_user_who_was_counted_opens_no_hour(world: World, buyer: str) -> None:
    world.report(user(world, buyer, "a", "ann"))
    world.now += HOUR
    assert world.report(user(world, buyer, "b", "ann"))[0]["counted"] == "0"
    assert world.records.get(buyer, hour_of(world.now)) is None
    assert brief(world.report(user(world, buyer, "b", "ann"))) == ["duplicate 09"]


def test_the_month_of_a_user_is_that_of_the_use_and_the_invoice_that_of_the_hour(world: World) -> None:
    """H14a: an October event that arrives in November must not count its user in November."""
    world.now = from_iso("2026-11-01T00:20:00Z")
    buyer = world.buyer(active_from=world.now - DAY)
    october, november = "2026-10-31T23:50:00Z", "2026-11-01T00:10:00Z"
    seen = [("a", "ann", october), ("b", "ann", november), ("c", "bob", october), ("d", "ann", october)]
    verdicts = world.report(*(user(world, buyer, i, name, occurredAt=at) for i, name, at in seen))
    assert [v["counted"] for v in verdicts] == ["1", "1", "1", "0"]
    assert counted(world, buyer, from_iso(october)) == {("active_users", "2026-10"): 2}
    assert counted(world, buyer, world.now) == {("active_users", MONTH): 1}
    late = world.report(user(world, buyer, "e", "cid", occurredAt="2026-10-31T20:00:00Z"))
    assert brief(late) == ["recorded 00 late"]
    assert counted(world, buyer, world.now) == {("active_users", MONTH): 1, ("active_users", "2026-10"): 1}


def peak(world: World, buyer: str, event_id: str, quantity: float | str, **changes: Any) -> dict[str, Any]:
    return world.event(buyer, event_id, str(quantity), dimension="peak_nodes", **changes)


def test_only_what_exceeds_the_months_highest_count_is_added(world: World, buyer: str) -> None:
    verdicts = world.report(*(peak(world, buyer, f"p{n}", q) for n, q in enumerate([3, 5, 4])))
    assert [v["counted"] for v in verdicts] == ["3", "2", "0"]
    world.now += HOUR
    verdicts = world.report(*(peak(world, buyer, f"q{n}", q) for n, q in enumerate([5, "7.5", 2])))
    assert [v["counted"] for v in verdicts] == ["0", "2.5", "0"]
    assert counted(world, buyer) == {("peak_nodes", MONTH): 5}
    assert counted(world, buyer, world.now) == {("peak_nodes", MONTH): Decimal("2.5")}
    assert world.events.highest(buyer, "peak_nodes", MONTH) == Decimal("7.5")
    assert brief(world.report(peak(world, buyer, "p1", 5, occurredAt=iso(NOW)))) == ["duplicate 08"]


# --- which hour -------------------------------------------------------------------------------------------------------


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
    """H8: nobody might be able to send it any more."""
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


# --- races ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Meanwhile(Subscribers):
    """The subscribers' table, with something that happens right after the first read: between reading and writing."""

    real: Subscribers
    what: list[Callable[[], None]]

    def get(self, customer_identifier: str, *, consistent: bool = False) -> Subscriber | None:
        found = self.real.get(customer_identifier, consistent=consistent)
        while self.what:
            self.what.pop()()
        return found


def report_while(world: World, what: Callable[[], None], *events: dict[str, Any]) -> Verdicts:
    stores = replace(world.stores, subscribers=Meanwhile(world.subscribers, [what]))
    return [v.payload() for _, v in report_usage(list(events), DIMENSIONS, stores, lambda: world.now)]


def test_a_buyer_who_leaves_between_read_and_write_opens_no_hour(world: World, buyer: str) -> None:
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


def test_a_status_alone_that_changes_between_is_enough(world: World, buyer: str) -> None:
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
    [(_, verdict)] = report_usage([world.event(buyer, "a")], DIMENSIONS, stores, lambda: world.now)
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
    """DynamoDB's client, whose first transactions meet somebody else's; moto has no contention of its own."""

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
    """Transactions that meet others are tried again; who gives up says so, and a repeat of the request is safe."""
    event, pauses = parse(world.event(buyer, "a"), DIMENSIONS), list[int]()

    def record(times: int) -> Verdicts:
        client: Any = Busy(world.stores.client, times)
        stores = replace(world.stores, client=client)
        return [v.payload() for v in record_customer(buyer, [event], stores, lambda: world.now, pauses.append)]

    with pytest.raises(Contended):
        record(10**6)
    assert pauses == list(range(ATTEMPTS - 1))
    assert stored(world, buyer) == set()
    assert brief(record(3)) == ["recorded 08"]
    assert brief(record(0)) == ["duplicate 08"]


def test_the_clock_is_read_anew_by_each_attempt(world: World, buyer: str) -> None:
    client: Any = Busy(world.stores.client, 1)

    def passes(_attempt: int) -> None:
        world.now = START + 2 * HOUR + 60

    event = parse(world.event(buyer, "a"), DIMENSIONS)
    stores = replace(world.stores, client=client)
    [verdict] = record_customer(buyer, [event], stores, lambda: world.now, passes)
    assert brief([verdict.payload()]) == ["recorded 10 late"]


# --- a previous billing key -------------------------------------------------------------------------------------------


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


# --- large batches ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("previous", [False, True])
def test_a_hundred_new_users_in_one_request(world: World, buyer: str, previous: bool) -> None:
    """H16: more than one transaction takes; each of them adds its part."""
    if previous:
        world.change(buyer, previousIdentifier="somebody-before")
    events = [user(world, buyer, f"u{n}", f"user {n}") for n in range(100)]
    verdicts = world.report(*events)
    assert [verdict["id"] for verdict in verdicts] == [event["id"] for event in events]
    assert set(brief(verdicts)) == {"recorded 08"}
    assert counted(world, buyer) == {("active_users", MONTH): 100}
    assert mark_key("active_users", MONTH, "user 99") in stored(world, buyer)
    assert set(brief(world.report(*events))) == {"duplicate 08"}
    assert counted(world, buyer) == {("active_users", MONTH): 100}


def test_a_hundred_events_of_every_kind_for_several_customers_keep_their_order(world: World) -> None:
    buyers = [world.buyer(kind) for kind in ("license", "legacy", "license")]
    makers = [
        lambda b, n: world.event(b, f"e{n}", n),
        lambda b, n: user(world, b, f"e{n}", f"user {n % 7}"),
        lambda b, n: peak(world, b, f"e{n}", n),
        lambda b, n: world.event(b, f"e{n}", -1),
    ]
    events = [makers[n % 4](buyers[n % 3], n) for n in range(100)]
    verdicts = world.report(*events)
    assert [verdict["id"] for verdict in verdicts] == [event["id"] for event in events]
    for number, verdict in enumerate(verdicts):
        assert verdict["verdict"] == ("refused" if number % 4 == 3 else "recorded")
    for number, buyer in enumerate(buyers):
        mine = [n for n in range(100) if n % 3 == number]
        assert counted(world, buyer) == {
            ("workflow_executions", MONTH): sum(n for n in mine if n % 4 == 0),
            ("active_users", MONTH): len({n % 7 for n in mine if n % 4 == 1}),
            ("peak_nodes", MONTH): max(n for n in mine if n % 4 == 2),
        }


def test_a_hundred_times_one_event(world: World, buyer: str) -> None:
    verdicts = world.report(*([world.event(buyer, "a", 2)] * 100))
    assert brief(verdicts) == ["recorded 08"] + ["duplicate 08"] * 99
    assert counted(world, buyer) == {("workflow_executions", MONTH): 2}
    assert stored(world, buyer) == {event_key("a")}


def test_one_event_among_a_hundred_that_are_known(world: World, buyer: str) -> None:
    events = [world.event(buyer, f"e{n}") for n in range(99)]
    world.report(*events)
    verdicts = world.report(*events, world.event(buyer, "new"))
    assert brief(verdicts) == ["duplicate 08"] * 99 + ["recorded 08"]
    assert counted(world, buyer) == {("workflow_executions", MONTH): 100}
