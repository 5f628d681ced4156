"""Function ``buyer-usage``: a customer's usage as its page shows it, and the links to that page, for the vendor's app.

IAM has let the caller in before any of this runs. No line of the log holds a link.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from buyer.assembly import usage_page as assembly
from buyer.usage_page.links import Links, revoke
from buyer.usage_page.read import Summaries
from buyer.usage_page.show import as_json
from ledger import dynamodb
from ledger.subscriber import Subscriber
from ledger.subscribers import SubscriberBusy, Subscribers
from ledger.transaction import is_unavailable
from marketplace.billing_identity import BILLING_KEY
from runtime import clock, telemetry
from runtime.api_error import ApiError, bad_request
from runtime.http_api import HEADERS, HttpApi, header, json_answer
from runtime.settings import BuyerUsageSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

logger = telemetry.logger("subscription")
api = HttpApi(logger, busy=(SubscriberBusy,), is_unavailable=is_unavailable)


@cache
def tables() -> "DynamoDBServiceResource":
    """The connection to the tables, made once."""
    return dynamodb.connect()


@cache
def subscribers() -> Subscribers:
    """The store of subscribers, made from the function's environment once."""
    return Subscribers(tables().Table(BuyerUsageSettings.from_env().SUBSCRIBERS_TABLE))


@cache
def links() -> Links | None:
    """The links to usage pages, made from the function's environment once."""
    return assembly.links(BuyerUsageSettings.from_env())


@cache
def summaries() -> Summaries:
    """The summaries of usage, made from the function's environment once."""
    return assembly.summaries(BuyerUsageSettings.from_env(), tables())


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of the gateway, as its answer."""
    return api.resolve(event, context)


@api.get("/subscribers/<customer_identifier>/usage-summary")
def show_summary(customer_identifier: str) -> Response[str]:
    """The customer's usage as its usage page shows it, as JSON. Raises ApiError bad_request or not_found."""
    return json_answer(200, as_json(summaries().of(_stored(customer_identifier), clock.now())))


@api.post("/subscribers/<customer_identifier>/usage-link")
def make_link(customer_identifier: str) -> Response[str]:
    """A link to the customer's usage page, and until when it works. Raises ApiError bad_request or not_found."""
    text, link = _links().make(_stored(customer_identifier), clock.now())
    logger.info("usage link made", customer=customer_identifier, expires=link.expires_at)
    return json_answer(200, {"url": f"{_address()}/usage-page/{text}", "expiresAt": clock.iso(link.expires_at)})


@api.delete("/subscribers/<customer_identifier>/usage-link")
def revoke_links(customer_identifier: str) -> Response[str]:
    """End all links to the customer's usage page that were made before. Raises ApiError bad_request or not_found."""
    _links()
    revoke(subscribers(), _key(customer_identifier), clock.now())
    logger.info("usage links revoked", customer=customer_identifier)
    return Response(204, body="", headers=dict(HEADERS))


def _links() -> Links:
    found = links()
    if found is None:
        raise ApiError(404, "not_found", "This stage has no usage page: its stage file has no [usagePage].")
    return found


def _address() -> str:
    """The API's address as the caller knows it: a function cannot be told that of the API in front of it."""
    event = api.current_event
    context = event["requestContext"]
    host = context.get("domainName") or header(event, "host")
    return f"https://{host}{str(context['path']).removesuffix(event.path)}"


def _key(customer_identifier: str) -> str:
    if not BILLING_KEY.fullmatch(customer_identifier):
        raise bad_request("This is not a customer identifier.", "customerIdentifier")
    return customer_identifier


def _stored(customer_identifier: str) -> Subscriber:
    found = subscribers().get(_key(customer_identifier))
    if found is None:
        raise ApiError(404, "not_found", "No subscriber has this identifier.")
    return found
