"""The functions behind the doors: what each does, and what it may do."""

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

from aws_cdk import Duration

from ledger.tables import AGREEMENT_INDEX, STATUS_INDEX, WAITING_NOTICES_INDEX
from runtime.settings import (
    AccessSettings,
    BuyerUsageSettings,
    EntitlementNoticesSettings,
    RegistrationSettings,
    SubscriberApiSettings,
    SubscriptionNoticesSettings,
    UsagePageSettings,
    UsageQueueSettings,
    UsageSettings,
)
from stacks.constructs.functions.function import Function
from stacks.constructs.functions.functions import Functions
from stacks.constructs.storage.table import LedgerTable
from stacks.data import DataStack

#: API Gateway waits for 29 s at most.
ANSWER_WITHIN = Duration.seconds(28)
NOTICE_WITHIN = Duration.seconds(60)
#: Ten messages of 100 events each, and some contention.
QUEUED_USAGE_WITHIN = Duration.seconds(60)


class DoorFunctions(NamedTuple):
    """The functions behind the API and the queues."""

    registration: Function
    subscriber_api: Function
    buyer_usage: Function
    access: Function
    subscription_notices: Function
    entitlement_notices: Function
    usage: Function
    usage_queue: Function


class Recording(TypedDict):
    """The rights that recording usage needs, as arguments of ``Functions.add``."""

    gets: Sequence[LedgerTable]
    batch_gets: Sequence[LedgerTable]
    checks: Sequence[LedgerTable]
    puts: Sequence[LedgerTable]
    updates: Sequence[LedgerTable]


def door_functions(functions: Functions, data: DataStack, *, public_concurrency: int | None) -> DoorFunctions:
    """Add the functions behind the API and the queues.

    public_concurrency: executions that registration may have at once. Unsigned callers can make it wait for
    Marketplace, and usage, notices and metering need the account's other executions.
    """
    subscribers, events, records, notices = data.subscribers, data.usage_events, data.metering_records, data.notices
    # Recording needs the same rights whichever door the events come in by.
    recording: Recording = {
        "gets": (subscribers, events, records),
        "batch_gets": (events,),
        "checks": (subscribers, events),
        "puts": (events,),
        "updates": (events, records),
    }
    return DoorFunctions(
        registration=functions.add(
            "registration",
            "buyer.handlers.registration.handler",
            RegistrationSettings,
            "a buyer arrives: registration page, ResolveCustomer, contact data",
            service="registration",
            calls=("ResolveCustomer", "GetEntitlements"),
            gets=(subscribers,),
            # It applies notices that came before the buyer registered.
            queries=(notices.index(WAITING_NOTICES_INDEX),),
            updates=(subscribers, notices),
            reserved_concurrency=public_concurrency,
        ),
        subscriber_api=functions.add(
            "subscriber-api",
            "buyer.handlers.subscriber_api.handler",
            SubscriberApiSettings,
            "what is known of a subscriber; links accounts, and redeems hand-overs",
            service="subscription",
            gets=(subscribers,),
            updates=(subscribers,),
            puts=(notices, data.audit),
        ),
        buyer_usage=functions.add(
            "buyer-usage",
            "buyer.handlers.buyer_usage.handler",
            BuyerUsageSettings,
            "a customer's usage for the vendor's app, and links to the page of it",
            service="subscription",
            gets=(subscribers, data.state),
            queries=(records,),
            updates=(subscribers,),
            memory_mb=1024,
        ),
        access=functions.add(
            "access",
            "buyer.handlers.access.handler",
            AccessSettings,
            "may this customer use the product now?",
            service="subscription",
            gets=(subscribers,),
        ),
        subscription_notices=functions.add(
            "subscription-notices",
            "buyer.handlers.subscription_notices.handler",
            SubscriptionNoticesSettings,
            "the agreement lives and ends: SNS and EventBridge notices",
            service="subscription",
            timeout=NOTICE_WITHIN,
            gets=(subscribers, notices),
            queries=(
                subscribers.index(AGREEMENT_INDEX),
                subscribers.index(STATUS_INDEX),
                notices.index(WAITING_NOTICES_INDEX),
            ),
            puts=(notices,),
            updates=(subscribers, notices),
        ),
        entitlement_notices=functions.add(
            "entitlement-notices",
            "buyer.handlers.entitlement_notices.handler",
            EntitlementNoticesSettings,
            "what the contract includes: GetEntitlements after every notice",
            service="entitlement",
            timeout=NOTICE_WITHIN,
            calls=("GetEntitlements",),
            gets=(subscribers,),
            queries=(subscribers.index(AGREEMENT_INDEX),),
            puts=(notices,),
            updates=(subscribers,),
        ),
        usage=functions.add(
            "usage",
            "usage.handlers.usage.handler",
            UsageSettings,
            "usage is reported: each event is recorded once",
            # A customer's hours, for those who ask what became of them.
            queries=(records,),
            **recording,
        ),
        usage_queue=functions.add(
            "usage-queue",
            "usage.handlers.usage_queue.handler",
            UsageQueueSettings,
            "usage comes by queue: recorded once, or sent on to wait or to be looked at",
            timeout=QUEUED_USAGE_WITHIN,
            # Waiting events come round every quarter of an hour for a day (usage.drain_queue.PATIENCE).
            own_loop=True,
            **recording,
        ),
    )


def usage_page_function(functions: Functions, data: DataStack, *, public_concurrency: int | None) -> Function:
    """Add the function behind buyers' links to their usage, which only reads. public_concurrency: executions that it
    may have at once, as registration may."""
    return functions.add(
        "usage-page",
        "buyer.handlers.usage_page.handler",
        UsagePageSettings,
        "a buyer sees its usage: the page behind a signed link",
        service="subscription",
        gets=(data.subscribers, data.state),
        queries=(data.metering_records,),
        # It reads megabytes of a busy customer's months.
        memory_mb=1024,
        reserved_concurrency=public_concurrency,
    )
