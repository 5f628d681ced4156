"""Whose usage may be recorded now, to the second."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.subscriber import Period, Subscriber, SubscriptionStatus
from usage.judge_event import ACCEPT, judge

NOW = 1_795_000_000.0
MINUTE, HOUR, DAY = 60, 3600, 86400
SINCE = int(NOW) - 10 * DAY
ACTIVE = Subscriber(
    customer_identifier="c", integration="legacy", status="active", active_periods=(Period(SINCE),), version=1
)


def leaving(end: float, accepts_until: float | None, status: SubscriptionStatus = "pending_cancellation") -> Subscriber:
    until = int(accepts_until) if accepts_until is not None else None
    return replace(ACTIVE, status=status, active_periods=(Period(SINCE, int(end)),), accepts_until=until)


def verdict(occurred_at: float, subscriber: Subscriber | None = ACTIVE, now: float = NOW) -> tuple[str, str]:
    found = judge(occurred_at, subscriber, now)
    assert bool(found.message) is (found.kind != "accept")
    return found.kind, found.reason


ACCEPTED = ("accept", "")


@pytest.mark.parametrize(
    ("ahead", "expected"), [(0, ACCEPTED), (5 * MINUTE, ACCEPTED), (5 * MINUTE + 0.001, ("refused", "in_future"))]
)
def test_a_senders_clock_may_be_five_minutes_ahead(ahead: float, expected: tuple[str, str]) -> None:
    assert verdict(NOW + ahead) == expected


@pytest.mark.parametrize(
    ("age", "expected"), [(30 * DAY, ACCEPTED), (30 * DAY + 0.001, ("refused", "too_old")), (9 * DAY, ACCEPTED)]
)
def test_usage_is_taken_for_thirty_days(age: float, expected: tuple[str, str]) -> None:
    old = replace(ACTIVE, active_periods=(Period(int(NOW) - 100 * DAY),))
    assert verdict(NOW - age, old) == expected


@pytest.mark.parametrize(
    ("offset", "expected"), [(10 * MINUTE, ("refused", "in_future")), (-31 * DAY, ("refused", "too_old"))]
)
def test_a_wrong_time_is_refused_whoever_the_customer_is(offset: float, expected: tuple[str, str]) -> None:
    assert verdict(NOW + offset, None) == expected


def test_an_unknown_customer_is_kept_by_the_sender() -> None:
    assert verdict(NOW - DAY, None) == ("retry_later", "unknown_customer")


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_never_active_is_kept_by_the_sender(status: SubscriptionStatus) -> None:
    waiting = replace(ACTIVE, active_periods=(), status=status)
    assert verdict(NOW - 2 * DAY, waiting) == ("retry_later", "not_active_yet")


@pytest.mark.parametrize(
    ("before", "expected"),
    [(0, ACCEPTED), (5 * MINUTE, ACCEPTED), (5 * MINUTE + 0.001, ("refused", "before_activation"))],
)
def test_five_minutes_before_the_activation_are_its_usage(before: float, expected: tuple[str, str]) -> None:
    assert verdict(SINCE - before) == expected


PERIODS = (Period(SINCE, SINCE + HOUR), Period(SINCE + 3 * HOUR, SINCE + 4 * HOUR), Period(SINCE + 6 * HOUR))


@pytest.mark.parametrize(
    ("at", "accepted"),
    [
        (0, True),
        (HOUR, True),
        (HOUR + 5 * MINUTE, True),
        (HOUR + 5 * MINUTE + 1, False),
        (2 * HOUR, False),
        (3 * HOUR - 5 * MINUTE - 1, False),
        (3 * HOUR - 5 * MINUTE, True),
        (3 * HOUR + 1, True),
        (5 * HOUR, False),
        (6 * HOUR, True),
        (7 * HOUR, True),
    ],
)
def test_usage_lies_in_some_period_of_activity(at: float, accepted: bool) -> None:
    again = replace(ACTIVE, active_periods=PERIODS)
    assert verdict(SINCE + at, again) == (ACCEPTED if accepted else ("refused", "before_activation"))


@pytest.mark.parametrize(
    ("now_after_until", "age", "expected"),
    [
        (-1, 0, ACCEPTED),
        (-0.001, 0, ACCEPTED),
        (0, 0, ("retry_later", "just_ended")),
        (0, HOUR - 0.001, ("retry_later", "just_ended")),
        (0, HOUR, ("refused", "not_subscribed")),
        (DAY, HOUR - 1, ("retry_later", "just_ended")),
        (DAY, DAY, ("refused", "not_subscribed")),
    ],
)
def test_a_leavers_usage_until_accepts_until_and_an_hour_of_grace(
    now_after_until: float, age: float, expected: tuple[str, str]
) -> None:
    until = int(NOW)
    assert verdict(until + now_after_until - age, leaving(until, until), until + now_after_until) == expected


@pytest.mark.parametrize(
    ("after_end", "expected"),
    [(5 * MINUTE, ACCEPTED), (5 * MINUTE + 1, ("retry_later", "just_ended")), (HOUR, ("retry_later", "just_ended"))],
)
def test_usage_after_the_end_is_not_the_leavers(after_end: float, expected: tuple[str, str]) -> None:
    """A new period may be on its way, so the sender keeps it; the grace is for usage of before the end."""
    end = int(NOW) - HOUR
    assert verdict(end + after_end, leaving(end, NOW + 60)) == expected


def test_usage_after_the_end_is_refused_once_an_hour_old() -> None:
    end = int(NOW) - 3 * HOUR
    assert verdict(NOW - HOUR, leaving(end, NOW + 60)) == ("refused", "not_subscribed")


def test_an_end_without_accepts_until_takes_nothing() -> None:
    assert verdict(NOW - 1, leaving(NOW, None)) == ("retry_later", "just_ended")


@pytest.mark.parametrize("status", ["final_metering", "cancelled", "failed", "pending", "expired"])
def test_what_could_not_open_a_record_is_not_accepted(status: SubscriptionStatus) -> None:
    """Else recording would be tried again and again against a condition that cannot hold."""
    assert verdict(NOW - 60, leaving(NOW - 60, NOW + 60, status)) == ("retry_later", "just_ended")
    assert verdict(NOW - 2 * HOUR, leaving(NOW - 60, NOW + 60, status)) == ("refused", "not_subscribed")


def test_an_expired_contract_takes_no_usage_though_its_period_is_open() -> None:
    gone = replace(ACTIVE, status="expired")
    assert verdict(NOW - HOUR + 1, gone) == ("retry_later", "just_ended")
    assert verdict(NOW - HOUR, gone) == ("refused", "not_subscribed")


subscribers = st.none() | st.builds(
    lambda status, starts, end, until: replace(
        ACTIVE,
        status=status,
        active_periods=tuple(
            Period(SINCE + start * HOUR, None if end is None and start == max(starts) else SINCE + start * HOUR + 1800)
            for start in sorted(starts)
        ),
        accepts_until=until,
    ),
    st.sampled_from(["pending", "active", "failed", "pending_cancellation", "final_metering", "cancelled", "expired"]),
    st.sets(st.integers(0, 230), max_size=4),
    st.none() | st.just(0),
    st.none() | st.integers(int(NOW) - HOUR, int(NOW) + HOUR),
)


@given(st.floats(NOW - 40 * DAY, NOW + DAY), subscribers)
def test_what_is_accepted_could_open_a_record(occurred_at: float, subscriber: Subscriber | None) -> None:
    """The judgement is never wider than the condition that creating a record carries (ledger.subscribers)."""
    found = judge(occurred_at, subscriber, NOW)
    if found != ACCEPT:
        assert found.kind in ("refused", "retry_later")
        return
    assert subscriber is not None
    leaves = subscriber.status == "pending_cancellation" and (subscriber.accepts_until or 0) > int(NOW)
    assert subscriber.status == "active" or leaves
    assert any(p.start - 300 <= occurred_at <= (p.end or NOW) + 300 for p in subscriber.active_periods)


@given(st.floats(NOW - 29 * DAY, NOW), subscribers)
def test_retry_later_never_outlives_an_hour_for_a_customer_who_has_been_active(
    occurred_at: float, subscriber: Subscriber | None
) -> None:
    found: Any = judge(occurred_at, subscriber, occurred_at + HOUR)
    if subscriber is not None and subscriber.active_periods:
        assert found.kind != "retry_later"
