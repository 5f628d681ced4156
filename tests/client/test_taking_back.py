"""The client takes events back: after the event's own verdict, whatever dies on the way, and never twice."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.usage_events import event_key
from tests.client.app import App, Clock, refused_lines, restore
from tests.client.crashing import Crashed, Disk
from tests.client.door import Door
from tests.client.test_delivery import LATER
from tests.client.usage_api import UsageApi
from tests.contracts.stores import Ledger
from yawl_metering import InvalidUsage, Settings, UsageClient

NewApp = Callable[..., App]
WORKFLOW = "workflow_executions"


def named(app: App, event_id: str = "case-1", quantity: int = 3) -> None:
    app.record(dimension=WORKFLOW, quantity=quantity, event_id=event_id)


def sent(door: Door) -> list[str]:
    """What each body of each request is about."""
    return [f"void {body['void']}" if "void" in body else body["id"] for request in door.requests for body in request]


def test_what_was_recorded_is_taken_back(app: App, door: Door) -> None:
    named(app)
    named(app, "case-2", 4)
    app.deliver_all()
    app.void("case-1")
    app.deliver_all()
    assert sent(door) == ["case-1", "case-2", "void case-1"]
    assert door.requests[-1] == [{"void": "case-1", "source": "app", "customerIdentifier": "l-1"}]
    assert door.totals() == {("l-1", WORKFLOW): 4}
    stats = app.stats
    assert (stats.recorded, stats.voided, stats.pending, stats.live_bytes) == (2, 1, 0, 0)


def test_a_void_is_sent_when_its_event_has_its_verdict_and_not_before(app: App, door: Door, clock: Clock) -> None:
    door.answer = lambda event: LATER if event.id == "case-1" and clock.now < later else None
    later = clock.now + 7200
    named(app)
    app.void("case-1")
    app.void("case-0")
    app.round("all")
    assert sent(door) == ["case-1", "void case-0"], "of another it may be sent"
    assert (due := app.process.spool.next_due()) is not None
    assert due > clock.now, "nobody spins"
    while clock.now < later + 600:
        clock.now += 300
        app.round()
    assert sent(door)[-2:] == ["case-1", "void case-1"]
    assert door.totals() == {}


@pytest.mark.parametrize("fault", ["before", "lost", "everyone"])
def test_a_void_never_overtakes_its_event(app: App, door: Door, clock: Clock, fault: Any) -> None:
    door.fault = lambda number: fault if number < 4 else ""
    named(app)
    app.void("case-1")
    for _ in range(40):
        clock.now += 31
        app.round()
    assert sent(door) == ["case-1"] * 4 + ["void case-1"]
    assert door.totals() == {}


def test_a_void_whose_answer_is_lost_is_sent_again(app: App, door: Door, clock: Clock) -> None:
    named(app)
    app.deliver_all()
    door.fault = lambda number: "lost" if number == 2 else ""
    app.void("case-1")
    for _ in range(3):
        clock.now += 31
        app.round()
    assert sent(door) == ["case-1", "void case-1", "void case-1"]
    assert (app.stats.duplicate, door.totals()) == (1, {})


def test_once_is_enough(app: App, door: Door) -> None:
    app.void("case-1")
    app.process.take_back("l-1", "case-1", "others", 0.0)
    app.deliver_all()
    assert sent(door) == ["void case-1"]


def test_a_void_that_is_refused_is_named(app: App, door: Door, root: Path) -> None:
    app.void("case-1")
    app.deliver_all()
    [line] = refused_lines(root)
    assert (line["reason"], line["event"]["void"]) == ("unknown_event", "case-1")
    assert app.stats.refused["unknown_event"] == 1


@pytest.mark.parametrize("after", [False, True])
def test_wherever_the_process_dies_the_next_one_takes_back(tmp_path: Path, after: bool) -> None:
    """Each write is the last one once; what had returned is done."""
    for last in itertools.count(1):
        root, door, clock = tmp_path / str(last), Door(), Clock()
        disk = Disk(root)
        disk.crash_at, disk.after = last, after
        returned = []
        app = None
        with disk.mounted():
            try:
                app = App(root, door, clock)
                named(app)
                returned.append("event")
                app.void("case-1")
                returned.append("void")
                app.deliver_all()
            except Crashed:
                pass
            else:
                break
        if app is not None:
            app.process.spool.abandon()
        there = tmp_path / f"{last}-again"
        restore(there, disk.left)
        App(there, door, clock).deliver_all()
        assert "event" not in returned or ("l-1", "case-1") in door.stored
        assert "void" not in returned or door.totals() == {}
    assert last > 10, "the story has more writes than that"


@pytest.mark.parametrize("event_id", ["", "a b", None, 7])
def test_an_id_that_is_none_raises(tmp_path: Path, event_id: Any) -> None:
    with UsageClient("app", Door, tmp_path) as client, pytest.raises(InvalidUsage):
        client.void("l-1", event_id)


def test_the_whole_client_against_the_usage_api(api: UsageApi, ledger: Ledger, tmp_path: Path) -> None:
    """A flush brings both, and comes back as soon as both are answered."""
    settings = Settings(flush_interval=30)
    with UsageClient.for_api("app", api.url, tmp_path, region="us-east-1", settings=settings) as client:
        client.record_workflow_execution("l-1", 3, execution_id="case-1", occurred_at=datetime.now(UTC))
        client.void("l-1", "case-1")
        assert client.flush(20)
        assert (client.stats().recorded, client.stats().voided) == (1, 1)
    item = ledger.event_items.get_item(Key={"customerIdentifier": "l-1", "eventId": event_key("case-1")})["Item"]
    assert item["voidedBy"] == "app"
    counted = [
        value
        for row in ledger.record_items.scan()["Items"]
        for name, value in row.items()
        if name.startswith("counted#workflow_executions")
    ]
    assert counted == [0]
