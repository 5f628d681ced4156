"""Function ``access``: may this customer use the product now? IAM has let the caller in before any of this runs."""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from buyer import show_access
from buyer.access_terms import AccessRules, Question
from ledger import dynamodb
from ledger.subscribers import Subscribers
from ledger.transaction import is_unavailable
from marketplace.billing_identity import BILLING_KEY
from marketplace.products import Products
from runtime import clock, telemetry
from runtime.api_error import bad_request
from runtime.http_api import HEADERS, HttpApi, header, json_answer
from runtime.settings import AccessSettings

logger = telemetry.logger("subscription")
api = HttpApi(logger, is_unavailable=is_unavailable)
#: BatchMeterUsage ``Dimension`` (botocore model).
LONGEST_DIMENSION = 255


@cache
def subscribers() -> Subscribers:
    """The store of subscribers, made from the function's environment once."""
    return Subscribers(dynamodb.connect().Table(AccessSettings.from_env().SUBSCRIBERS_TABLE))


@cache
def products() -> Products:
    """What is sold, read from the function's environment once."""
    return Products.from_json(AccessSettings.from_env().PRODUCTS)


@cache
def rules() -> AccessRules:
    """How the stage answers, read from the function's environment once."""
    return AccessRules.from_json(AccessSettings.from_env().ACCESS)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of the gateway, as its answer."""
    return api.resolve(event, context)


@api.get("/subscribers/<customer_identifier>/access")
def access(customer_identifier: str) -> Response[str]:
    """Whether the customer may use the product now, as JSON, for the caller to keep for a while. A key that nobody has
    is an answer too. Raises ApiError bad_request."""
    if not BILLING_KEY.fullmatch(customer_identifier):
        raise bad_request("This is not a customer identifier.", "customerIdentifier")
    query = api.current_event.query_string_parameters or {}
    dimension = query.get("dimension", "")
    if len(dimension) > LONGEST_DIMENSION:
        raise bad_request("A dimension's name is shorter.", "dimension", longest=LONGEST_DIMENSION)
    asked = Question(products=products(), rules=rules(), now=clock.now(), dimension=dimension)
    rows = show_access.chain(customer_identifier, subscribers().get)
    shown = show_access.access(customer_identifier, rows, asked)
    if show_access.is_known(header(api.current_event, "if-none-match"), shown):
        return Response(304, body="", headers={**HEADERS, **shown.headers})
    return json_answer(200, shown.body, shown.headers)
