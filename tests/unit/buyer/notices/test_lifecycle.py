"""The life of a subscription is the same for every order in which its notices arrive."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyer.notices.changes import changes
from buyer.notices.lifecycle import Lifecycle, LifecycleNotice, derive, settled_status
from ledger.subscriber import Period, Subscriber, SubscriptionStatus, from_item
from marketplace.notice import Notice
from runtime import clock

T = 1_794_700_800


def at(kind: str, seconds: float, id_: str = "") -> LifecycleNotice:
    return LifecycleNotice(id_ or f"{kind}{seconds}", kind, T * 1000 + round(seconds * 1000))  # type: ignore[arg-type]


def life(*notices: LifecycleNotice) -> Lifecycle:
    return derive(notices)


def periods(*notices: LifecycleNotice) -> list[tuple[int, int | None]]:
    return [(p.start - T, None if p.end is None else p.end - T) for p in derive(notices).periods]


def test_nothing_is_not_active_yet() -> None:
    assert life() == Lifecycle(status="pending")


def test_a_start_opens_a_period_at_its_time_rounded_up_to_a_second() -> None:
    assert periods(at("start", 10.001)) == [(11, None)]
    assert periods(at("start", 10)) == [(10, None)]


def test_an_update_of_a_live_licence_opens_no_second_period() -> None:
    assert periods(at("start", 0), at("start", 50)) == [(0, None)]
    assert life(at("start", 0), at("start", 50)).status_changed_at == T


def test_the_first_end_closes_and_later_ends_change_nothing() -> None:
    one = life(at("start", 0), at("end", 100))
    assert life(at("start", 0), at("end", 100), at("end", 3700)).periods == one.periods == (Period(T, T + 100),)
    assert one.status == "pending_cancellation"
    assert one.accepts_until == T + 100 + 45 * 60


def test_a_new_period_removes_accepts_until() -> None:
    again = life(at("start", 0), at("end", 100), at("start", 200))
    assert again.status == "active"
    assert again.accepts_until is None
    assert again.status_changed_at == T + 200


def test_an_end_without_its_start_is_not_active_yet() -> None:
    assert life(at("end", 100)) == Lifecycle(status="pending", action="")


def test_an_end_that_overtook_its_start_closes_the_period_all_the_same() -> None:
    assert periods(at("end", 100), at("start", 0)) == [(0, 100)]


def test_at_equal_seconds_active_wins() -> None:
    """EventBridge cuts to seconds, SNS does not: a re-subscription in the second of the end stays active."""
    both = life(at("start", 0), at("end", 100.9), at("start", 100.2))
    assert both.status == "active"
    assert [(p.start - T, p.end) for p in both.periods] == [(0, T + 100), (101, None)]


def test_failed_only_if_never_active() -> None:
    assert life(at("fail", 5)).status == "failed"
    assert life(at("fail", 5), at("start", 9)).status == "active"
    assert life(at("start", 1), at("fail", 5)).status == "active"
    assert life(at("start", 1), at("end", 2), at("fail", 5)).status == "pending_cancellation"


def stored(status: SubscriptionStatus, *ps: Period) -> Subscriber:
    return Subscriber(
        customer_identifier="c",
        integration="legacy",
        status=status,
        active_periods=ps,
        status_changed_at=T + 999,
    )


@pytest.mark.parametrize("status", ["final_metering", "cancelled"])
def test_what_final_metering_wrote_stands_for_its_period(status: SubscriptionStatus) -> None:
    ended = life(at("start", 0), at("end", 100), at("end", 3700))
    assert settled_status(ended, stored(status, Period(T, T + 100))) == (status, T + 999)
    earlier_end = life(at("start", 0), at("end", 100), at("end", 90))
    assert settled_status(earlier_end, stored(status, Period(T, T + 100)))[0] == status


def test_a_new_period_after_the_cancellation_is_active_and_its_end_pending_again() -> None:
    cancelled = stored("cancelled", Period(T, T + 100))
    assert settled_status(life(at("start", 0), at("end", 100), at("start", 200)), cancelled)[0] == "active"
    both = life(at("start", 0), at("end", 100), at("start", 200), at("end", 300))
    assert settled_status(both, cancelled) == ("pending_cancellation", T + 300)


def test_expired_stands_while_the_licence_is_only_updated() -> None:
    expired = stored("expired", Period(T))
    assert settled_status(life(at("start", 0), at("start", 60)), expired) == ("expired", T + 999)
    assert settled_status(life(at("start", 0), at("end", 60)), expired) == ("pending_cancellation", T + 60)


notices = st.builds(
    lambda index, kind, ms: LifecycleNotice(f"n{index}", kind, T * 1000 + ms),
    st.integers(0, 30),
    st.sampled_from(["start", "end", "fail"]),
    st.integers(0, 8000),
)
sets = st.lists(notices, max_size=8, unique_by=lambda notice: notice.id)


def arrived(order: list[LifecycleNotice]) -> dict[str, object]:
    """The stored item after the notices came in this order, each written on top of what the ones before left."""
    item: dict[str, object] = {"customerIdentifier": "c", "integration": "legacy", "subscriptionStatus": "pending"}
    for entry in order:
        notice = Notice(
            id=entry.id, source="sns", action=entry.kind, kind=entry.kind, at_ms=entry.at_ms, customer_identifier="c"
        )
        change = changes(from_item(item), notice)
        item = {name: value for name, value in {**item, **change.set}.items() if name not in change.remove}
    return item


@given(sets, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_item(entries: list[LifecycleNotice], chance: random.Random) -> None:
    other = list(entries)
    chance.shuffle(other)
    assert arrived(entries) == arrived(other)


@given(sets, st.randoms(use_true_random=False))
def test_delivered_twice_is_delivered_once(entries: list[LifecycleNotice], chance: random.Random) -> None:
    again = [*entries, chance.choice(entries)] if entries else []
    assert arrived(again) == arrived(entries)


@given(sets)
def test_periods_are_in_order_and_only_the_last_may_be_open(entries: list[LifecycleNotice]) -> None:
    found = derive(entries).periods
    edges = [edge for p in found for edge in (p.start, p.end) if edge is not None]
    assert edges == sorted(edges)
    assert all(p.end is not None for p in found[:-1])


@given(sets)
def test_status_period_and_acceptance_belong_together(entries: list[LifecycleNotice]) -> None:
    derived = derive(entries)
    is_open = bool(derived.periods) and derived.periods[-1].end is None
    assert (derived.status == "active") == is_open
    assert (derived.accepts_until is None) == (is_open or not derived.periods)
    assert (derived.status in ("pending", "failed")) == (not derived.periods)


@given(st.integers(0, 4_000_000_000_000))
def test_a_time_survives_its_storage_to_the_millisecond(ms: int) -> None:
    item = arrived([LifecycleNotice("n", "start", ms)])
    entry = item["lifecycleNotices"]["n"]  # type: ignore[index]
    assert round(clock.from_iso(entry["at"]) * 1000) == ms
