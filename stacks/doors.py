"""The doors: what buyers, Marketplace, the engine and operators come in by."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from constructs import Construct

from ledger.tables import AGREEMENT_INDEX, WAITING_NOTICES_INDEX
from marketplace import dimensions, tiers
from runtime.settings import (
    EntitlementNoticesSettings,
    RegistrationSettings,
    Settings,
    SubscriberApiSettings,
    SubscriptionNoticesSettings,
    UsageSettings,
)
from stacks.constructs.asset import FunctionAsset
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.function import RoomFunction
from stacks.constructs.notice_queue import NoticeQueue
from stacks.constructs.rest_api import STAGE, RestApi
from stacks.data import DataStack
from stacks.marketplace_events import DETAIL_TYPES, SOURCE, STARTS, notice_topic
from stacks.stage import Stage

#: API Gateway's own limit is 29 s
ANSWER_WITHIN = Duration.seconds(28)
NOTICE_WITHIN = Duration.seconds(60)


class DoorsStack(Stack):
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
        self._code = asset.code()
        self._environment = environment
        self._stage = stage
        self._data = data
        self.registration = self._registration()
        self.subscriber_api = self._subscriber_api()
        self.subscription_notices = self._subscription_notices()
        self.entitlement_notices = self._entitlement_notices()
        self.usage = self._usage()
        self.subscription_queue = self._subscription_queue()
        self.entitlement_queue = self._entitlement_queue()
        self.api = self._api()
        self._outputs()

    @property
    def functions(self) -> dict[str, RoomFunction]:
        return {
            function.node.id: function
            for function in (
                self.registration,
                self.subscriber_api,
                self.subscription_notices,
                self.entitlement_notices,
                self.usage,
            )
        }

    def _function(
        self, id_: str, *, handler: str, settings: Settings, description: str, timeout: Duration = ANSWER_WITHIN
    ) -> RoomFunction:
        return RoomFunction(
            self,
            id_,
            code=self._code,
            handler=handler,
            room=handler.split(".")[0],
            settings=settings,
            environment=self._environment,
            description=description,
            timeout=timeout,
        )

    def _registration(self) -> RoomFunction:
        function = self._function(
            "registration",
            handler="registration.handlers.handle",
            description="a buyer arrives: registration page, ResolveCustomer, contact data",
            settings=RegistrationSettings(
                PRODUCT_CODE=self._stage.product_code,
                INTEGRATION=self._stage.integration,
                PRICING_MODEL=self._stage.pricing_model,
                TIERS=tiers.to_json(self._stage.tiers),
                METERING_REGION=self._stage.region,
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
            ),
        )
        self._data.subscribers.grant_read(function.function)
        self._data.subscribers.grant_update(function.function)
        function.allow_marketplace("ResolveCustomer", "GetEntitlements")
        return function

    def _subscriber_api(self) -> RoomFunction:
        function = self._function(
            "subscriber-api",
            handler="subscription.handlers.handle_api",
            description="what is known of a subscriber",
            settings=SubscriberApiSettings(SUBSCRIBERS_TABLE=self._data.subscribers.name),
        )
        self._data.subscribers.grant_read(function.function)
        return function

    def _subscription_notices(self) -> RoomFunction:
        function = self._function(
            "subscription-notices",
            handler="subscription.handlers.handle_notices",
            description="the agreement lives and ends: SNS and EventBridge notices",
            timeout=NOTICE_WITHIN,
            settings=SubscriptionNoticesSettings(
                INTEGRATION=self._stage.integration,
                PRODUCT_CODE=self._stage.product_code,
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                NOTICES_TABLE=self._data.notices.name,
            ),
        )
        self._data.subscribers.grant_read(function.function)
        self._data.subscribers.grant_update(function.function)
        self._data.subscribers.grant_query_index(function.function, name=AGREEMENT_INDEX.name)
        self._data.notices.grant_get(function.function)
        self._data.notices.grant_put(function.function)
        self._data.notices.grant_update(function.function)
        self._data.notices.grant_query_index(function.function, name=WAITING_NOTICES_INDEX.name)
        return function

    def _entitlement_notices(self) -> RoomFunction:
        function = self._function(
            "entitlement-notices",
            handler="entitlement.handlers.handle_notices",
            description="what the contract includes: GetEntitlements after every notice",
            timeout=NOTICE_WITHIN,
            settings=EntitlementNoticesSettings(
                INTEGRATION=self._stage.integration,
                PRODUCT_CODE=self._stage.product_code,
                PRICING_MODEL=self._stage.pricing_model,
                TIERS=tiers.to_json(self._stage.tiers),
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                NOTICES_TABLE=self._data.notices.name,
            ),
        )
        self._data.subscribers.grant_read(function.function)
        self._data.subscribers.grant_update(function.function)
        self._data.subscribers.grant_query_index(function.function, name=AGREEMENT_INDEX.name)
        self._data.notices.grant_put(function.function)
        function.allow_marketplace("GetEntitlements")
        return function

    def _usage(self) -> RoomFunction:
        function = self._function(
            "usage",
            handler="usage.handlers.handle",
            description="usage is reported: each event is recorded once",
            settings=UsageSettings(
                SUBSCRIBERS_TABLE=self._data.subscribers.name,
                USAGE_EVENTS_TABLE=self._data.usage_events.name,
                METERING_RECORDS_TABLE=self._data.metering_records.name,
                DIMENSIONS=dimensions.to_json(self._stage.dimensions),
                PENDING_SHARDS=str(self._stage.pending_shards),
            ),
        )
        self._data.subscribers.grant_read(function.function)
        self._data.subscribers.grant_check(function.function)
        self._data.usage_events.grant_read(function.function)
        self._data.usage_events.grant_check(function.function)
        self._data.usage_events.grant_put(function.function)
        self._data.usage_events.grant_update(function.function)
        self._data.metering_records.grant_read(function.function)
        self._data.metering_records.grant_update(function.function)
        return function

    def _subscription_queue(self) -> NoticeQueue:
        queue = NoticeQueue(self, "SubscriptionQueue", consumer=self.subscription_notices)
        queue.subscribe_to("Topic", topic_arn=notice_topic("subscription", self._stage.product_code))
        queue.receive_events(
            "Events",
            source=SOURCE,
            detail_types=DETAIL_TYPES,
            description="licences and agreements of AWS Marketplace buyers",
        )
        return queue

    def _entitlement_queue(self) -> NoticeQueue:
        """Starts are followed as well as the entitlement topic: an hour is sealed by entitlements newer than they."""
        queue = NoticeQueue(self, "EntitlementQueue", consumer=self.entitlement_notices)
        queue.subscribe_to("Topic", topic_arn=notice_topic("entitlement", self._stage.product_code))
        queue.subscribe_to("SubscriptionTopic", topic_arn=notice_topic("subscription", self._stage.product_code))
        queue.receive_events(
            "Events",
            source=SOURCE,
            detail_types=STARTS,
            description="licences that may have brought or changed entitlements",
        )
        return queue

    def _api(self) -> RestApi:
        api = RestApi(
            self,
            "Api",
            name=self.stack_name,
            environment=self._environment,
            requests_per_second=self._stage.requests_per_second,
            burst=self._stage.request_burst,
        )
        api.route("POST", "/register", to=self.registration, public=True)
        api.route("POST", "/registrations", to=self.registration, public=True)
        api.route("GET", "/health", to=self.registration, public=True)
        api.route("GET", "/subscribers/{customerIdentifier}", to=self.subscriber_api)
        api.route("GET", "/subscribers/{customerIdentifier}/entitlements", to=self.subscriber_api)
        api.route("POST", "/usage", to=self.usage)
        api.route("GET", "/subscribers/{customerIdentifier}/usage", to=self.usage)
        return api

    def _outputs(self) -> None:
        CfnOutput(self, "ApiUrl", value=self.api.url)
        CfnOutput(self, "RestApiId", value=self.api.api.rest_api_id)
        CfnOutput(self, "ApiStage", value=STAGE)
        CfnOutput(self, "SubscriptionQueueUrl", value=self.subscription_queue.queue.queue_url)
        CfnOutput(self, "SubscriptionDeadLettersUrl", value=self.subscription_queue.dead_letters.queue_url)
        CfnOutput(self, "EntitlementQueueUrl", value=self.entitlement_queue.queue.queue_url)
        CfnOutput(self, "EntitlementDeadLettersUrl", value=self.entitlement_queue.dead_letters.queue_url)
