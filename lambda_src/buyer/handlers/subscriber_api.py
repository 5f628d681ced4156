"""Function ``subscriber-api``: a subscriber as operators and the vendor's app see it, and what the app says of it.

IAM has let the caller in before any of this runs. No line of the log holds a hand-over.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from buyer import show_subscriber
from buyer.assembly import subscriber_api as assembly
from buyer.handover.redeem import Redeemer
from buyer.json_object import json_object
from buyer.link_account import Linker
from buyer.people.senders import PeopleQueue
from ledger import dynamodb
from ledger.subscriber import Subscriber
from ledger.subscribers import SubscriberBusy, Subscribers
from ledger.transaction import is_unavailable
from marketplace.billing_identity import BILLING_KEY
from runtime import clock, telemetry
from runtime.api_error import ApiError, bad_request
from runtime.http_api import HttpApi, json_answer
from runtime.metric_names import SubscriptionMetric
from runtime.settings import SubscriberApiSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

logger = telemetry.logger("subscription")
metrics = telemetry.metrics("subscription")
#: What says that buyers do not get into the vendor's app. An expired hand-over is a buyer who waited.
_FAILING = ("invalid_handover", "used_handover", "linked_elsewhere")


def _count_refusal(error: ApiError) -> None:
    if error.code in _FAILING:
        metrics.add_metric(SubscriptionMetric.HANDOVERS_REFUSED, MetricUnit.Count, 1)
        people().refused(error.cause.get("customer"), error.code, clock.now())


api = HttpApi(logger, busy=(SubscriberBusy,), is_unavailable=is_unavailable, count_refusal=_count_refusal)


@cache
def tables() -> "DynamoDBServiceResource":
    """The connection to the tables, made once."""
    return dynamodb.connect()


@cache
def subscribers() -> Subscribers:
    """The store of subscribers, made from the function's environment once."""
    return Subscribers(tables().Table(SubscriberApiSettings.from_env().SUBSCRIBERS_TABLE))


@cache
def people() -> PeopleQueue:
    """The queue of what people are told, made from the function's environment once."""
    return PeopleQueue(SubscriberApiSettings.from_env().PEOPLE_QUEUE_URL)


@cache
def linker() -> Linker:
    """What links accounts, made from the function's environment once."""
    return assembly.linker(SubscriberApiSettings.from_env(), tables())


@cache
def redeemer() -> Redeemer | None:
    """What redeems hand-overs, made from the function's environment once."""
    return assembly.redeemer(SubscriberApiSettings.from_env(), tables())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of the gateway, as its answer."""
    return api.resolve(event, context)


@api.get("/subscribers/<customer_identifier>")
def show(customer_identifier: str) -> Response[str]:
    """The subscriber's stored state, as JSON. Raises ApiError bad_request or not_found."""
    return json_answer(200, show_subscriber.subscriber(_stored(customer_identifier)))


@api.get("/subscribers/<customer_identifier>/entitlements")
def show_entitlements(customer_identifier: str) -> Response[str]:
    """The entitlements that were last fetched for the subscriber, as JSON. Raises ApiError bad_request or not_found."""
    return json_answer(200, show_subscriber.entitlements(_stored(customer_identifier)))


@api.post("/subscribers/<customer_identifier>/link")
def link(customer_identifier: str) -> Response[str]:
    """Link the purchase to an account of the vendor's app, and show the subscriber. Raises ApiError bad_json,
    bad_request, not_found or linked_elsewhere."""
    _stored(customer_identifier)
    asked = json_object(api.current_event.body, {"account": str, "replace": bool})
    linked = linker().link(
        customer_identifier,
        asked.get("account", ""),
        replace=asked.get("replace", False),
        who=str(api.current_event["requestContext"]["identity"]["userArn"]),
        now=clock.now(),
    )
    logger.info("account linked", customer=customer_identifier)
    return json_answer(200, show_subscriber.subscriber(linked))


@api.post("/handovers/redeem")
def redeem() -> Response[str]:
    """Who comes with a hand-over, and what was bought; once. Raises ApiError bad_json, bad_request, invalid_handover,
    expired_handover, used_handover or not_found."""
    asked = json_object(api.current_event.body, {"handover": str})
    found = redeemer()
    if found is None:
        raise ApiError(404, "not_found", "This stage has no hand-overs: its stage file has no [handover].")
    said = found.redeem(asked.get("handover", ""), clock.now())
    logger.info("hand-over redeemed", customer=said["customerIdentifier"])
    return json_answer(200, said)


def _stored(customer_identifier: str) -> Subscriber:
    if not BILLING_KEY.fullmatch(customer_identifier):
        raise bad_request("This is not a customer identifier.", "customerIdentifier")
    found = subscribers().get(customer_identifier)
    if found is None:
        raise ApiError(404, "not_found", "No subscriber has this identifier.")
    return found
