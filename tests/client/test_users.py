"""Users are sent once where that is enough, and again where it may not be."""

from collections.abc import Callable

from runtime.clock import from_iso
from tests.client.app import App, Clock
from tests.client.door import Door
from yawl_metering.transport import Verdict

NewApp = Callable[..., App]


def seen(app: App, user: str, customer: str = "l-1") -> None:
    app.record(customer, "active_users", user=user)


def sent(door: Door) -> list[str]:
    return [body["user"] for request in door.requests for body in request]


def test_a_user_is_one_event_an_interval_and_then_of_the_month(app: App, door: Door, clock: Clock) -> None:
    for _ in range(5):
        seen(app, "ann")
        seen(app, "bob")
    app.round("all")
    assert sent(door) == ["ann", "bob"]
    for _ in range(50):
        clock.now += 3600
        seen(app, "ann")
        app.round("all")
    assert sent(door) == ["ann", "bob"]
    assert app.stats.repeated_users == 8 + 50


def test_a_user_of_another_customer_or_month_is_another(app: App, door: Door, clock: Clock) -> None:
    seen(app, "ann")
    seen(app, "ann", "l-2")
    app.round("all")
    clock.now = from_iso("2026-12-02T00:00:00Z")
    seen(app, "ann")
    app.round("all")
    assert sent(door) == ["ann"] * 3


def test_a_refused_user_is_sent_again(app: App, door: Door, clock: Clock) -> None:
    """First seen before the subscription began: the next time may count."""
    door.answer = lambda _: Verdict("refused", "before_activation")
    seen(app, "ann")
    app.round("all")
    door.answer = lambda _: None
    clock.now += 1
    seen(app, "ann")
    app.round("all")
    assert len(door.stored) == 1


def test_a_user_whose_event_waits_is_sent_again_after_an_interval(app: App, door: Door, clock: Clock) -> None:
    """The waiting event may yet be refused, for its own moment."""
    door.answer = lambda _: Verdict("retry_later", "not_active_yet")
    seen(app, "ann")
    app.round("all")
    clock.now += 29
    seen(app, "ann")
    clock.now += 2
    seen(app, "ann")
    app.round("all")
    assert len({body["id"] for request in door.requests for body in request}) == 2


def test_at_the_queue_nothing_is_known_of_the_verdict(app: App, door: Door, clock: Clock) -> None:
    door.answer = lambda _: Verdict("queued")
    seen(app, "ann")
    app.round("all")
    clock.now += 1
    seen(app, "ann")
    clock.now += 30
    seen(app, "ann")
    app.round("all")
    assert len(sent(door)) == 2


def test_a_clock_that_is_ahead_at_the_months_end_hides_no_user(app: App, door: Door, clock: Clock) -> None:
    """Usage of up to five minutes ahead counts in the month that the metering system's clock shows: the old one."""
    clock.now = from_iso("2026-12-01T00:02:00Z")
    seen(app, "ann")
    door.now = clock.now - 240
    app.process.round("all")
    assert [event.period for event in door.stored.values()] == ["2026-11"]
    clock.now += 3600
    seen(app, "ann")
    app.round("all")
    assert [event.period for event in door.stored.values()] == ["2026-11", "2026-12"]


def test_the_memory_of_users_is_bounded(new_app: NewApp, door: Door) -> None:
    app = new_app(remembered_users=10)
    for number in range(100):
        seen(app, f"user-{number}")
    app.round("all")
    users = app.process._users
    assert len(users._seen) == 10
    assert len(users._awaited) <= 10
    seen(app, "user-0")
    app.round("all")
    assert sent(door)[-1] == "user-0", "forgotten, so sent again: counted once all the same"
