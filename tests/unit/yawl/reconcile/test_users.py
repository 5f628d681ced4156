"""Participants, each once a month, under a hash."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.unit.yawl.reconcile.cases import DAY, ENGINE, NOW, A, Connector
from yawl.log.ports import AnswerTooLarge, ResourceEvent
from yawl.reconcile.users import Users, user_hash, users_of
from yawl.start import Specification


def event(participant: str, at: float, kind: str = "start") -> ResourceEvent:
    return ResourceEvent(participant, kind, int(at * 1000))


@dataclass
class People:
    """A ResourceLog."""

    rows: list[ResourceEvent] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)
    most: int = 10**6
    several: Sequence[Specification] = (A,)

    def events(self, specifications: Sequence[Specification], first_ms: int, last_ms: int) -> Sequence[ResourceEvent]:
        self.asked.append((first_ms, last_ms))
        # The service leaves out the beginning where it is given an end: a shorter time makes no shorter answer.
        rows = [row for position, row in enumerate(self.rows) if self.of(position) in specifications]
        if len(rows) > self.most:
            raise AnswerTooLarge("test")
        return [row for row in rows if first_ms <= row.at_ms <= last_ms]

    def of(self, position: int) -> Specification:
        """Rows belong to the specifications by turns."""
        return self.several[position % len(self.several)]


def users(c: Connector, people: People) -> Users:
    return Users(engine=c.engine, log=people, specifications=lambda: people.several, state=c.state)


def sent(c: Connector) -> list[dict[str, Any]]:
    return [each for message, _ in c.post.sent for each in json.loads(message.body)["events"]]


def test_a_participant_counts_once_in_its_month() -> None:
    c, people = Connector(), People([event("PA-1", NOW - 60), event("PA-1", NOW - 90), event("PA-2", NOW - 30)])
    assert c.poll(users=users(c, people)).users == 2
    c.now += 300
    people.rows.append(event("PA-1", c.now - 1))
    assert c.poll(users=users(c, people)).users == 0
    (first, _) = sorted(sent(c), key=lambda each: each["occurredAt"])
    name = hashlib.sha256(b"eng|PA-1").hexdigest()[:32]
    assert first == {
        "id": f"yawl:eng:1:user:2026-11:{name}@{int((NOW - 90) * 1000)}",
        "source": "yawl:eng",
        "customerIdentifier": "customer-1",
        "dimension": "active_users",
        "quantity": 1,
        "occurredAt": "2026-11-30T11:58:30Z",
        "user": name,
    }


def test_another_month_counts_again() -> None:
    rows = [event("PA-1", DAY + 86_400 - 0.001), event("PA-1", DAY + 86_400)]
    found = users_of(rows, ENGINE, (DAY + 90_000) * 1000)
    assert [user.month for user in found] == ["2026-11", "2026-12"]


@pytest.mark.parametrize("kind", ["offer", "unoffer", "withdraw", "Offer"])
def test_what_the_service_does_is_nobodys_activity(kind: str) -> None:
    assert users_of([event("PA-1", NOW, kind)], ENGINE, int(NOW * 1000)) == []


@pytest.mark.parametrize("participant", ["system", "admin"])
def test_the_service_itself_is_no_participant(participant: str) -> None:
    assert users_of([event(participant, NOW)], ENGINE, int(NOW * 1000)) == []


def test_only_the_time_between_since_and_now_counts() -> None:
    rows = [event("early", ENGINE.since - 0.001), event("first", ENGINE.since), event("late", NOW + 0.001)]
    assert [user.hash for user in users_of(rows, ENGINE, int(NOW * 1000))] == [user_hash(ENGINE, "first")]


def test_engines_have_different_names_for_a_participant() -> None:
    assert user_hash(ENGINE, "PA-1") != user_hash(replace(ENGINE, id="other"), "PA-1")


def test_the_last_hour_is_read_again_and_the_rest_is_not() -> None:
    c, people = Connector(), People()
    c.log.case("1", 1)
    for _ in range(2):
        c.poll(users=users(c, people))
        c.now += 300
    assert people.asked == [
        (int(ENGINE.since * 1000), int(NOW * 1000)),
        (int((NOW - 3600) * 1000), int((NOW + 300) * 1000)),
    ]


def test_a_long_answer_is_asked_for_by_fewer_specifications() -> None:
    people = People([event(f"PA-{number}", NOW - number * 60) for number in range(100)], most=30)
    people.several = [A._replace(key=key) for key in range(5)]
    c = Connector()
    assert c.poll(users=users(c, people)).users == 100
    assert len({each["user"] for each in sent(c)}) == 100


def test_of_two_readings_at_once_one_counts_a_participant() -> None:
    c, people = Connector(), People([event("PA-1", NOW - 60)])
    first, second = users(c, people), users(c, people)
    assert first.count(0, int(NOW * 1000)) == 1
    assert second.count(0, int(NOW * 1000)) == 0
    assert len(c.state.unsent()) == 1


def test_a_resource_service_that_fails_does_not_hold_up_the_cases() -> None:
    c, people = Connector(), People([event("PA-1", NOW - 60)], most=0)
    c.log.case("1", 1)
    polled = c.poll(users=users(c, people))
    assert (polled.starts, polled.is_good) == (1, False)
    assert c.state.progress().users_until == 0
