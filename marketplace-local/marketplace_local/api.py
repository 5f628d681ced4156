"""AWS's interface without HTTP: who calls what, quotas and faults around the work, an answer or an error."""

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from marketplace_local import catalog_api
from marketplace_local.call_faults import CallFaults
from marketplace_local.call_log import Call
from marketplace_local.clock import iso
from marketplace_local.errors import ApiError
from marketplace_local.metering import batch_meter_usage
from marketplace_local.model import violations
from marketplace_local.rules import entitlements, regions, registration
from marketplace_local.state import MarketplaceState
from marketplace_local.violation import describe

SIGNING_NAME = "aws-marketplace"
#: by X-Amz-Target: JSON 1.1, AWSMPMeteringService.* and AWSMPEntitlementService.*
TARGETS = {
    "AWSMPMeteringService.ResolveCustomer": "ResolveCustomer",
    "AWSMPMeteringService.BatchMeterUsage": "BatchMeterUsage",
    "AWSMPEntitlementService.GetEntitlements": "GetEntitlements",
}
_CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 .*?Credential=[^/\s,]+/\d{8}/([^/]+)/([^/]+)/aws4_request")


class Answer(NamedTuple):
    """What goes over the wire; ``lost``: nothing does, the connection just closes."""

    status: int
    body: dict[str, Any]
    error: str = ""
    lost: bool = False


def answer(
    state: MarketplaceState,
    header: Callable[[str], str | None],
    raw: bytes,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """One request of AWS's interface. ``header`` finds a header whatever its case; ``raw`` is the body."""
    try:
        region = signed_region(header("Authorization") or "")
        operation = known_operation(header("X-Amz-Target") or "")
        body = parsed(raw)
    except ApiError as error:
        return _refused(error)
    return serve(state, operation, region, body, len(raw), sleep)


def catalog_answer(
    state: MarketplaceState,
    operation: str,
    header: Callable[[str], str | None],
    query: Mapping[str, str],
    raw: bytes,
) -> Answer:
    """One request of the Catalog API, which is another protocol (``marketplace_local.catalog_api``)."""
    try:
        region = signed_region(header("Authorization") or "")
        request = catalog_api.request_of(operation, query, parsed(raw))
        with state.lock:
            return Answer(200, catalog_api.answer(state, operation, region, request))
    except ApiError as error:
        return _refused(error)


def serve(
    state: MarketplaceState,
    operation: str,
    region: str,
    body: Any,
    size: int,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """One call: ``body`` is parsed JSON of ``size`` bytes. The one door to the rules, over HTTP and in process."""
    with state.lock:
        faults = state.faults_of_call(operation)
        slow = faults.take("slow")
    if slow:
        sleep(slow.seconds)
    with state.lock:
        return _answer_call(state, operation, region, body, size, faults)


def signed_region(authorization: str) -> str:
    """The Region of the request's signature, which must be for ``aws-marketplace``; the signature is not verified."""
    if not authorization:
        raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    match = _CREDENTIAL.match(authorization)
    if not match or match[2] != SIGNING_NAME:
        message = f"Credential should be scoped to correct service: '{SIGNING_NAME}'."
        raise ApiError("InvalidSignatureException", message, 403)
    return match[1]


def known_operation(target: str) -> str:
    """The operation that ``X-Amz-Target`` names."""
    if target not in TARGETS:
        raise ApiError("UnknownOperationException", f"the local Marketplace answers {', '.join(TARGETS)}")
    return TARGETS[target]


def parsed(raw: bytes) -> Any:
    """The body as JSON, which knows no NaN."""
    try:
        return json.loads(raw or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ApiError("SerializationException", "the request is not JSON") from None


def _no_constant(name: str) -> None:
    """NaN and Infinity are Python's, not JSON's; a NaN would pass every comparison."""
    raise ValueError(name)


def _answer_call(
    state: MarketplaceState, operation: str, region: str, body: Any, size: int, faults: CallFaults
) -> Answer:
    call = state.log.open_call(iso(state.now()), operation, region)
    call.faults = faults.met
    if operation == "BatchMeterUsage" and isinstance(body, dict) and isinstance(body.get("UsageRecords"), list):
        call.records = len(body["UsageRecords"])
        state.log.counts["records"] += call.records
    try:
        _refuse_whole_service(state, operation, region, body, faults)
        given = Answer(200, _work(state, operation, region, body, size, call, faults))
    except ApiError as error:
        call.outcome, call.message = error.code, error.message
        state.log.counts["unprocessed" if error.transient else "rejected"] += call.records
        given = _refused(error)
    else:
        if late := faults.take("late-error", product=call.productCode):
            call.lost = True
            given = _refused(ApiError(late.error or "InternalServiceErrorException", "after the work was done", 500))
    if faults.take("lost-answer"):
        call.lost = True
        return given._replace(lost=True)
    return given


def _refuse_whole_service(state: MarketplaceState, operation: str, region: str, body: Any, faults: CallFaults) -> None:
    """The quota, and the faults that need not know the buyer."""
    if faults.take("throttle") or not state.rate.take(operation, region):
        raise ApiError("ThrottlingException", "The calls to the API are throttled.")
    if faults.take("server-error"):
        raise ApiError("InternalServiceErrorException", "An internal error has occurred. Retry your request.")
    product = body.get("ProductCode") if isinstance(body, dict) else ""
    if fault := faults.take("error", product=product or ""):
        raise ApiError(fault.error, "a fault of the local Marketplace's")


def _work(
    state: MarketplaceState, operation: str, region: str, body: Any, size: int, call: Call, faults: CallFaults
) -> dict[str, Any]:
    if operation == "GetEntitlements":
        regions.entitlement_region(region)
        return get_entitlements(state, body)
    regions.metering_region(region)
    if operation == "ResolveCustomer":
        return resolve_customer(state, body)
    return batch_meter_usage(state, body, size, call, faults)


def resolve_customer(state: MarketplaceState, body: Any) -> dict[str, Any]:
    """Raises ApiError InvalidTokenException or ExpiredTokenException; the token is in no log."""
    if broken := violations("meteringmarketplace", "ResolveCustomer", body):
        raise ApiError("InvalidTokenException", describe(broken))
    token = registration.token_is_known(state.tokens.get(body["RegistrationToken"]))
    registration.token_is_fresh(token, state.now(), state.switches.token_seconds)
    return registration.resolved(token.buyer)


def get_entitlements(state: MarketplaceState, body: Any) -> dict[str, Any]:
    """Raises ApiError InvalidParameterException (botocore model: one or more parameters were invalid)."""
    if broken := violations("marketplace-entitlement", "GetEntitlements", body):
        raise ApiError("InvalidParameterException", describe(broken))
    entitlements.product_is_known(body["ProductCode"], state.catalogue)
    filters = body.get("Filter") or {}
    entitlements.filters_are_exclusive(filters)
    found = entitlements.entitlements(body["ProductCode"], filters, state.catalogue.buyers.values(), state.now())
    return entitlements.page(found, body, empty_pages=state.switches.empty_pages)


def _refused(error: ApiError) -> Answer:
    return Answer(error.status, {"__type": error.code, "message": error.message}, error.code)
