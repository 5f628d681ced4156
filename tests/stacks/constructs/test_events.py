"""Ordered queues, the stream of balances, the webhook's secret and their alarms, in somebody else's stack."""

from aws_cdk import Duration

from ledger.tables import STATE
from stacks.constructs.alarms.telling import add_telling_alarms, add_webhook_alarms
from stacks.constructs.events.balance_stream import BalanceStream
from stacks.constructs.events.ordered_queue import AppQueue, OrderedQueue
from stacks.constructs.events.webhook_secret import WebhookSecret
from stacks.constructs.storage.table import LedgerTable
from tests.stacks.constructs.conftest import Foreign


def test_what_an_app_is_told_and_its_alarms(foreign: Foreign) -> None:
    teller, sender = foreign.function("teller"), foreign.function("sender")
    changes = OrderedQueue(foreign.stack, "Changes", consumer_timeout=Duration.seconds(7), tries=9)
    changes.feed(teller, batch_size=3, concurrency=4)
    app = AppQueue(foreign.stack, "App", readers=["arn:aws:iam::111122223333:role/reader"])
    table = LedgerTable(foreign.stack, "State", declaration=STATE, physical_name="state", protect=False)
    pattern = {"eventName": ["MODIFY"]}
    balances = BalanceStream(foreign.stack, "Balances", table=table, pattern=pattern, reader=teller)
    WebhookSecret(foreign.stack, "Secret").grant_read(sender)
    alarms = foreign.alarms().below("Alarms").of(teller)
    late = add_telling_alarms(
        alarms, teller, changes=changes.queue, untold=changes.dead_letters, balances=balances.dead_letters
    )
    late += add_webhook_alarms(alarms, webhooks=app.queue, undelivered=changes.dead_letters)
    made = foreign.resources("AWS::SQS::Queue")
    (retried,) = [queue for queue in made if "RedrivePolicy" in queue]
    assert (retried["VisibilityTimeout"], retried["RedrivePolicy"]["maxReceiveCount"]) == (42, 9)
    from_queue, from_stream = sorted(
        foreign.resources("AWS::Lambda::EventSourceMapping"), key=lambda each: "StartingPosition" in each
    )
    assert (from_queue["BatchSize"], from_queue["ScalingConfig"]) == (3, {"MaximumConcurrency": 4})
    assert from_stream["FilterCriteria"]["Filters"] == [{"Pattern": '{"eventName":["MODIFY"]}'}]
    assert len(late) == 3
    assert len(foreign.resources("AWS::CloudWatch::Alarm")) == 7
