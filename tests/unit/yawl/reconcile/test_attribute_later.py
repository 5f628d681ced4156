"""Unattributed usage is sent once its customer is named: to one customer, whatever happens in between."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from tests.unit.yawl.reconcile.cases import ENGINE, NOW, Connector
from yawl.engine import Engine
from yawl.reconcile.attribute_later import AT_ONCE, RENEWED_AFTER, LateAttribution

BY_ACCOUNT = replace(ENGINE, attributed_by="client-account", customers={"other": "customer-2"})
NAMED = replace(BY_ACCOUNT, customers={"other": "customer-2", "acme": "customer-1"})


@dataclass
class Sqs:
    """The queue of unattributed usage; what was received is hidden."""

    bodies: list[str] = field(default_factory=list)
    age: float = 0.0
    deleted: list[int] = field(default_factory=list)
    given: int = 0

    def receive_message(self, **request: Any) -> dict[str, Any]:
        part = list(enumerate(self.bodies))[self.given : self.given + request["MaxNumberOfMessages"]]
        self.given += len(part)
        sent_at = str(int((NOW - self.age) * 1000))
        return {
            "Messages": [
                {"Body": body, "ReceiptHandle": number, "Attributes": {"SentTimestamp": sent_at}}
                for number, body in part
            ]
        }

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: int) -> None:
        self.deleted.append(ReceiptHandle)

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:
        self.bodies.append(MessageBody)


def unattributed(c: Connector, *case_ids: str) -> list[str]:
    """Bodies of the messages that a reading sends for these cases."""
    for key, case_id in enumerate(case_ids, 1):
        c.log.case(case_id, key)
    c.poll()
    sent, c.post.sent = c.post.sent, []
    return [message.body for message, _ in sent]


def late(c: Connector, sqs: Any, engine: Engine | None) -> LateAttribution:
    return LateAttribution(
        sqs=sqs,
        url="unattributed",
        engines=lambda _id: engine,
        states=lambda _database: c.state,
        sender=c.post,
        clock=lambda: c.now,
    )


def test_usage_waits_until_its_customer_is_named() -> None:
    c = Connector(engine=BY_ACCOUNT)
    sqs = Sqs(unattributed(c, "1", "2"))
    assert late(c, sqs, BY_ACCOUNT).look_through() == {"attributed": 0, "waits": 1, "unreadable": 0}
    assert late(c, Sqs(sqs.bodies), None).look_through()["waits"] == 1
    assert (sqs.deleted, c.post.sent) == ([], [])
    sqs.given = 0
    assert late(c, sqs, NAMED).look_through() == {"attributed": 1, "waits": 0, "unreadable": 0}
    ((message, _),) = c.post.sent
    assert (message.queue, message.customer, sqs.deleted) == ("usage", "customer-1", [0])
    before = json.loads(sqs.bodies[0])["events"]
    assert json.loads(message.body)["events"] == [{**each, "customerIdentifier": "customer-1"} for each in before]


def test_a_message_that_comes_again_stays_with_its_customer() -> None:
    """An id counts once for one customer; another customer would pay for it again."""
    c = Connector(engine=BY_ACCOUNT)
    (body,) = unattributed(c, "1")
    assert late(c, Sqs(), NAMED).attribute(body) == "attributed"
    changed = replace(NAMED, customers={"acme": "customer-9"})
    assert late(c, Sqs(), changed).attribute(body) == "attributed"
    assert [message.customer for message, _ in c.post.sent] == ["customer-1"]


def test_what_was_committed_and_not_sent_is_sent_when_the_message_comes_again() -> None:
    c = Connector(engine=BY_ACCOUNT)
    (body,) = unattributed(c, "1")
    c.post.broken = True
    late(c, Sqs(), NAMED).attribute(body)
    c.post.broken = False
    late(c, Sqs(), NAMED).attribute(body)
    assert len(c.post.sent) == 1


def test_an_old_message_is_sent_anew_before_the_queue_forgets_it() -> None:
    c = Connector(engine=BY_ACCOUNT)
    bodies = unattributed(c, "1")
    young, old = Sqs(list(bodies), age=RENEWED_AFTER - 1), Sqs(list(bodies), age=RENEWED_AFTER)
    late(c, young, BY_ACCOUNT).look_through()
    assert (young.bodies, young.deleted) == (bodies, [])
    old.bodies = list(bodies)
    attribution = late(c, old, BY_ACCOUNT)
    message = old.receive_message(MaxNumberOfMessages=AT_ONCE)["Messages"][0]
    assert attribution._renewed(message)
    assert old.bodies == bodies * 2


def test_a_message_that_is_none_of_ours_stays() -> None:
    c = Connector()
    for body in ("", "{", "[]", '{"events":[]}', '{"events":[{}],"engine":"e","epoch":1}', '{"events":1}'):
        assert late(c, Sqs(), NAMED).attribute(body) == "unreadable"


def test_every_message_is_looked_at() -> None:
    c = Connector(engine=BY_ACCOUNT)
    (body,) = unattributed(c, "1")
    assert late(c, Sqs([body] * 25), BY_ACCOUNT).look_through()["waits"] == 25
