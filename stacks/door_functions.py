"""The functions behind the doors: what each is given and what it may do."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ledger.tables import AGREEMENT_INDEX, STATUS_INDEX, WAITING_NOTICES_INDEX
from marketplace import dimensions, tiers
from runtime.settings import (
    EntitlementNoticesSettings,
    RegistrationSettings,
    Settings,
    SubscriberApiSettings,
    SubscriptionNoticesSettings,
    UsageQueueSettings,
    UsageSettings,
)
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.function import RoomFunction
from stacks.constructs.session_secret import SessionSecret
from stacks.constructs.usage_queue import UsageQueue
from stacks.data import DataStack
from stacks.marketplace_events import notices_of
from stacks.seller_role import seller_settings
from stacks.stage import Stage
from usage import reporters

#: API Gateway's own limit is 29 s
ANSWER_WITHIN = Duration.seconds(28)
NOTICE_WITHIN = Duration.seconds(60)
#: ten messages of 100 events each, and some contention
QUEUED_USAGE_WITHIN = Duration.seconds(60)


class DoorFunctions:
    """The functions, made in ``scope``."""

    def __init__(
        self,
        scope: Construct,
        *,
        stage: Stage,
        data: DataStack,
        usage_queue: UsageQueue,
        code: lambda_.Code,
        environment: FunctionEnvironment,
    ) -> None:
        self._scope = scope
        self._stage = stage
        self._data = data
        self._code = code
        self._environment = environment
        self.session_secret = SessionSecret(scope, "SessionSecret")
        self.registration = self._registration()
        self.subscriber_api = self._subscriber_api()
        self.subscription_notices = self._subscription_notices()
        self.entitlement_notices = self._entitlement_notices()
        self.usage = self._usage()
        self.usage_queue = self._usage_queue(usage_queue)

    def all(self) -> tuple[RoomFunction, ...]:
        return (
            self.registration,
            self.subscriber_api,
            self.subscription_notices,
            self.entitlement_notices,
            self.usage,
            self.usage_queue,
        )

    def _function(
        self,
        id_: str,
        *,
        handler: str,
        settings: Settings,
        description: str,
        service: str | None = None,
        timeout: Duration = ANSWER_WITHIN,
        reserved_concurrency: int | None = None,
        own_loop: bool = False,
    ) -> RoomFunction:
        return RoomFunction(
            self._scope,
            id_,
            code=self._code,
            handler=handler,
            room=service or handler.split(".")[0],
            settings=settings,
            environment=self._environment,
            description=description,
            timeout=timeout,
            reserved_concurrency=reserved_concurrency,
            own_loop=own_loop,
        )

    def _registration(self) -> RoomFunction:
        function = self._function(
            "registration",
            handler="buyer.handlers.registration.handler",
            service="registration",
            description="a buyer arrives: registration page, ResolveCustomer, contact data",
            # whoever is not signed in may make Marketplace's calls wait; usage, notices and metering need the others
            reserved_concurrency=self._stage.public_concurrency,
            settings=RegistrationSettings(
                PRODUCT_CODE=self._stage.product_code,
                INTEGRATION=self._stage.integration,
                PRICING_MODEL=self._stage.pricing_model,
                TIERS=tiers.to_json(self._stage.tiers),
                METERING_REGION=self._stage.region,
                NOTICES_OF=notices_of(self._stage),
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                NOTICES_TABLE=self._data.notices.name,
                SESSION_SECRET_ARN=self.session_secret.arn,
                **seller_settings(self._stage),
            ),
        )
        self.session_secret.grant_read(function.function)
        self._data.subscribers.grant_read(function.function)
        self._data.subscribers.grant_update(function.function)
        # notices that came before the buyer are applied when he registers
        self._data.notices.grant_update(function.function)
        self._data.notices.grant_query_index(function.function, name=WAITING_NOTICES_INDEX.name)
        function.allow_marketplace("ResolveCustomer", "GetEntitlements", seller_role_arn=self._stage.seller_role_arn)
        return function

    def _subscriber_api(self) -> RoomFunction:
        function = self._function(
            "subscriber-api",
            handler="buyer.handlers.subscriber_api.handler",
            service="subscription",
            description="what is known of a subscriber",
            settings=SubscriberApiSettings(SUBSCRIBERS_TABLE=self._data.subscribers.name),
        )
        self._data.subscribers.grant_read(function.function)
        return function

    def _subscription_notices(self) -> RoomFunction:
        function = self._function(
            "subscription-notices",
            handler="buyer.handlers.subscription_notices.handler",
            service="subscription",
            description="the agreement lives and ends: SNS and EventBridge notices",
            timeout=NOTICE_WITHIN,
            settings=SubscriptionNoticesSettings(
                INTEGRATION=self._stage.integration,
                PRODUCT_CODE=self._stage.product_code,
                NOTICES_OF=notices_of(self._stage),
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                NOTICES_TABLE=self._data.notices.name,
            ),
        )
        self._data.subscribers.grant_read(function.function)
        self._data.subscribers.grant_update(function.function)
        self._data.subscribers.grant_query_index(function.function, name=AGREEMENT_INDEX.name)
        self._data.subscribers.grant_query_index(function.function, name=STATUS_INDEX.name)
        self._data.notices.grant_get(function.function)
        self._data.notices.grant_put(function.function)
        self._data.notices.grant_update(function.function)
        self._data.notices.grant_query_index(function.function, name=WAITING_NOTICES_INDEX.name)
        return function

    def _entitlement_notices(self) -> RoomFunction:
        function = self._function(
            "entitlement-notices",
            handler="buyer.handlers.entitlement_notices.handler",
            service="entitlement",
            description="what the contract includes: GetEntitlements after every notice",
            timeout=NOTICE_WITHIN,
            settings=EntitlementNoticesSettings(
                INTEGRATION=self._stage.integration,
                PRODUCT_CODE=self._stage.product_code,
                PRICING_MODEL=self._stage.pricing_model,
                TIERS=tiers.to_json(self._stage.tiers),
                NOTICES_OF=notices_of(self._stage),
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                NOTICES_TABLE=self._data.notices.name,
                **seller_settings(self._stage),
            ),
        )
        self._data.subscribers.grant_read(function.function)
        self._data.subscribers.grant_update(function.function)
        self._data.subscribers.grant_query_index(function.function, name=AGREEMENT_INDEX.name)
        self._data.notices.grant_put(function.function)
        function.allow_marketplace("GetEntitlements", seller_role_arn=self._stage.seller_role_arn)
        return function

    def _usage(self) -> RoomFunction:
        function = self._function(
            "usage",
            handler="usage.handlers.handle",
            description="usage is reported: each event is recorded once",
            settings=UsageSettings(**self._recording()),
        )
        self._grant_recording(function)
        return function

    def _usage_queue(self, queues: UsageQueue) -> RoomFunction:
        function = self._function(
            "usage-queue",
            handler="usage.queue_handlers.handle",
            description="usage comes by queue: recorded once, or sent on to wait or to be looked at",
            timeout=QUEUED_USAGE_WITHIN,
            # what waits comes round every quarter of an hour for a day (usage.drain_queue.PATIENCE)
            own_loop=True,
            settings=UsageQueueSettings(
                **self._recording(),
                WAITING_USAGE_QUEUE_URL=queues.waiting.queue_url,
                REFUSED_USAGE_QUEUE_URL=queues.refused.queue_url,
            ),
        )
        self._grant_recording(function)
        queues.feed(function)
        return function

    def _recording(self) -> dict[str, str]:
        """What recording needs to know, whichever door the events come in by."""
        return {
            "SUBSCRIBERS_TABLE": self._data.subscribers.name,
            "USAGE_EVENTS_TABLE": self._data.usage_events.name,
            "METERING_RECORDS_TABLE": self._data.metering_records.name,
            "DIMENSIONS": dimensions.to_json(self._stage.dimensions),
            "PENDING_SHARDS": str(self._stage.pending_shards),
            "REPORTERS": reporters.to_json(self._stage.reporters),
        }

    def _grant_recording(self, function: RoomFunction) -> None:
        self._data.subscribers.grant_read(function.function)
        self._data.subscribers.grant_check(function.function)
        self._data.usage_events.grant_read(function.function)
        self._data.usage_events.grant_check(function.function)
        self._data.usage_events.grant_put(function.function)
        self._data.usage_events.grant_update(function.function)
        self._data.metering_records.grant_read(function.function)
        self._data.metering_records.grant_update(function.function)
