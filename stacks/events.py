"""What the vendor's app is told: a bus, and where the stage wants them a FIFO queue and a webhook."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from constructs import Construct

from buyer.webhook.patience import TRIES
from ledger.balance import ITEM as BALANCE
from ledger.tables import STATE
from runtime.settings import SendWebhooksSettings, TellEventsSettings
from stacks.constructs.events.balance_stream import BalanceStream
from stacks.constructs.events.ordered_queue import AppQueue, OrderedQueue
from stacks.constructs.events.webhook_secret import WebhookSecret
from stacks.constructs.functions.asset import FunctionAsset
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.functions.function import Function
from stacks.constructs.functions.functions import Functions
from stacks.data import DataStack
from stacks.function_settings import function_settings
from stacks.stage import Stage, WebhookSettings

TELL_WITHIN = Duration.seconds(30)
#: Reading the secret may take twelve seconds, connecting ten, and an answer ten.
POST_WITHIN = Duration.seconds(45)
#: A change fails while a table or the bus does not answer. This many tries take five hours; then people are called, and
#: meanwhile its customer's later changes wait.
TELL_TRIES = 100
#: Copies of a function side by side, each for other customers.
CONCURRENCY = 10
#: A balance changes with every sealed hour, and only the item that holds it matters.
_ITEMS = {"dynamodb": {"Keys": {"item": {"S": [BALANCE]}}}, "eventName": ["INSERT", "MODIFY"]}


class EventsStack(Stack):
    """``changes``: the queue to which the reader of the subscribers' stream hands each change on."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        data: DataStack,
        asset: FunctionAsset,
        environment: FunctionEnvironment,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self.bus = events.EventBus(
            self,
            "Bus",
            # Rules of the app name it, so it stays when the stack is made anew.
            event_bus_name=f"yawl-marketplace{stage.suffix}",
            description="what the app is told of its AWS Marketplace customers",
        )
        self.changes = OrderedQueue(self, "Changes", consumer_timeout=TELL_WITHIN, tries=TELL_TRIES)
        self.webhooks = (
            OrderedQueue(self, "Webhooks", consumer_timeout=POST_WITHIN, tries=TRIES) if stage.webhook else None
        )
        readers = stage.events.queue_readers
        self.app_queue = AppQueue(self, "AppQueue", readers=readers) if readers else None
        queues = [made.queue for made in (self.app_queue, self.webhooks) if made]
        functions = Functions(
            scope=self,
            code=asset.code(),
            environment=environment,
            settings={
                **function_settings(stage, data),
                "THRESHOLDS": ",".join(map(str, stage.events.thresholds)),
                "EVENT_BUS": self.bus.event_bus_name,
                "EVENT_QUEUE_URLS": ",".join(queue.queue_url for queue in queues),
            },
            timeout=TELL_WITHIN,
        )
        self.functions = functions.made
        self.teller = functions.add(
            "tell-events",
            "buyer.handlers.tell_events.handler",
            TellEventsSettings,
            "tells the app what has happened to its customers",
            service="events",
            gets=(data.subscribers, data.state),
            updates=(data.state,),
        )
        self.bus.grant_put_events_to(self.teller)
        for queue in queues:
            queue.grant_send_messages(self.teller)
        self.changes.feed(self.teller, batch_size=10, concurrency=CONCURRENCY)
        self.balances = BalanceStream(self, "Balances", table=data.table_of(STATE), pattern=_ITEMS, reader=self.teller)
        self.sender = self._webhook(functions, stage.webhook, stage) if stage.webhook else None
        for name, value in {
            "EventBusName": self.bus.event_bus_name,
            "EventBusArn": self.bus.event_bus_arn,
            "ChangesQueueUrl": self.changes.queue.queue_url,
            "ChangesDeadLettersUrl": self.changes.dead_letters.queue_url,
            "BalancesDeadLettersUrl": self.balances.dead_letters.queue_url,
        }.items():
            CfnOutput(self, name, value=value)
        if self.app_queue:
            CfnOutput(self, "EventQueueUrl", value=self.app_queue.queue.queue_url)
            CfnOutput(self, "EventQueueArn", value=self.app_queue.queue.queue_arn)

    def _webhook(self, functions: Functions, webhook: WebhookSettings, stage: Stage) -> Function:
        """Add the function that posts events. Returns it."""
        assert self.webhooks
        secret = WebhookSecret(self, "WebhookSecret")
        sender = functions.with_settings(
            WEBHOOK_URL=webhook.url,
            WEBHOOK_SECRET_ARN=secret.arn,
            WEBHOOK_QUEUE_URL=self.webhooks.queue.queue_url,
            # A receiver on a laptop has no public address.
            WEBHOOK_ADDRESSES="any" if stage.movable_clock else "public",
        ).add(
            "send-webhooks",
            "buyer.handlers.send_webhooks.handler",
            SendWebhooksSettings,
            "posts events to the app, signed and in order",
            service="events",
            timeout=POST_WITHIN,
        )
        secret.grant_read(sender)
        # One by one: a receiver that is slow has the function's whole time for each.
        self.webhooks.feed(sender, batch_size=1, concurrency=CONCURRENCY)
        for name, value in {
            "WebhookSecretArn": secret.arn,
            "WebhookQueueUrl": self.webhooks.queue.queue_url,
            "WebhookDeadLettersUrl": self.webhooks.dead_letters.queue_url,
        }.items():
            CfnOutput(self, name, value=value)
        return sender
