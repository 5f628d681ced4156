"""What final metering does at a moment: in which order, with which hours, and when it gives up waiting."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger.cancellation import (
    GRACE_SECONDS,
    MARGIN_SECONDS,
    EndedPeriod,
    accepts_until,
    ended_period,
    grace_ends,
    last_end,
)
from ledger.metering_record import Line, MeteringRecord, new_attempt
from ledger.subscriber import Period, Subscriber
from marketplace.hour import deadline
from metering.final.final_rules import AGAIN, WATCH, Step, cannot_be_sent, first_hour, next_step
from runtime.clock import from_iso

HOUR = 3600
EIGHT = int(from_iso("2026-11-15T08:00:00Z"))
#: The buyer cancels at 09:20: usage is refused from 10:05 on, Marketplace takes it until 10:20.
END = EIGHT + HOUR + 1200
REFUSES, GRACE = END + 2700, END + 3600
NINE, TEN, ELEVEN = EIGHT + HOUR, EIGHT + 2 * HOUR, EIGHT + 3 * HOUR
IDENTITY = {"integration": "legacy", "productCode": "p", "customerIdentifier": "c"}
DONE, REFUSE, THE_END = Step(name="done"), Step(name="refuse"), Step(name="end")


def subscriber(status: str = "pending_cancellation", *later: Period, **changes: Any) -> Subscriber:
    made = Subscriber(
        customer_identifier="c",
        integration="legacy",
        status=status,  # type: ignore[arg-type]
        status_changed_at=END,
        active_periods=(Period(EIGHT - 86400, END), *later),
    )
    return replace(made, **changes)


LEAVING = subscriber()
REFUSING = subscriber("final_metering")


def open_hour(hour: int, state: str = "open") -> MeteringRecord:
    return MeteringRecord(customer_identifier="c", hour=hour, state=state, version=1, pending="true")


def sealed_hour(hour: int, verdict: str | None = None, **changes: Any) -> MeteringRecord:
    line = Line(dimension="d", quantity=Decimal(1), counted=Decimal(1), deadline=deadline(hour), verdict=verdict)
    return replace(
        open_hour(hour, "sealed"), lines={"d": replace(line, **changes)}, identity=IDENTITY, sent_timestamp=hour
    )


def step(customer: Subscriber | None, now: float, *records: MeteringRecord, sent: bool = False, **more: Any) -> Step:
    return next_step(customer, END, records, now=now, sent=sent, **more)


def send(*hours: int, unsendable: tuple[int, ...] = ()) -> Step:
    return Step(
        name="send", hours=tuple(("c", hour) for hour in hours), unsendable=tuple(("c", hour) for hour in unsendable)
    )


def wait(until: float) -> Step:
    return Step(name="wait", until=until)


# --- times ------------------------------------------------------------------------------------------------------------


def test_the_grace_counts_from_the_end_and_a_quarter_of_it_is_for_sending() -> None:
    assert (GRACE_SECONDS, MARGIN_SECONDS) == (3600, 900)
    assert (accepts_until(END), grace_ends(END)) == (REFUSES, GRACE)


def test_an_ended_period_is_found_by_its_end() -> None:
    again = subscriber("pending_cancellation", Period(END + 60, END + 300))
    assert ended_period(again, END) == EndedPeriod(END, next_start=END + 60)
    assert ended_period(again, END + 300) == EndedPeriod(END + 300)
    assert [ended_period(again, END).is_last, ended_period(again, END + 300).is_last] == [False, True]  # type: ignore[union-attr]
    assert ended_period(again, END + 1) is None
    assert ended_period(None, END) is None
    assert (last_end(again), last_end(LEAVING), last_end(subscriber("active", Period(END + 60)))) == (
        END + 300, END, None,
    )  # fmt: skip


def test_hours_that_are_not_read_passed_their_deadline_long_ago() -> None:
    assert deadline(first_hour(END) - HOUR) < END - 29 * 86400
    assert first_hour(END) % HOUR == 0


def test_an_unsealed_hour_past_its_deadline_is_sealed_before_the_end() -> None:
    """It still takes from the balance, or adds to it."""
    old = EIGHT - 48 * HOUR
    assert step(REFUSING, REFUSES, open_hour(old)) == send(old)
    assert step(REFUSING, REFUSES, sealed_hour(old)) == THE_END, "its lines are the next run's to name"


# --- before usage is refused ------------------------------------------------------------------------------------------


def test_at_once_the_closed_hours_are_sent_and_the_running_one_is_left_open() -> None:
    assert step(LEAVING, END + 1, open_hour(EIGHT), open_hour(NINE)) == send(EIGHT)
    assert step(LEAVING, END + 1, open_hour(EIGHT), open_hour(NINE), sent=True) == wait(REFUSES)
    assert step(LEAVING, END + 1, open_hour(NINE)) == wait(REFUSES)


def test_an_hour_is_closed_at_its_end_not_at_the_hourly_runs_delay() -> None:
    assert step(LEAVING, TEN - 1, open_hour(NINE)) == wait(REFUSES)
    assert step(LEAVING, TEN, open_hour(NINE)) == send(NINE)


def test_nothing_is_refused_a_second_before_its_time() -> None:
    assert step(LEAVING, REFUSES - 1) == wait(REFUSES)
    assert step(LEAVING, REFUSES) == REFUSE


def test_usage_is_refused_before_records_are_looked_for() -> None:
    """H9b: sealed first, an hour could be opened behind its back."""
    assert step(LEAVING, REFUSES, open_hour(NINE), open_hour(TEN)) == REFUSE
    assert step(LEAVING, GRACE + 7200, open_hour(NINE), open_hour(TEN)) == REFUSE


# --- the last hours ---------------------------------------------------------------------------------------------------


def test_the_running_hour_is_sealed_and_sent_too() -> None:
    assert step(REFUSING, REFUSES, open_hour(NINE), open_hour(TEN, "closing")) == send(NINE, TEN)


@pytest.mark.parametrize("verdict", [None, "rejected"])
def test_a_line_without_a_final_answer_is_sent_every_minute_of_the_grace(
    verdict: str | None,
) -> None:
    waiting = sealed_hour(TEN, verdict)
    assert step(REFUSING, REFUSES, waiting) == send(TEN)
    assert step(REFUSING, REFUSES, waiting, sent=True) == wait(REFUSES + AGAIN)
    assert step(REFUSING, GRACE - 1, waiting, sent=True) == wait(GRACE - 1 + AGAIN)
    assert step(REFUSING, GRACE, waiting, sent=True) == THE_END


def test_a_line_that_another_run_may_be_sending_is_not_answered_yet() -> None:
    """If that run has died, the grace is all the time the line has: cancelling now would leave it to no one."""
    now = accepts_until(END) + 60.0
    record = sealed_hour(NINE)
    line = replace(record.lines["d"], attempts=frozenset({new_attempt(now)}))
    under_way = replace(record, lines={"d": line})
    assert step(subscriber("final_metering"), now, under_way) == send(NINE)
    assert step(subscriber("final_metering"), now, under_way, sent=True) == wait(now + AGAIN)


def test_a_verdict_that_the_grace_cannot_change_is_an_answer() -> None:
    parked = sealed_hour(TEN, "not_subscribed", at=REFUSES, status_changed_at=END)
    assert step(REFUSING, REFUSES + 1, parked) == THE_END
    woken = replace(REFUSING, status_changed_at=END + 5)
    assert step(woken, REFUSES + 1, parked) == send(TEN)


def test_an_hour_that_was_sealed_without_an_identity_is_never_sent() -> None:
    assert step(REFUSING, REFUSES, replace(sealed_hour(TEN), identity={})) == THE_END


def test_the_subscription_ends_as_soon_as_every_line_is_answered() -> None:
    assert step(REFUSING, REFUSES, sent=True) == THE_END
    assert step(REFUSING, REFUSES) == THE_END
    assert step(REFUSING, REFUSES, sealed_hour(TEN, "billed")) == THE_END


def test_a_later_hour_of_the_grace_waits_until_it_begins() -> None:
    """H9d; and usage beyond an hour that was sealed early. Marketplace takes no timestamp of the future."""
    end = TEN + 600  # refuses at 10:55, grace until 11:10
    customer = subscriber("final_metering", active_periods=(Period(EIGHT, end),))
    records = [open_hour(TEN), open_hour(ELEVEN)]

    def at(now: float, *found: MeteringRecord, sent: bool = False) -> Step:
        return next_step(customer, end, found, now=now, sent=sent)

    assert at(accepts_until(end), *records) == send(TEN)
    assert at(accepts_until(end), sealed_hour(TEN), *records[1:], sent=True) == wait(accepts_until(end) + AGAIN)
    assert at(accepts_until(end) + 9, *records[1:], sent=True) == wait(ELEVEN)
    assert at(ELEVEN - 1, *records[1:]) == wait(ELEVEN)
    assert at(ELEVEN, *records[1:]) == send(ELEVEN)
    # sealed by an earlier final metering: the same
    assert at(ELEVEN - 1, sealed_hour(ELEVEN)) == wait(ELEVEN)
    assert at(ELEVEN, sealed_hour(ELEVEN)) == send(ELEVEN)


def test_an_hour_counts_from_the_timestamp_that_it_is_sent_with() -> None:
    """The activation inside the hour: it may lie in the future by a clock that is behind."""
    customer = subscriber("final_metering", active_periods=(Period(EIGHT, NINE), Period(TEN + 60, TEN + 90)))
    end = TEN + 90
    assert next_step(customer, end, [open_hour(TEN)], now=accepts_until(end), sent=False) == send(TEN)
    activated = subscriber("active", Period(TEN + 330))
    assert step(activated, REFUSES, open_hour(TEN)) == DONE, "it begins at 10:05:30"
    assert step(activated, TEN + 330, open_hour(TEN)) == send(TEN)


def test_an_hour_that_begins_after_the_grace_is_sealed_and_never_sent() -> None:
    assert step(REFUSING, REFUSES, open_hour(TEN), open_hour(ELEVEN)) == send(TEN, unsendable=(ELEVEN,))
    assert step(REFUSING, REFUSES, sealed_hour(ELEVEN), sent=True) == THE_END
    assert cannot_be_sent(sealed_hour(ELEVEN), END, REFUSES)
    assert not cannot_be_sent(sealed_hour(TEN), END, REFUSES), "it can"
    assert not cannot_be_sent(sealed_hour(TEN), END, TEN - 60), "it waits for its time"
    assert not cannot_be_sent(sealed_hour(ELEVEN), END, ELEVEN + 1), "it has begun: Marketplace decides"
    assert not cannot_be_sent(open_hour(ELEVEN), END, REFUSES)


def test_moments_count_to_the_second() -> None:
    """An hour that begins at the end of the grace, now, or at the next activation."""
    assert cannot_be_sent(sealed_hour(ELEVEN), ELEVEN - GRACE_SECONDS, REFUSES), "it begins as the grace ends"
    assert cannot_be_sent(sealed_hour(ELEVEN), END, ELEVEN), "it begins now, after the grace"
    assert step(REFUSING, ELEVEN, open_hour(ELEVEN)) == send(ELEVEN), "it begins now, so it is sent"
    again = subscriber("active", Period(ELEVEN))
    assert step(again, ELEVEN, open_hour(ELEVEN)) == send(ELEVEN), "it begins at the next activation"
    assert step(again, ELEVEN + 3600, open_hour(ELEVEN + 3600)) == DONE
    end = ELEVEN - GRACE_SECONDS
    ended = subscriber("final_metering", active_periods=(Period(EIGHT, end),))

    def at(*found: MeteringRecord) -> Step:
        return next_step(ended, end, found, now=accepts_until(end), sent=False)

    assert at(open_hour(ELEVEN)) == send(unsendable=(ELEVEN,)), "it begins as the grace ends"
    assert at(sealed_hour(ELEVEN)) == THE_END, "and is not waited for"


def test_an_hour_that_cannot_be_sealed_delays_the_end_and_is_tried_again() -> None:
    assert step(REFUSING, GRACE + 5, open_hour(NINE)) == send(NINE)
    assert step(REFUSING, GRACE + 5, open_hour(NINE), sent=True) == wait(GRACE + 5 + WATCH)
    assert step(REFUSING, GRACE + 5, open_hour(NINE, "closing"), sent=True) == wait(GRACE + 5 + WATCH)
    assert step(REFUSING, GRACE + 5, unreadable=True) == wait(GRACE + 5 + WATCH)


@pytest.mark.parametrize("late", [1800, 7200])
def test_a_late_notice_starts_every_step_at_once(late: int) -> None:
    now = END + max(late, 2700)
    records = [open_hour(NINE), open_hour(TEN)]
    assert step(LEAVING, now, *records) == REFUSE
    assert step(REFUSING, now, *records) == send(NINE, TEN)


# --- whose turn it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [END, REFUSES, GRACE + 1])
def test_an_end_that_was_not_the_first_has_nothing_to_do(now: float) -> None:
    """Two endings of one period: the earlier one ends it."""
    earlier = subscriber(active_periods=(Period(EIGHT - 86400, END - 60),))
    assert step(earlier, now, open_hour(NINE)) == DONE
    assert step(None, now) == DONE


def test_a_cancelled_subscriber_needs_nothing_more() -> None:
    assert step(subscriber("cancelled"), GRACE, sealed_hour(TEN)) == DONE


def test_a_restarted_final_metering_continues_its_own_work() -> None:
    """H9e: a restarted execution finds ``final_metering``, not ``pending_cancellation``."""
    assert step(REFUSING, REFUSES + 60, open_hour(TEN)) == send(TEN)


def test_after_a_resubscription_only_the_old_periods_hours_are_finished() -> None:
    again = subscriber("active", Period(TEN + 120))  # 10:02, before usage of the old period was refused
    records = [sealed_hour(NINE), open_hour(TEN), open_hour(ELEVEN)]
    assert step(again, REFUSES, *records) == send(NINE, TEN)
    assert step(again, REFUSES, *records, sent=True) == wait(REFUSES + AGAIN)
    assert step(again, REFUSES, open_hour(ELEVEN)) == DONE
    assert step(again, ELEVEN, open_hour(ELEVEN)) == DONE
    assert step(again, GRACE, sealed_hour(NINE), sent=True) == DONE
    before = subscriber("active", Period(NINE + 1800))
    assert step(before, REFUSES, open_hour(TEN)) == DONE, "the new period's alone"


def test_the_last_of_two_ended_periods_cancels_and_the_first_does_not() -> None:
    both = subscriber("final_metering", Period(END + 60, END + 120))
    assert next_step(both, END, [], now=GRACE, sent=False) == DONE
    assert next_step(both, END + 120, [], now=GRACE, sent=False) == THE_END
