"""The doors of the room: Marketplace's notices from their queue, and the operators' view of a subscriber."""

import json
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger.notices import Notices
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from marketplace.billing_identity import BILLING_KEY
from marketplace.notices import parse
from runtime import clock, telemetry
from runtime.api_error import ApiError
from runtime.failure import described
from runtime.metric_names import SubscriptionMetric
from runtime.settings import SubscriberApiSettings, SubscriptionNoticesSettings
from subscription import show_subscriber
from subscription.receive_notice import NoticeDesk, Outcome

logger = telemetry.logger("subscription")
metrics = telemetry.metrics("subscription")
api = APIGatewayRestResolver()
_COUNTED = {
    "applied": SubscriptionMetric.NOTICES_APPLIED,
    "unchanged": SubscriptionMetric.NOTICES_APPLIED,
    "waiting": SubscriptionMetric.NOTICES_WAITING,
    "unknown": SubscriptionMetric.NOTICES_UNKNOWN,
    "other_integration": SubscriptionMetric.NOTICES_UNKNOWN,
}


@cache
def notice_desk() -> NoticeDesk:
    """What the notices function works with, made from its environment once."""
    settings = SubscriptionNoticesSettings.from_env()
    tables = boto3.resource("dynamodb")
    return NoticeDesk(
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        notices=Notices(tables.Table(settings.NOTICES_TABLE)),
        product_code=settings.PRODUCT_CODE,
        integration=settings.INTEGRATION,
    )


@cache
def subscribers() -> Subscribers:
    """The table that the API function reads."""
    return Subscribers(boto3.resource("dynamodb").Table(SubscriberApiSettings.from_env().SUBSCRIBERS_TABLE))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle_notices(event: dict[str, Any], context: LambdaContext) -> Any:
    """A batch of the notice queue; records that failed are named and come again, then go to the dead letters."""
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, _notice, processor, context)


def _notice(record: SQSRecord) -> Outcome:
    try:
        now = clock.now()
        notice = parse(record.body, message_id=record.message_id, sent_ms=int(record.attributes.sent_timestamp))
        outcome, statuses = notice_desk().receive(notice, record.body, now)
    except Exception as error:
        logger.error("notice failed", extra={"messageId": record.message_id, **described(error)})
        raise
    said = {"noticeId": notice.id, "action": notice.action, "source": notice.source, "at": clock.iso(notice.at)}
    logger.info("notice", extra=said | {"outcome": outcome, "statuses": statuses, "agreement": notice.agreement_id})
    if outcome in _COUNTED:
        metrics.add_metric(_COUNTED[outcome], MetricUnit.Count, 1)
    return outcome


@logger.inject_lambda_context(clear_state=True)
def handle_api(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The operators' routes, protected by IAM at the gateway."""
    return api.resolve(event, context)


@api.get("/subscribers/<customer_identifier>")
def show(customer_identifier: str) -> Response[str]:
    return _json(200, show_subscriber.subscriber(_found(customer_identifier)))


@api.get("/subscribers/<customer_identifier>/entitlements")
def show_entitlements(customer_identifier: str) -> Response[str]:
    return _json(200, show_subscriber.entitlements(_found(customer_identifier)))


def _found(customer_identifier: str) -> Subscriber:
    if not BILLING_KEY.fullmatch(customer_identifier):
        raise ApiError(400, "bad_request", "This is not a customer identifier.", {"field": "customerIdentifier"})
    found = subscribers().get(customer_identifier)
    if found is None:
        raise ApiError(404, "not_found", "No subscriber has this identifier.")
    return found


@api.exception_handler(ApiError)
def _refused(error: ApiError) -> Response[str]:
    return _answer(error)


@api.exception_handler(Exception)
def _failed(error: Exception) -> Response[str]:
    logger.error("request failed", extra=described(error))
    return _answer(ApiError(500, "internal_error", "Something went wrong here. Please try again later."))


@api.not_found
def _no_route(_: Exception) -> Response[str]:
    return _answer(ApiError(404, "not_found", "There is nothing at this address."))


def _answer(error: ApiError) -> Response[str]:
    return _json(error.status, error.payload())


def _json(status: int, payload: dict[str, Any]) -> Response[str]:
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(status, "application/json", json.dumps(payload), headers=headers)
