"""The doors: how buyers, Marketplace, the engine and operators come in."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.api.domain import ApiDomain
from stacks.constructs.api.rest_api import STAGE, RestApi, Route
from stacks.constructs.event_access import accept_events
from stacks.constructs.functions.asset import FunctionAsset
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.functions.function import Function
from stacks.constructs.functions.functions import Functions
from stacks.constructs.queues.notice_queue import NoticeQueue
from stacks.constructs.queues.usage_queue import UsageQueue
from stacks.constructs.storage.signing_secret import SigningSecret
from stacks.data import DataStack
from stacks.door_functions import ANSWER_WITHIN, QUEUED_USAGE_WITHIN, DoorFunctions, door_functions, usage_page_function
from stacks.function_settings import function_settings
from stacks.mails import Mails
from stacks.marketplace_events import DETAIL_TYPES, SOURCE, STARTS, TopicKind, detail_of_buyers, notice_topic
from stacks.stage import Stage
from stacks.yawl import YawlStack


class DoorsStack(Stack):
    """Two queues of notices, a queue of usage and an API, in front of their functions."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        data: DataStack,
        asset: FunctionAsset,
        environment: FunctionEnvironment,
        yawl: YawlStack | None = None,
        bus: events.IEventBus,
        **kwargs: Any,
    ) -> None:
        """yawl: the stack of the stage's engines, if it has any. bus: of the stage's events."""
        super().__init__(scope, id_, **kwargs)
        self._stage = stage
        self.usage_queue = UsageQueue(
            self,
            "UsageQueue",
            consumer_timeout=QUEUED_USAGE_WITHIN,
            retry_after=Duration.seconds(stage.waiting_usage_seconds),
        )
        # The API alone recognizes a sender whose id is not known.
        self.usage_queue.let_in([each.principal for each in stage.reporters if each.sender_id])
        session_secret = SigningSecret(self, "SessionSecret", signs="the sessions of the registration page")
        handover_secret = None
        if stage.handover:
            handover_secret = SigningSecret(self, "HandoverSecret", signs="hand-overs of buyers to the vendor's app")
        usage_page_secret = None
        if stage.usage_page:
            usage_page_secret = SigningSecret(self, "UsagePageSecret", signs="links to buyers' usage pages")
        made = Functions(
            scope=self,
            code=asset.code(),
            environment=environment,
            settings={
                **function_settings(stage, data),
                "SESSION_SECRET_ARN": session_secret.arn,
                "HANDOVER_SECRET_ARN": handover_secret.arn if handover_secret else "",
                "USAGE_PAGE_SECRET_ARN": usage_page_secret.arn if usage_page_secret else "",
                "WAITING_USAGE_QUEUE_URL": self.usage_queue.waiting.queue_url,
                "REFUSED_USAGE_QUEUE_URL": self.usage_queue.refused.queue_url,
                "ENGINE_USAGE_QUEUE_ARN": yawl.usage.queue.queue_arn if yawl else "",
            },
            timeout=ANSWER_WITHIN,
            seller_role_arn=stage.seller_role_arn,
        )
        self.functions = made.made
        self.mails = None
        if stage.email:
            self.mails = Mails(self, "Mails", email=stage.email, functions=made, data=data, bus=bus)
        people = self.mails.queue.queue if self.mails else None
        made = made.with_settings(PEOPLE_QUEUE_URL=people.queue_url if people else "")
        self.behind = door_functions(made, data, public_concurrency=stage.public_concurrency)
        if people:
            iam.Grant.add_to_principal(
                grantee=self.behind.subscriber_api, actions=["sqs:SendMessage"], resource_arns=[people.queue_arn]
            )
        session_secret.grant_read(self.behind.registration)
        if handover_secret:
            for function in (self.behind.registration, self.behind.subscriber_api):
                handover_secret.grant_read(function)
            # Apps that verify hand-overs themselves read it; people who rotate it need its name.
            CfnOutput(self, "HandoverSecretArn", value=handover_secret.arn)
        self.usage_page: Function | None = None
        if usage_page_secret:
            self.usage_page = usage_page_function(made, data, public_concurrency=stage.public_concurrency)
            for function in (self.usage_page, self.behind.buyer_usage):
                usage_page_secret.grant_read(function)
            # People who rotate the secret need its name.
            CfnOutput(self, "UsagePageSecretArn", value=usage_page_secret.arn)
        self.usage_queue.feed(self.behind.usage_queue)
        if yawl:
            self.usage_queue.feed_also("EngineSource", yawl.usage.queue, self.behind.usage_queue)
        self.subscription_queue = NoticeQueue(self, "SubscriptionQueue", consumer=self.behind.subscription_notices)
        self._feed(
            self.subscription_queue,
            topics=("subscription",),
            detail_types=DETAIL_TYPES,
            description="licences and agreements of AWS Marketplace buyers",
        )
        self.entitlement_queue = NoticeQueue(self, "EntitlementQueue", consumer=self.behind.entitlement_notices)
        if stage.has_contracts:
            # Only products with contracts have entitlements, and an entitlement topic (AWS Marketplace Seller Guide,
            # "Amazon SNS notifications for SaaS products"); a subscription to a missing topic fails the deployment.
            # Starts come here, too: an hour is sealed by entitlements that are newer than its buyer's start.
            self._feed(
                self.entitlement_queue,
                topics=("entitlement", "subscription"),
                only_contracts=True,
                detail_types=STARTS,
                description="licences that may have brought or changed entitlements",
            )
        if stage.seller_account:
            accept_events(self, "EventsOfSeller", account=stage.seller_account, source=SOURCE, name=self.stack_name)
        self.api = RestApi(
            self,
            "Api",
            name=self.stack_name,
            environment=environment,
            requests_per_second=stage.requests_per_second,
            burst=stage.request_burst,
            routes=[
                *routes(self.behind),
                *(usage_page_routes(self.usage_page) if self.usage_page else ()),
                *(engine_routes(yawl.behind.gateway) if yawl else ()),
            ],
            senders=[reporter.principal for reporter in stage.reporters],
            default_endpoint=stage.domain is None,
            requests_per_address=stage.firewall_requests,
        )
        # The listing's fulfilment URL names the domain, which stays when the API is replaced.
        domain = stage.domain and ApiDomain(
            self,
            "Domain",
            name=stage.domain.name,
            certificate_arn=stage.domain.certificate_arn,
            api=self.api.api,
            hosted_zone=stage.domain.hosted_zone,
        )
        if domain:
            # The value of the name's CNAME record, if Route 53 does not keep its zone.
            CfnOutput(self, "DomainTarget", value=domain.target)
        if self.mails:
            CfnOutput(self, "MailsQueueUrl", value=self.mails.queue.queue.queue_url)
            CfnOutput(self, "MailsDeadLettersUrl", value=self.mails.queue.dead_letters.queue_url)
        for name, value in {
            "ApiUrl": domain.url if domain else self.api.api.url,
            "RestApiId": self.api.api.rest_api_id,
            "ApiStage": STAGE,
            # People who rotate the secret need its name.
            "SessionSecretArn": session_secret.arn,
            "SubscriptionQueueUrl": self.subscription_queue.queue.queue_url,
            "SubscriptionDeadLettersUrl": self.subscription_queue.dead_letters.queue_url,
            "EntitlementQueueUrl": self.entitlement_queue.queue.queue_url,
            "EntitlementDeadLettersUrl": self.entitlement_queue.dead_letters.queue_url,
            "UsageQueueUrl": self.usage_queue.queue.queue_url,
            # Senders need sqs:SendMessage on it.
            "UsageQueueArn": self.usage_queue.queue.queue_arn,
            "UsageDeadLettersUrl": self.usage_queue.dead_letters.queue_url,
            "WaitingUsageQueueUrl": self.usage_queue.waiting.queue_url,
            "WaitingUsageDeadLettersUrl": self.usage_queue.waiting_dead_letters.queue_url,
            "RefusedUsageQueueUrl": self.usage_queue.refused.queue_url,
        }.items():
            CfnOutput(self, name, value=value)
        if yawl:
            # What an engine is given: this, its id, a slash and its secret.
            CfnOutput(self, "AnnouncementsUrl", value=f"{domain.url if domain else self.api.api.url}yawl/v1/")

    def _feed(
        self,
        queue: NoticeQueue,
        *,
        topics: Sequence[TopicKind],
        detail_types: Sequence[str],
        description: str,
        only_contracts: bool = False,
    ) -> None:
        """Let the queue take the notices of these events, which are those of all products, and of each product's topics
        of these kinds. only_contracts: products without contracts have none of these topics."""
        if not self._stage.takes_notices:
            return
        queue.subscribe_to(
            {
                # By the code: a subscription that changed its name would be made anew and then removed.
                f"{kind.capitalize()}Topic{product.code}": notice_topic(kind, product.code)
                for product in self._stage.products
                if "sns" in self._stage.notices[product.code] and (product.has_contracts or not only_contracts)
                for kind in topics
            }
        )
        if "eventbridge" in self._stage.ways_of_notices:
            queue.receive_events(
                "Events",
                source=SOURCE,
                detail_types=detail_types,
                description=description,
                detail=detail_of_buyers(self._stage),
                account=self._stage.seller_account,
            )


def routes(to: DoorFunctions) -> list[Route]:
    """The API's routes, each with the function that answers it."""
    customer = "/subscribers/{customerIdentifier}"
    return [
        # A buyer who opens the fulfilment URL directly, or reloads the page, learns where to begin.
        *(
            Route(method=method, path=path, to=to.registration, public=True)
            for path in ("/register", "/registrations")
            for method in ("POST", "GET", "HEAD")
        ),
        Route(method="GET", path="/health", to=to.registration, public=True),
        Route(method="GET", path=customer, to=to.subscriber_api),
        Route(method="GET", path=f"{customer}/entitlements", to=to.subscriber_api),
        Route(method="GET", path=f"{customer}/access", to=to.access),
        Route(method="GET", path=f"{customer}/usage-summary", to=to.buyer_usage),
        Route(method="POST", path=f"{customer}/usage-link", to=to.buyer_usage),
        Route(method="DELETE", path=f"{customer}/usage-link", to=to.buyer_usage),
        Route(method="POST", path=f"{customer}/link", to=to.subscriber_api),
        Route(method="POST", path="/handovers/redeem", to=to.subscriber_api),
        Route(method="POST", path="/usage", to=to.usage, senders=True),
        Route(method="GET", path=f"{customer}/usage", to=to.usage, senders=True),
    ]


def usage_page_routes(page: Function) -> list[Route]:
    """The page behind a signed link. The link is the last part of the path, and no log or trace holds it."""
    return [
        Route(method=method, path="/usage-page/{link}", to=page, public=True, secret_in_path=True)
        for method in ("GET", "HEAD")
    ]


def engine_routes(gateway: Function) -> list[Route]:
    """The address to which engines announce. An engine asks with HEAD before it takes an address, and follows redirects
    with a GET. ANY would do as well, but AWS does not say whether a method's own limits may be set for it."""
    path = "/yawl/v1/{engineId}/{secret}"
    return [
        Route(method=method, path=path, to=gateway, public=True, secret_in_path=True, full_rate=True)
        for method in ("POST", "GET", "HEAD")
    ]
