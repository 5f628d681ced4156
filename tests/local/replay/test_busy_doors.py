"""A busy Marketplace or table ends no run: pages and the usage API are asked again, and no unit is lost by it."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from local.cloud import Answer
from local.replay.buyers import ARRIVALS, Buyers, BuyersFailed
from local.replay.patience import Patience
from local.replay.send_usage import SendingFailed, UsageSender
from local.replay_plan import TaggedEvent
from local.stage import LocalStage
from tests.local.replay.unhurried import Unhurried

BUSY = Answer(503, {"retry-after": "5"}, '{"error": {"code": "marketplace_busy"}}', None)
THROTTLED = Answer(429, {}, '{"message": "Too Many Requests"}', None)
ACTIVE = {"subscriptionStatus": "active", "email": "a@example.com", "entitlementsFetchedAt": 2, "lastNoticeAt": 1}
HELD = [{"dimension": "basic_tier", "value": "1"}]


class Door:
    """Answers each request by ``answer(path, body, how often this one came)``; keeps what came."""

    def __init__(self, answer: Callable[[str, Any, int], Answer]) -> None:
        self._answer = answer
        self.came: Counter[str] = Counter()

    def call(self, _method: str, path: str, body: Any = None, **_: Any) -> Answer:
        self.came[f"{path} {body}"] += 1
        return self._answer(path, body, self.came[f"{path} {body}"])


def stage(door: Door) -> LocalStage:
    """As much of the stage as buyers and senders touch; who has been created is active at once."""
    known: list[str] = []

    def create_buyer(_product: str, _kind: str, **_: Any) -> dict[str, Any]:
        known.append(f"l-{len(known)}")
        return {"id": known[-1], "token": f"token of {known[-1]}"}

    def anything(*_: Any, **__: Any) -> Any:
        return {"offerId": "o", "EventId": "e"}

    market = SimpleNamespace(publish_subscription_notice=anything, publish_entitlement_notice=anything)
    found = SimpleNamespace(
        api=door,
        usage_sender=None,
        product_code="x",
        product=SimpleNamespace(tiers=[SimpleNamespace(name="basic_tier")]),
        clock=lambda: 0.0,
        marketplace=SimpleNamespace(create_buyer=create_buyer, activate=anything),
        cloud=SimpleNamespace(marketplace=market),
        items=lambda _: [{"customerIdentifier": key, "entitlements": HELD, **ACTIVE} for key in known],
    )
    return cast(LocalStage, found)


class NoNotices(Buyers):
    """Agreement events are the local Marketplace's matter."""

    def _subscribe(self, buyer: Any) -> None: ...


@pytest.mark.parametrize("first", [BUSY, THROTTLED])
def test_a_registration_that_is_asked_to_come_again_comes_again(first: Answer) -> None:
    """With many weeks in a log, buyers arrive faster than Marketplace answers."""
    door = Door(lambda _path, _body, time: first if time < 3 else Answer(200, {}, "", None))
    pauses = Unhurried()
    buyers = NoNotices(stage(door), Patience(stopped=pauses)).arrive(["2026-W01", "2026-W02"])
    assert list(buyers) == ["2026-W01", "2026-W02"]
    assert set(door.came.values()) == {3}, "each page of each buyer, until it answered"
    assert len(pauses.seconds) == 2 * 4, "two pages of two buyers, twice each"


def test_a_refused_or_unanswered_registration_ends_the_run_in_one_line() -> None:
    for status, text in ((400, "invalid_token"), (503, "marketplace_busy")):
        answer = Answer(status, {}, text, None)
        door = Door(partial(lambda given, *_: given, answer))
        with pytest.raises(BuyersFailed, match=f"registration of 2026-W01 was answered {status}: {text}"):
            NoNotices(stage(door), Patience(longest=0, stopped=Unhurried())).arrive(["2026-W01"])


def test_buyers_arrive_no_faster_than_marketplace_answers_for_them() -> None:
    door = Door(lambda *_: Answer(200, {}, "", None))
    pauses = Unhurried()
    NoNotices(stage(door), Patience(stopped=pauses)).arrive([f"2026-W{week:02d}" for week in range(1, 14)])
    assert len(pauses.seconds) == 13 - ARRIVALS
    assert max(pauses.seconds) > 0.5, "a second for each so many"


# --- usage ------------------------------------------------------------------------------------------------------------


def usage(number: int, purpose: str = "normal") -> TaggedEvent:
    event = {"id": f"e{number}", "customerIdentifier": "l-1", "dimension": "api_calls", "quantity": 1}
    return {"event": event, "purpose": purpose, "sendInHour": 9}


def sender(door: Door) -> UsageSender:
    return UsageSender(stage(door), Patience(stopped=Unhurried()))


class Recorder:
    """The usage API: records each id once. ``busy``: ids that it does not come to the first so many times."""

    def __init__(self, *, busy: dict[str, int] | None = None) -> None:
        self.busy = Counter(busy or {})
        self.recorded: list[str] = []

    def __call__(self, _path: str, body: Any, _time: int) -> Answer:
        return Answer(200, {}, "", {"verdicts": [self._verdict(event["id"]) for event in body["events"]]})

    def _verdict(self, event_id: str) -> dict[str, str]:
        if self.busy[event_id] > 0:
            self.busy[event_id] -= 1
            return {"verdict": "retry_later", "reason": "busy"}
        if event_id in self.recorded:
            return {"verdict": "duplicate"}
        self.recorded.append(event_id)
        return {"verdict": "recorded"}


def test_only_a_busy_event_is_sent_again_in_its_hour() -> None:
    records = Recorder(busy={"e1": 2})
    door = Door(records)
    sending = sender(door)
    sending.send([usage(0), usage(1), usage(2)])
    assert sending.tally.answers["normal"] == {"recorded": 3}
    assert sending.tally.waiting == []
    assert records.recorded == ["e0", "e2", "e1"]
    assert sum(door.came.values()) == 3


@pytest.mark.parametrize(
    "lost", [BUSY, THROTTLED, Answer(500, {"retry-after": "5"}, "", None), Answer(504, {}, "", None)]
)
def test_an_unanswered_request_is_sent_again_and_reported_once(lost: Answer) -> None:
    records = Recorder()

    def works_and_does_not_tell(path: str, body: Any, time: int) -> Answer:
        told = records(path, body, time)
        return lost if time == 1 else told

    sending = sender(Door(works_and_does_not_tell))
    sending.send([usage(0), usage(1), usage(1, "duplicate")])
    assert sending.tally.answers["normal"] == {"recorded": 2}
    assert sending.tally.answers["duplicate"] == {"duplicate": 1}


def test_an_event_that_stays_busy_waits_for_the_next_hour() -> None:
    records = Recorder(busy={"e0": 1})
    sending = UsageSender(stage(Door(records)), Patience(longest=0, stopped=Unhurried()))
    sending.send([usage(0)])
    assert [kept["event"]["id"] for kept in sending.tally.waiting] == ["e0"]
    records.recorded.append("e0")
    sending.send([])
    sending.close()
    assert sending.tally.answers["normal"] == {"recorded": 1}


def test_usage_that_is_refused_as_a_whole_ends_the_run_in_one_line() -> None:
    with pytest.raises(SendingFailed, match="POST /usage was answered 403: no"):
        sender(Door(lambda *_: Answer(403, {}, "no", None))).send([usage(0)])
