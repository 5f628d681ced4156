"""The doors: what buyers, Marketplace, the engine and operators come in by."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from constructs import Construct

from stacks.constructs.api_domain import ApiDomain
from stacks.constructs.asset import FunctionAsset
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.event_access import accept_events
from stacks.constructs.function import RoomFunction
from stacks.constructs.notice_queue import NoticeQueue
from stacks.constructs.rest_api import STAGE, RestApi, Route
from stacks.constructs.usage_queue import UsageQueue
from stacks.data import DataStack
from stacks.door_functions import QUEUED_USAGE_WITHIN, DoorFunctions
from stacks.marketplace_events import DETAIL_TYPES, SOURCE, STARTS, detail_of_buyers, notice_topic
from stacks.stage import Stage


class DoorsStack(Stack):
    """Queues and API, wired to the functions ``behind`` them."""

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
        self._environment = environment
        self._stage = stage
        self._ways = stage.notices if stage.takes_notices else ()
        self.usage_queue = UsageQueue(
            self,
            "UsageQueue",
            consumer_timeout=QUEUED_USAGE_WITHIN,
            retry_after=Duration.seconds(stage.waiting_usage_seconds),
        )
        # a sender whose id is not known is recognized by the API only
        self.usage_queue.let_in([each.principal for each in stage.reporters if each.sender_id])
        self.behind = DoorFunctions(
            self,
            stage=stage,
            data=data,
            usage_queue=self.usage_queue,
            code=asset.code(),
            environment=environment,
        )
        self.subscription_queue = self._subscription_queue()
        self.entitlement_queue = self._entitlement_queue()
        if stage.seller_account:
            accept_events(self, "EventsOfSeller", account=stage.seller_account, source=SOURCE, name=self.stack_name)
        self.api = self._api()
        self.domain = self._domain()
        self._outputs()

    @property
    def functions(self) -> dict[str, RoomFunction]:
        return {function.node.id: function for function in self.behind.all()}

    def _subscription_queue(self) -> NoticeQueue:
        queue = NoticeQueue(self, "SubscriptionQueue", consumer=self.behind.subscription_notices)
        if "sns" in self._ways:
            queue.subscribe_to("Topic", topic_arn=notice_topic("subscription", self._stage.product_code))
        if "eventbridge" in self._ways:
            queue.receive_events(
                "Events",
                source=SOURCE,
                detail_types=DETAIL_TYPES,
                description="licences and agreements of AWS Marketplace buyers",
                detail=detail_of_buyers(self._stage),
                account=self._stage.seller_account,
            )
        return queue

    def _entitlement_queue(self) -> NoticeQueue:
        """Starts are followed as well as the entitlement topic: an hour is sealed by entitlements newer than they.

        Only products with contracts have entitlements, and an entitlement topic (AWS Marketplace Seller Guide, "Amazon
        SNS notifications for SaaS products"): a subscription to a topic that is not there fails the deployment.
        """
        queue = NoticeQueue(self, "EntitlementQueue", consumer=self.behind.entitlement_notices)
        ways = self._ways if self._stage.has_contracts else ()
        if "sns" in ways:
            queue.subscribe_to("Topic", topic_arn=notice_topic("entitlement", self._stage.product_code))
            queue.subscribe_to("SubscriptionTopic", topic_arn=notice_topic("subscription", self._stage.product_code))
        if "eventbridge" in ways:
            queue.receive_events(
                "Events",
                source=SOURCE,
                detail_types=STARTS,
                description="licences that may have brought or changed entitlements",
                detail=detail_of_buyers(self._stage),
                account=self._stage.seller_account,
            )
        return queue

    def _api(self) -> RestApi:
        behind = self.behind
        return RestApi(
            self,
            "Api",
            name=self.stack_name,
            environment=self._environment,
            requests_per_second=self._stage.requests_per_second,
            burst=self._stage.request_burst,
            routes=[
                # whoever opens the fulfilment URL himself, or reloads the page, is told where to begin
                *(
                    Route(method=method, path=path, to=behind.registration, public=True)
                    for path in ("/register", "/registrations")
                    for method in ("POST", "GET", "HEAD")
                ),
                Route(method="GET", path="/health", to=behind.registration, public=True),
                Route(method="GET", path="/subscribers/{customerIdentifier}", to=behind.subscriber_api),
                Route(method="GET", path="/subscribers/{customerIdentifier}/entitlements", to=behind.subscriber_api),
                Route(method="POST", path="/usage", to=behind.usage, senders=True),
                Route(method="GET", path="/subscribers/{customerIdentifier}/usage", to=behind.usage, senders=True),
            ],
            senders=[reporter.principal for reporter in self._stage.reporters],
            default_endpoint=self._stage.domain is None,
            requests_per_address=self._stage.firewall_requests,
        )

    def _domain(self) -> ApiDomain | None:
        """The domain that the listing's fulfilment URL names: it stays when the API is made anew."""
        wanted = self._stage.domain
        if wanted is None:
            return None
        return ApiDomain(
            self,
            "Domain",
            name=wanted.name,
            certificate_arn=wanted.certificate_arn,
            api=self.api.api,
            hosted_zone=wanted.hosted_zone,
        )

    def _outputs(self) -> None:
        CfnOutput(self, "ApiUrl", value=self.domain.url if self.domain else self.api.url)
        if self.domain:
            # what the name's CNAME record says, where Route 53 does not keep its zone
            CfnOutput(self, "DomainTarget", value=self.domain.target)
        CfnOutput(self, "RestApiId", value=self.api.api.rest_api_id)
        CfnOutput(self, "ApiStage", value=STAGE)
        # for whoever rotates it
        CfnOutput(self, "SessionSecretArn", value=self.behind.session_secret.arn)
        CfnOutput(self, "SubscriptionQueueUrl", value=self.subscription_queue.queue.queue_url)
        CfnOutput(self, "SubscriptionDeadLettersUrl", value=self.subscription_queue.dead_letters.queue_url)
        CfnOutput(self, "EntitlementQueueUrl", value=self.entitlement_queue.queue.queue_url)
        CfnOutput(self, "EntitlementDeadLettersUrl", value=self.entitlement_queue.dead_letters.queue_url)
        CfnOutput(self, "UsageQueueUrl", value=self.usage_queue.queue.queue_url)
        # whoever sends needs sqs:SendMessage on it
        CfnOutput(self, "UsageQueueArn", value=self.usage_queue.queue.queue_arn)
        CfnOutput(self, "UsageDeadLettersUrl", value=self.usage_queue.dead_letters.queue_url)
        CfnOutput(self, "WaitingUsageQueueUrl", value=self.usage_queue.waiting.queue_url)
        CfnOutput(self, "WaitingUsageDeadLettersUrl", value=self.usage_queue.waiting_dead_letters.queue_url)
        CfnOutput(self, "RefusedUsageQueueUrl", value=self.usage_queue.refused.queue_url)
