"""Nobody is called while all is well: a quiet hour, an idle account, a first day, a deployment, a month's end, and a
thousandth of all calls that fail and are repeated."""

from random import Random

import pytest

from tests.alarms.life import Life, Ordinary
from tests.alarms.test_aws_metrics import FUNCTIONS, TABLES
from tests.synthesized import Assembly

HOUR, DAY = 60, 24 * 60
#: A rate's first call comes one interval after its schedule is made, and within a minute of its time.
FIRST_LOOK = 6


@pytest.fixture
def life(priced: Assembly) -> Life:
    return Life(priced)


def traffic(life: Life, minutes: range, requests: int = 20) -> None:
    """Requests that are answered, functions that do their work, and queues that are emptied."""
    for minute in minutes:
        life.answered(minute, times=requests)
        for function in FUNCTIONS:
            life.invoked(function, minute)
        life.table("yawl-usage-events", "ThrottledRequests", minute, 0)
    for queue in life.queues:
        life.queue(queue, minutes, age=20 if not queue.endswith("DeadLettersQueue") else 0)


def test_a_quiet_hour(life: Life, ordinary: Ordinary) -> None:
    ordinary.live(life, range(6 * HOUR))
    traffic(life, range(4 * HOUR, 6 * HOUR))
    assert life.judged(range(HOUR, 6 * HOUR)).calls == []


def test_an_idle_account(life: Life, ordinary: Ordinary) -> None:
    """Only what is called by the clock."""
    ordinary.live(life, range(2 * DAY))
    assert life.judged(range(HOUR, 2 * DAY)).calls == []


@pytest.mark.parametrize("deployed", [0, 8, 10, 37, 59])
def test_a_first_day(deployed: int, life: Life, ordinary: Ordinary) -> None:
    """Whenever in the hour it is deployed: no value is older, and the alarms are made right after the schedules."""
    for minute in range(deployed + FIRST_LOOK, deployed + DAY, 5):
        life.emf(ordinary.look, minute)
        life.emf(ordinary.engines, minute)
    for minute in range(11, deployed + DAY, HOUR):
        if minute > deployed:
            life.emf(ordinary.report, minute)
    assert life.judged(range(deployed + 1, deployed + DAY)).calls == []


@pytest.mark.parametrize("at", [5 * HOUR, 5 * HOUR + 12, 5 * HOUR + 57])
def test_a_deployment(at: int, life: Life, ordinary: Ordinary) -> None:
    """A look is missing, two calls of each function fail, some are refused, and all alarms are made anew."""
    ordinary.live(life, range(at))
    ordinary.live(life, range(at + 9, 8 * HOUR))
    for function in FUNCTIONS:
        if function != "registration":
            life.invoked(function, at, 5, errors=2)
    life.invoked("settle-hours", at, throttles=3)
    life.answered(at, "502", "INTEGRATION_FAILURE", times=2)
    assert life.judged(range(HOUR, 8 * HOUR)).calls == []
    assert life.judged(range(at + 2, 8 * HOUR)).calls == []


def test_a_months_end(life: Life, ordinary: Ordinary) -> None:
    """On the 1st, runs every five minutes from 05:00 to 06:00 besides those of the hours."""
    ordinary.live(life, range(DAY))
    for minute in range(5 * HOUR, 6 * HOUR, 5):
        life.emf(ordinary.report, minute + 1)
    assert life.judged(range(HOUR, DAY)).calls == []


@pytest.mark.parametrize("seed", range(2))
def test_one_call_in_a_thousand_fails(seed: int, life: Life, ordinary: Ordinary) -> None:
    """At the API one request a second; each function once a minute, as often as the API, or every five minutes.

    At DynamoDB 50 requests a second are throttled so, and five answered with its own errors: it has none on a good day.
    """
    chance = Random(seed)
    minutes = range(6 * HOUR)
    ordinary.live(life, minutes)

    def failed(calls: int) -> int:
        """Of so many calls; the distance between two that fail is drawn."""
        number, at = 0, int(chance.expovariate(0.001))
        while at < calls:
            number, at = number + 1, at + 1 + int(chance.expovariate(0.001))
        return number

    for minute in minutes:
        bad = failed(60)
        life.answered(minute, times=60 - bad)
        if bad:
            life.answered(minute, "502", "INTEGRATION_FAILURE", times=bad)
        for function in FUNCTIONS:
            if function.startswith("look-after") and minute % 5:
                continue
            calls = 60 if function in ("usage", "usage-queue") else 1
            # Buyers do not register once a minute.
            errors = failed(calls) if function != "registration" else 0
            life.invoked(function, minute, calls, errors=errors, throttles=failed(calls))
        for table in TABLES.values():
            life.table(table, "SystemErrors", minute, failed(300))
            life.table(table, "ThrottledRequests", minute, failed(3000))
    assert life.judged(range(HOUR, 6 * HOUR)).calls == []
