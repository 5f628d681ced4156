"""What goes wrong with YAWL engines calls people: by the metrics that the connector's functions print."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.alarms.life import Life, printed
from tests.alarms.proof import prove
from tests.synthesized import Assembly
from tests.unit.yawl.access_logs.log_lines import line, notice, zipped
from tests.unit.yawl.access_logs.test_read_access_log import Aws, call
from tests.unit.yawl.gateway.conftest import Door
from tests.unit.yawl.gateway.test_engine_gateway import start
from tests.unit.yawl.reconcile.cases import DAY, NOW, A
from tests.unit.yawl.test_reconcile_functions import REACHED, Stage, look_after, read_engine
from yawl.handlers import look_after_engines, reconcile_engine
from yawl.reconcile import assembly
from yawl.state.dynamodb import DynamoDBState
from yawl.state.ports import Change, Fault, Message

#: The minute in which the clock of the tests of engines begins.
BEGINS = 100
MINUTE, HOUR = 60, 3600


@dataclass
class Watched:
    """The stage of engines with a clock that moves, and a recording of what its functions print."""

    stage: Stage
    life: Life
    now: float = NOW

    @property
    def minute(self) -> int:
        return BEGINS + int((self.now - NOW) // 60)

    def record(self, act: Callable[[], Any]) -> None:
        self.life.emf(printed(act), self.minute)

    def read(self) -> None:
        self.record(read_engine)

    def look(self) -> None:
        self.record(look_after)


Play = Callable[[Watched], Any]
PLAYS: dict[str, Play] = {}


def plays(alarm: str) -> Callable[[Play], Play]:
    """The function plays this alarm's fault, and ends when it shows."""

    def registered(play: Play) -> Play:
        PLAYS[alarm] = play
        return play

    return registered


@plays("EnginesWithoutPoll")
def not_read(watched: Watched) -> None:
    watched.stage.declare(REACHED)
    watched.look()
    watched.now += REACHED.silence_minutes * MINUTE + 1
    watched.look()


@plays("EnginesOldestGoodPoll")
def not_read_for_hours(watched: Watched) -> None:
    watched.stage.declare(REACHED)
    watched.look()
    watched.now += 12 * HOUR
    watched.look()


@plays("EnginesWithoutAnnouncement")
def not_heard_of(watched: Watched) -> None:
    watched.stage.declare(replace(REACHED, mode="push-only"))
    watched.look()
    watched.now += REACHED.silence_minutes * MINUTE + 1
    watched.look()


@plays("EnginesFaults")
def another_database(watched: Watched) -> None:
    watched.stage.declare(REACHED)
    watched.look()
    watched.stage.state().stop(Fault("test", 1))
    watched.look()


@plays("EnginesAuditDifferences")
def other_statistics(watched: Watched) -> None:
    watched.stage.declare(REACHED)
    watched.stage.log.case("1", 1, at=DAY - 60)
    watched.stage.log.started = lambda *_: 7  # type: ignore[method-assign]
    watched.read()


@plays("EnginesCasesWithoutRow")
def no_row(watched: Watched) -> None:
    watched.stage.declare(REACHED)
    watched.stage.log.cases[A] = [("1", None)]
    watched.read()
    watched.now += HOUR
    watched.read()


@plays("EnginesClockOff")
def clock_off(watched: Watched) -> None:
    watched.stage.declare(REACHED)
    watched.stage.log.clock_offset_ms = 200_000
    watched.read()
    for _ in range(2):
        watched.now += 5 * MINUTE
        watched.read()


@plays("EnginesPollsFailed")
def unreachable(watched: Watched) -> None:
    watched.stage.declare(REACHED)
    watched.stage.log.broken.add(("specifications", "*"))
    watched.read()
    for _ in range(11):
        watched.now += 5 * MINUTE
        watched.read()


@plays("EnginesOldestUnsent")
def not_sent(watched: Watched) -> None:
    stage = watched.stage
    stage.declare(REACHED)
    watched.look()
    found = Change(messages=(Message("usage", "customer-1", "{}"),))
    DynamoDBState(stage.dynamodb, "yawl-engines", "eng#1", lambda: NOW).commit(found)
    stage.sqs.delete_queue(QueueUrl=stage.queues["usage"])
    watched.now += HOUR
    watched.look()


@plays("EnginesNotAnnounced")
def not_announced(watched: Watched) -> None:
    watched.stage.declare(REACHED)
    watched.stage.log.case("0", 1, at=NOW - 121)
    watched.read()
    for key in range(2, 22):
        watched.stage.log.case(str(key), key, at=NOW - 121)
    watched.now += MINUTE
    watched.read()


@pytest.mark.parametrize("alarm", PLAYS)
def test_people_are_called(alarm: str, priced: Assembly, engine_stage: Stage) -> None:
    watched = Watched(engine_stage, Life(priced))
    # It ends before the stage takes back its own clock; else that one would stay for other tests.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runtime.clock.now", lambda: watched.now)
        patch.setattr("yawl.reconcile.log_starts.time.sleep", lambda _seconds: None)
        patch.setattr(assembly.Parts.__init__, "__defaults__", (None, None, None, lambda: watched.now))
        for module in (reconcile_engine, look_after_engines):
            module.parts.cache_clear()
        PLAYS[alarm](watched)
    prove(watched.life, alarm, shows=watched.minute)


def test_announcements_with_a_wrong_secret(priced: Assembly, gateway: Door) -> None:
    life = Life(priced)
    for minute in range(BEGINS, BEGINS + 20):
        life.emf(printed(lambda: gateway.post(start(), secret="wrong")), minute)
    prove(life, "EnginesAnnouncementsRefused", shows=BEGINS + 19)


def test_an_access_log_that_bills_nobody(priced: Assembly, access_logs: Aws) -> None:
    life = Life(priced)
    access_logs.put(zipped([line(), line()[:60]]))
    life.emf(printed(lambda: call(notice())), BEGINS)
    prove(life, "EnginesAccessLogsRefused", shows=BEGINS)


#: Those that have a test of their own above.
PLAYED = {*PLAYS, "EnginesAnnouncementsRefused", "EnginesAccessLogsRefused"}
