"""Verdicts and failures: what is done with an event, and when it is sent again."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.client.app import App, Clock, refused_lines
from tests.client.crashing import Disk, failure
from tests.client.door import Door
from usage.usage_event import UsageEvent
from yawl_metering import SpoolUnwritable
from yawl_metering.transport import Unavailable, Verdict

LATER = Verdict("retry_later", "unknown_customer", "no such customer yet")
REFUSED = Verdict("refused", "before_activation", "outside every period")
NewApp = Callable[..., App]


def ids(door: Door, request: int) -> list[str]:
    return [body["id"] for body in door.requests[request]]


def test_like_calls_become_one_event_after_the_interval(app: App, door: Door, clock: Clock) -> None:
    for _ in range(100):
        app.record()
    app.round()
    assert door.requests == [], "not before the interval has passed"
    clock.now += 30
    app.round()
    [[event]] = door.requests
    assert (event["quantity"], event["customerIdentifier"], event["dimension"]) == ("100", "l-1", "api_calls")
    stats = app.stats
    assert (stats.calls, stats.merged, stats.recorded, stats.pending, stats.live_bytes) == (100, 99, 1, 0, 0)


@pytest.mark.parametrize("fault", ["before", "lost", "everyone"])
def test_a_request_that_fails_is_sent_again_unchanged(app: App, door: Door, clock: Clock, fault: Any) -> None:
    door.fault = lambda number: fault if number < 4 else ""
    app.record()
    for _ in range(40):
        clock.now += 31
        app.round()
    assert len(door.requests) == 4
    assert all(request == door.requests[0] for request in door.requests)
    assert door.totals() == {("l-1", "api_calls"): 1}
    stats = app.stats
    assert (stats.failed_requests, stats.last_error, stats.pending) == (3, "", 0)
    assert stats.duplicate == (1 if fault == "lost" else 0)


def test_the_trace_of_an_answer_is_in_the_log_and_in_the_status(
    app: App, door: Door, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    door.trace_id = "1-5759e988-bd862e3fe1be46a994272793"
    with caplog.at_level("DEBUG", logger="yawl_metering"):
        app.record()
        clock.now += 31
        app.round()
    assert app.stats.last_trace_id == door.trace_id
    assert f"usage delivered: 1 events, trace id {door.trace_id}" in caplog.messages


def test_what_was_delivered_is_not_sent_again_after_a_restart(new_app: NewApp, door: Door) -> None:
    first = new_app()
    first.record()
    first.record(dimension="worklet_invocations", event_id="named")
    first.round("all")
    first.kill()
    second = new_app()
    second.deliver_all()
    assert (len(door.requests), second.stats.adopted) == (1, 0)


def test_failures_are_tried_less_and_less_often(app: App, door: Door, clock: Clock) -> None:
    door.fault = lambda _: "everyone"
    app.process._jitter = lambda: 1.0
    app.record()
    gaps, last = [], clock.now + 30
    for _ in range(4000):
        clock.now += 1
        before = len(door.requests)
        app.round()
        if len(door.requests) > before:
            gaps.append(clock.now - last)
            last = clock.now
    assert gaps[1:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert set(gaps[10:]) == {300}


def test_jitter_takes_anything_up_to_the_backoff(app: App) -> None:
    delivery = app.process
    delivery._jitter = lambda: 0.5
    assert delivery._backoff(3) == 4
    delivery._jitter = lambda: 0.0
    assert delivery._backoff(3) == 0.1, "never at once: a loop without a pause would be the answer to a fault"


def test_a_pause_that_is_asked_for_is_kept(app: App, door: Door, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Door, "send", lambda *_: Unavailable("HTTP 429", after=100))
    app.record()
    clock.now += 30
    app.round()
    monkeypatch.undo()
    app.record("l-2")
    clock.now += 99
    app.round()
    assert door.requests == [], "not this one, and no other"
    clock.now += 2
    app.round()
    assert door.totals() == {("l-1", "api_calls"): 1, ("l-2", "api_calls"): 1}


def test_one_busy_customer_holds_up_nobody(new_app: NewApp, door: Door) -> None:
    door.one_customer = True
    door.fault = lambda number: "before" if number == 1 else ""
    app = new_app()
    for customer in ("l-1", "l-2", "l-3"):
        app.record(customer)
    app.round("all")
    assert set(door.totals()) == {("l-2", "api_calls"), ("l-3", "api_calls")}


def test_after_three_failures_in_a_row_the_others_wait(new_app: NewApp, door: Door) -> None:
    door.one_customer = True
    door.fault = lambda _: "before"
    app = new_app()
    for number in range(6):
        app.record(f"l-{number}")
    app.round("all")
    assert len(door.requests) == 3


def test_retry_later_is_kept_a_day_then_given_up_by_name(new_app: NewApp, door: Door, clock: Clock, root: Path) -> None:
    named: list[tuple[Any, str, str]] = []
    app = new_app(on_refused=lambda event, reason, message: named.append((event, reason, message)))
    door.answer = lambda _: LATER
    app.record()
    clock.now += 31
    started = clock.now
    app.round()
    while clock.now - started < 86_000:
        clock.now += 290
        app.round()
    assert app.stats.pending == 1
    assert len(door.requests) > 200
    assert named == []
    clock.now = started + 86_400 + 301
    app.round()
    stats = app.stats
    assert (stats.pending, dict(stats.refused)) == (0, {"gave_up": 1})
    [(event, reason, message)] = named
    assert (event["id"], reason) == (door.requests[0][0]["id"], "gave_up")
    assert message.startswith("unknown_customer")
    assert [line["reason"] for line in refused_lines(root)] == ["gave_up"]


def test_the_day_counts_from_the_first_answer_and_over_restarts(new_app: NewApp, door: Door, clock: Clock) -> None:
    door.answer = lambda _: LATER
    first = new_app()
    first.record()
    first.kill()
    clock.now += 5 * 86_400  # nobody could send for days
    second = new_app()
    second.round("all")
    assert second.stats.pending == 1, "the day begins with the first retry_later"
    clock.now += 80_000
    second.kill()
    third = new_app()
    third.round("all")
    assert third.stats.pending == 1
    third.kill()
    clock.now += 6_500
    fourth = new_app()
    fourth.round("all")
    assert dict(fourth.stats.refused) == {"gave_up": 1}


def test_an_event_that_could_not_be_sent_is_kept_for_ever(app: App, door: Door, clock: Clock) -> None:
    door.fault = lambda _: "everyone"
    app.record()
    for _ in range(20):
        clock.now += 86_400
        app.round()
    assert app.stats.pending == 1


def test_a_clock_that_is_ahead_loses_nothing(app: App, door: Door, clock: Clock) -> None:
    app.record()
    clock.now += 31
    real, clock.now = clock.now - 1200, clock.now
    door.now = real
    app.process.round("all")
    assert (app.stats.pending, door.totals()) == (1, {})
    door.now = real + 1200
    app.process.round("all")
    assert door.totals() == {("l-1", "api_calls"): 1}


def test_a_refused_event_is_named_kept_and_not_sent_again(
    new_app: NewApp, door: Door, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    named: list[tuple[Any, str, str]] = []
    app = new_app(on_refused=lambda event, reason, message: named.append((event, reason, message)))
    door.answer = lambda event: REFUSED if event.customer_identifier == "l-2" else None
    app.record("l-1")
    app.record("l-2", "active_users", user="ann@example.com")
    with caplog.at_level(logging.DEBUG):
        app.round("all")
        app.round("all")
    assert len(door.requests) == 1
    assert door.totals() == {("l-1", "api_calls"): 1}
    [(event, reason, _)] = named
    assert (event["user"], reason) == ("ann@example.com", "before_activation")
    [line] = refused_lines(root)
    assert (line["event"], line["reason"]) == (event, "before_activation")
    assert "before_activation" in caplog.text
    assert "ann" not in caplog.text, "users are personal data"
    assert app.stats.refused == {"before_activation": 1}


def test_a_refused_event_stays_until_it_could_be_kept(app: App, door: Door, root: Path) -> None:
    door.answer = lambda _: REFUSED
    app.record()
    (root / "refused.jsonl").mkdir()
    app.round("all")
    assert (app.stats.pending, dict(app.stats.refused)) == (1, {})
    (root / "refused.jsonl").rmdir()
    app.round("all")
    assert (app.stats.pending, len(refused_lines(root))) == (0, 1)


def test_the_file_of_refused_events_is_bounded(new_app: NewApp, door: Door, root: Path) -> None:
    app = new_app(refused_bytes=3000)
    door.answer = lambda _: REFUSED
    for number in range(40):
        app.record(event_id=f"e-{number}")
    app.round("all")
    newer, older = refused_lines(root), refused_lines(root, "refused.1.jsonl")
    assert [line["event"]["id"] for line in [*older, *newer]][-1] == "e-39"
    assert newer
    assert older
    files = list(root.glob("refused*"))
    assert len(files) == 2
    assert all(path.stat().st_size <= 3000 and path.stat().st_mode & 0o077 == 0 for path in files)


def test_a_callback_that_fails_ends_nothing(new_app: NewApp, door: Door) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the app's")

    app = new_app(on_refused=fail)
    door.answer = lambda event: REFUSED if event.customer_identifier == "l-1" else None
    app.record("l-1")
    app.record("l-2")
    app.round("all")
    assert (app.stats.pending, door.totals()) == (0, {("l-2", "api_calls"): 1})


def test_the_poison_of_a_hundred_is_found_and_named(app: App, door: Door) -> None:
    door.reject = lambda bodies: any(body["id"] == "e-57" for body in bodies)
    for number in range(100):
        app.record(event_id=f"e-{number}")
    app.round("all")
    stats = app.stats
    assert (stats.recorded, dict(stats.refused), stats.pending) == (99, {"bad_json": 1}, 0)
    assert len(door.requests) < 20


def test_what_is_rejected_with_everything_else_is_not_to_blame(app: App, door: Door, clock: Clock) -> None:
    door.reject = lambda _: True  # say, a proxy between
    for number in range(10):
        app.record(event_id=f"e-{number}")
    app.round("all")
    assert (app.stats.pending, dict(app.stats.refused)) == (10, {})
    door.reject = lambda _: False
    app.round("all")
    assert app.stats.recorded == 10


def test_a_backlog_goes_in_full_batches_of_whole_customers(app: App, door: Door) -> None:
    for number in range(230):
        app.record(f"l-{number % 2}", event_id=f"e-{number}")
    app.round("all")
    assert [len(request) for request in door.requests] == [100, 15, 100, 15]
    assert all(len({body["customerIdentifier"] for body in request}) == 1 for request in door.requests[::2])


def test_customers_share_a_request_or_have_one_each(new_app: NewApp, door: Door) -> None:
    app = new_app()
    for number in range(150):
        app.record(f"l-{number}")
    app.round("all")
    assert [len(request) for request in door.requests] == [100, 50]
    door.one_customer = True
    for number in range(5):
        app.record(f"l-{number}")
    app.round("all")
    assert [len(request) for request in door.requests[2:]] == [1] * 5


def test_batches_stay_below_the_bytes_that_are_allowed(app: App, door: Door) -> None:
    """The door reads with the API's own limit, and raises beyond it."""
    for number in range(300):
        app.record(event_id=f"e-{number}", source="\U0001f600" * 250)
    app.round("all")
    assert app.stats.recorded == 300
    assert len(door.requests) > 3


def test_nothing_is_sent_before_it_is_synced(new_app: NewApp, door: Door, root: Path) -> None:
    with Disk(root).mounted() as disk:
        app = new_app()
        app.record()
        disk.fail = lambda word: failure(sqlite3.SQLITE_IOERR_FSYNC) if word == "COMMIT" and disk.full else None
        app.round("all")
        assert door.requests == []
        assert app.stats.sync_failures == 1
        disk.fail = lambda _: None
        app.round("all")
    assert door.totals() == {("l-1", "api_calls"): 1}


def test_what_cannot_be_written_is_not_counted_and_not_sent(new_app: NewApp, door: Door, root: Path) -> None:
    with Disk(root).mounted() as disk:
        app = new_app()
        app.record()
        disk.fail = lambda _: failure(sqlite3.SQLITE_FULL, "database or disk is full")
        with pytest.raises(SpoolUnwritable, match="full"):
            app.record()
        app.round("all")
        assert door.requests == [], "an event that could not be frozen is not sent"
        disk.fail = lambda _: None
        app.deliver_all()
    assert door.totals() == {("l-1", "api_calls"): 1}


def test_a_verdict_is_for_the_event_at_its_place(app: App, door: Door) -> None:
    def odd(event: UsageEvent) -> Verdict | None:
        return LATER if int(event.id[2:]) % 2 else None

    door.answer = odd
    for number in range(10):
        app.record(event_id=f"e-{number}")
    app.round("all")
    assert {event_id for _, event_id in app.held()} == {f"e-{n}" for n in range(1, 10, 2)}
    assert ids(door, 0) == [f"e-{n}" for n in range(10)]
