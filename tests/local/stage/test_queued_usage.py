"""Usage through the queues of the deployed stage: recorded, waiting, refused; and a function that dies amidst it."""

import json
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from ledger import tables
from local.cloud import LocalSession
from local.replay.buyers import Buyer
from marketplace_local import notices
from runtime.clock import iso
from tests.local.stage.acting import Acting, Item, wait_until
from tests.local.stage.workers import kill

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]

USAGE, WAITING, REFUSED = "UsageQueueUrl", "WaitingUsageQueueUrl", "RefusedUsageQueueUrl"
FUNCTION = "usage-queue"


class Queueing:
    """The engine's side of the usage queue, and a look into the others."""

    def __init__(self, acting: Acting, sender: LocalSession) -> None:
        self.acting = acting
        self._sender: Any = sender.client("sqs")
        self._sqs: Any = acting.stage.cloud.seller.client("sqs")

    def send(self, *events: Item) -> None:
        """One message, as the client sends it."""
        self.put(json.dumps({"events": list(events)}), events[0]["customerIdentifier"])

    def put(self, body: str, group: str) -> None:
        self._sender.send_message(
            QueueUrl=self.acting.doors[USAGE],
            MessageBody=body,
            MessageGroupId=group,
            MessageDeduplicationId=uuid.uuid4().hex,
        )

    def messages(self, queue: str) -> int:
        """In the queue, delayed or being worked on."""
        found = self._sqs.get_queue_attributes(QueueUrl=self.acting.doors[queue], AttributeNames=["All"])["Attributes"]
        names = ("", "NotVisible", "Delayed")
        return sum(int(found.get(f"ApproximateNumberOfMessages{name}", 0)) for name in names)

    def empty(self, *queues: str) -> None:
        wait_until(lambda: not any(self.messages(queue) for queue in queues), f"{queues} are empty", timeout=60)

    def refused(self, number: int) -> list[Item]:
        """So many messages of the refused-usage queue, taken out of it."""
        found: list[Item] = []

        def all_there() -> bool:
            answer = self._sqs.receive_message(QueueUrl=self.acting.doors[REFUSED], MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                found.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self.acting.doors[REFUSED], ReceiptHandle=message["ReceiptHandle"])
            return len(found) >= number

        wait_until(all_there, f"{number} messages are in the refused-usage queue")
        return found

    def counted(self, customer: str, dimension: str = "workflow_executions") -> Decimal:
        """Recorded units of all hours."""
        return sum(
            (
                value
                for item in self.acting.stage.items(tables.METERING_RECORDS)
                if item["customerIdentifier"] == customer
                for name, value in item.items()
                if name.startswith(f"counted#{dimension}#")
            ),
            Decimal(0),
        )


@pytest.fixture(scope="module")
def sender(_acting: Acting) -> LocalSession:
    """As the engine's role: it may send to the usage queue and do nothing else."""
    session = _acting.stage.cloud.accounts.api_caller("queue-sender", _acting.doors["RestApiId"])
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": _acting.doors["UsageQueueArn"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = _acting.stage.cloud.seller.client("iam")
    iam.put_user_policy(UserName="queue-sender", PolicyName="send-usage", PolicyDocument=policy)
    return session


@pytest.fixture
def queueing(acting: Acting, sender: LocalSession) -> Iterator[Queueing]:
    """Nothing may be left over, but in the refused-usage queue of who did not look."""
    queueing = Queueing(acting, sender)
    yield queueing
    queueing.empty(USAGE, WAITING, "UsageDeadLettersUrl", "WaitingUsageDeadLettersUrl", REFUSED)


def becomes_active(acting: Acting, known: Item) -> None:
    """A legacy buyer registers and subscribes."""
    stage = acting.stage
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    registration = urlencode({"x-amzn-marketplace-token": known["token"]})
    assert stage.api.call("POST", "/register", registration, headers=form).status == 200
    stage.marketplace.activate(known["id"], iso(int(acting.now)))
    notice = notices.subscription_notice("subscribe-success", known["id"], stage.product_code)
    stage.cloud.marketplace.publish_subscription_notice(stage.product_code, notice)
    acting.quiet()


def test_an_inactive_customers_event_waits_and_blocks_no_other(
    acting: Acting, buyer: Buyer, queueing: Queueing
) -> None:
    early = acting.stage.marketplace.create_buyer(acting.stage.product_code, "legacy")
    before = queueing.counted(buyer.customer_identifier)
    for _ in range(3):
        queueing.send(acting.event(early["id"], quantity=2))
    wrong = acting.event(buyer, quantity=-1)
    queueing.send(acting.event(buyer, quantity=3), wrong, acting.event(buyer, "active_users", 1))
    [refused] = queueing.refused(1)
    assert refused["events"] == [wrong, *refused["events"][1:]]
    assert [refusal["reason"] for refusal in refused["refusals"]] == ["bad_quantity", "user_required"]
    assert all(refusal["message"] for refusal in refused["refusals"])
    assert queueing.counted(buyer.customer_identifier) == before + 3
    queueing.empty(USAGE)
    assert queueing.messages(WAITING) == 3
    assert queueing.counted(early["id"]) == 0
    becomes_active(acting, early)
    queueing.empty(WAITING)
    assert queueing.counted(early["id"]) == 6


def test_a_refused_message_is_sent_again_as_it_is(acting: Acting, buyer: Buyer, queueing: Queueing) -> None:
    key = buyer.customer_identifier
    before = queueing.counted(key)
    queueing.send(acting.event(buyer, occurredAt=iso(acting.now + 600)))
    [message] = queueing.refused(1)
    assert [refusal["reason"] for refusal in message["refusals"]] == ["in_future"]
    acting.pass_minutes(10)
    for _ in range(2):
        queueing.put(json.dumps(message), key)
    queueing.empty(USAGE)
    assert queueing.counted(key) == before + 1


def test_a_void_is_a_message_like_any_other(acting: Acting, buyer: Buyer, queueing: Queueing) -> None:
    key = buyer.customer_identifier
    before = queueing.counted(key)
    wrong = acting.event(buyer, quantity=50)
    queueing.send(wrong, acting.event(buyer, quantity=2))
    queueing.send({"void": wrong["id"], "customerIdentifier": key, "source": "operator"})
    queueing.send({"void": "nobody-knows", "customerIdentifier": key, "source": "operator"})
    queueing.empty(USAGE)
    assert queueing.counted(key) == before + 2
    # its event might have been on its way for an hour
    acting.pass_minutes(60)
    [message] = queueing.refused(1)
    assert [(refusal["id"], refusal["reason"]) for refusal in message["refusals"]] == [
        ("nobody-knows", "unknown_event")
    ]


def test_an_unreadable_message_is_in_refused_usage_and_blocks_no_other(
    acting: Acting, buyer: Buyer, queueing: Queueing
) -> None:
    key = buyer.customer_identifier
    before = queueing.counted(key)
    queueing.put("{no usage", key)
    queueing.send(acting.event(buyer))
    [message] = queueing.refused(1)
    assert (message["body"], message["refusals"][0]["reason"]) == ("{no usage", "bad_json")
    queueing.empty(USAGE)
    assert queueing.counted(key) == before + 1


def test_waiting_ends_after_a_day(acting: Acting, queueing: Queueing) -> None:
    event = acting.event("nobody-knows")
    body = json.dumps({"events": [event], "waitingSince": iso(acting.now - 25 * 3600)})
    sqs = acting.stage.cloud.seller.client("sqs")
    sqs.send_message(QueueUrl=acting.doors[WAITING], MessageBody=body)
    [message] = queueing.refused(1)
    assert message["events"] == [event]
    assert message["refusals"][0]["reason"] == "unknown_customer"


def test_a_usage_sender_may_do_nothing_else(acting: Acting, sender: LocalSession) -> None:
    mine: Any = sender.client("sqs")
    attempts: list[Callable[[], Any]] = [
        lambda: mine.send_message(QueueUrl=acting.doors[WAITING], MessageBody="{}"),
        lambda: mine.send_message(QueueUrl=acting.doors[REFUSED], MessageBody="{}"),
        lambda: mine.receive_message(QueueUrl=acting.doors[USAGE]),
    ]
    for attempt in attempts:
        with pytest.raises(Exception, match=r"AccessDenied|not authorized"):
            attempt()


# --- the function dies ------------------------------------------------------------------------------------------------


@pytest.fixture
def quick_queue(acting: Acting) -> Iterator[None]:
    """What a dead function had in hand comes again after seconds, and not after the deployed six minutes."""
    sqs: Any = acting.stage.cloud.seller.client("sqs")
    url = acting.doors[USAGE]
    kept = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert kept == {"VisibilityTimeout": "360"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes=kept)


@pytest.mark.usefixtures("quick_queue")
def test_a_crash_within_a_batch_counts_nothing_twice_and_loses_nothing(acting: Acting, queueing: Queueing) -> None:
    [buyer] = acting.arrive(1)
    key = buyer.customer_identifier
    for _ in range(20):
        queueing.send(*(acting.event(buyer) for _ in range(99)), acting.event(buyer, quantity=-1))
    wait_until(lambda: queueing.counted(key) > 0, "the first message is recorded", timeout=60)
    kill(acting, FUNCTION)
    assert queueing.messages(USAGE) > 0, "it was to die amidst the work"
    queueing.empty(USAGE)
    assert queueing.counted(key) == 20 * 99
    # at least once each; what the dead one had sent on already is there twice
    refused: set[str] = set()
    while len(refused) < 20 or queueing.messages(REFUSED):
        refused |= {event["id"] for message in queueing.refused(1) for event in message["events"]}
    assert len(refused) == 20
