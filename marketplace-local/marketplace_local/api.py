"""AWS's interface without HTTP: the operation and the Region of a call, quotas, faults, and its answer."""

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from marketplace_local.call_log import Call
from marketplace_local.call_rate import QUOTA_RULES
from marketplace_local.catalogue import api as catalog_api
from marketplace_local.clock import iso
from marketplace_local.errors import ServiceError
from marketplace_local.faults.met import FaultsMet
from marketplace_local.invoices import api as agreements
from marketplace_local.metering import batch_meter_usage
from marketplace_local.model import violations
from marketplace_local.rules import entitlements, regions, registration
from marketplace_local.state import MarketplaceState
from marketplace_local.trail.lookup import lookup_events
from marketplace_local.violation import describe, rule_of

SIGNING_NAME = "aws-marketplace"
#: CloudTrail's own signing name, and the prefix of its targets.
TRAIL_SIGNING_NAME = "cloudtrail"
TRAIL_TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"
#: The operations by their ``X-Amz-Target``, which JSON 1.1 sends.
TARGETS = {
    "AWSMPMeteringService.ResolveCustomer": "ResolveCustomer",
    "AWSMPMeteringService.BatchMeterUsage": "BatchMeterUsage",
    "AWSMPEntitlementService.GetEntitlements": "GetEntitlements",
    f"{TRAIL_TARGET}.LookupEvents": "LookupEvents",
    **{f"{agreements.TARGET_PREFIX}.{name}": name for name in agreements.OPERATIONS},
}
_CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 .*?Credential=([^/\s,]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


class ApiAnswer(NamedTuple):
    """What goes over the wire; ``lost``: the connection closes without an answer. request_id: of a call that the log
    of calls has, the id by which it names it."""

    status: int
    body: dict[str, Any]
    error: str = ""
    lost: bool = False
    request_id: str = ""


def answer(
    state: MarketplaceState,
    header: Callable[[str], str | None],
    raw: bytes,
    sleep: Callable[[float], None] = time.sleep,
) -> ApiAnswer:
    """One request of the JSON services. ``header`` finds a header whatever its case; ``raw`` is the body."""
    authorization, target = header("Authorization") or "", header("X-Amz-Target") or ""
    try:
        region = trail_region(authorization) if target.startswith(TRAIL_TARGET) else signed_region(authorization)
        operation = known_operation(target)
        body = parsed(raw)
    except ServiceError as error:
        with state.lock:
            state.log.open_call(iso(state.now()), "", "").refuse(error)
        return _refused(error)
    return serve(state, operation, region, body, len(raw), sleep, access_key(authorization))


def agreement_answer(
    state: MarketplaceState, operation: str, header: Callable[[str], str | None], raw: bytes
) -> ApiAnswer:
    """One request of the Agreement API in CBOR (``invoices.api``)."""
    authorization = header("Authorization") or ""
    try:
        region = signed_region(authorization)
        if operation not in agreements.OPERATIONS:
            raise ServiceError("UnknownOperationException", f"the local Marketplace has no {operation}", rule="P03")
        body = agreements.decoded(raw)
    except ServiceError as error:
        with state.lock:
            state.log.open_call(iso(state.now()), "", "").refuse(error)
        return _refused(error)
    return serve(state, operation, region, body, len(raw), caller=access_key(authorization))


def catalog_answer(
    state: MarketplaceState,
    operation: str,
    header: Callable[[str], str | None],
    query: Mapping[str, str],
    raw: bytes,
) -> ApiAnswer:
    """One request of the Catalog API, which is REST-JSON (``catalogue.api``)."""
    with state.lock:
        call = state.log.open_call(iso(state.now()), operation, "")
        try:
            call.region = signed_region(header("Authorization") or "")
            request = catalog_api.request_of(operation, query, parsed(raw))
            return ApiAnswer(200, catalog_api.answer(state, operation, call.region, request))
        except ServiceError as error:
            call.refuse(error)
            return _refused(error)


def serve(
    state: MarketplaceState,
    operation: str,
    region: str,
    body: Any,
    size: int,
    sleep: Callable[[float], None] = time.sleep,
    caller: str = "local",
) -> ApiAnswer:
    """One call, over HTTP or in process: ``body`` is parsed JSON of ``size`` bytes; ``caller``: its access key."""
    with state.lock:
        faults = state.faults_met(operation)
        slow = faults.take("slow")
    if slow:
        sleep(slow.seconds)
    with state.lock:
        return _answer_call(state, operation, region, body, size, faults, caller)


def signed_region(authorization: str) -> str:
    """The Region for which the request is signed; nothing verifies the signature itself.

    Raises ServiceError for an absent signature (rule P01) and for one of another service (P02).
    """
    if not authorization:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token", 403, rule="P01")
    return _scoped_region(authorization, SIGNING_NAME)


def trail_region(authorization: str) -> str:
    """The Region of a request to CloudTrail. Raises ServiceError as ``signed_region`` does."""
    return _scoped_region(authorization, TRAIL_SIGNING_NAME)


def _scoped_region(authorization: str, service: str) -> str:
    match = _CREDENTIAL.match(authorization)
    if not match or match[3] != service:
        message = f"Credential should be scoped to correct service: '{service}'."
        raise ServiceError("InvalidSignatureException", message, 403, rule="P02")
    return match[2]


def access_key(authorization: str) -> str:
    """The access key that signed a request, "" if it is not signed."""
    match = _CREDENTIAL.match(authorization)
    return match[1] if match else ""


def known_operation(target: str) -> str:
    """The operation that ``X-Amz-Target`` names. Raises ServiceError UnknownOperationException for any other (rule
    P03)."""
    if target not in TARGETS:
        raise ServiceError(
            "UnknownOperationException", f"the local Marketplace answers {', '.join(TARGETS)}", rule="P03"
        )
    return TARGETS[target]


def parsed(raw: bytes) -> Any:
    """The body as JSON, an empty one as ``{}``. Raises ServiceError SerializationException if it is not JSON (rules
    P04, P05)."""
    try:
        return json.loads(raw or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ServiceError("SerializationException", "the request is not JSON", rule="P04") from None


def _no_constant(name: str) -> None:
    """Python reads NaN and Infinity, which are not JSON; a NaN would pass every comparison."""
    raise ValueError(name)


def _answer_call(
    state: MarketplaceState, operation: str, region: str, body: Any, size: int, faults: FaultsMet, caller: str
) -> ApiAnswer:
    call = state.log.open_call(iso(state.now()), operation, region, caller)
    call.faults = faults.met
    if operation == "BatchMeterUsage" and isinstance(body, dict) and isinstance(body.get("UsageRecords"), list):
        call.records = len(body["UsageRecords"])
        state.log.counts["records"] += call.records
    try:
        _refuse_whole_service(state, operation, region, body, faults)
        given = ApiAnswer(200, _work(state, operation, region, body, size, call, faults))
    except ServiceError as error:
        call.refuse(error)
        state.log.counts["unprocessed" if error.transient else "rejected"] += call.records
        given = _refused(error)
    else:
        if late := faults.take("late-error", product=call.productCode):
            call.lost = True
            given = _refused(
                ServiceError(late.error or "InternalServiceErrorException", "after the work was done", 500)
            )
    if operation == "BatchMeterUsage":
        given = given._replace(request_id=state.trail.request_id())
        _keep_event(state, call, body, given, faults, caller)
    if faults.take("lost-answer"):
        call.lost = True
        return given._replace(lost=True)
    return given


def _keep_event(
    state: MarketplaceState, call: Call, body: Any, given: ApiAnswer, faults: FaultsMet, caller: str
) -> None:
    """CloudTrail's event of a call, as the caller was answered; a fault may lose, delay or empty it."""
    if faults.take("trail-missing", product=call.productCode):
        return
    late = faults.take("trail-late", product=call.productCode)
    state.trail.add(
        late=late.seconds if late else 0.0,
        at=state.now(),
        region=call.region,
        caller=state.trail.callers.get(caller, caller),
        request=body,
        answer=None if given.error else given.body,
        error=given.error,
        message=str(given.body.get("message", "")),
        omitted=faults.take("trail-omitted", product=call.productCode) is not None,
    )


def _refuse_whole_service(state: MarketplaceState, operation: str, region: str, body: Any, faults: FaultsMet) -> None:
    """The quota, and the faults that do not depend on the buyer."""
    fault = faults.take("throttle")
    if fault or not state.rate.take(operation, region):
        rule = "" if fault else QUOTA_RULES[operation]
        raise ServiceError("ThrottlingException", "The calls to the API are throttled.", rule=rule)
    if faults.take("server-error"):
        raise ServiceError("InternalServiceErrorException", "An internal error has occurred. Retry your request.")
    product = body.get("ProductCode") if isinstance(body, dict) else ""
    if named := faults.take("error", product=product or ""):
        raise ServiceError(named.error, "a fault on demand")


def _work(
    state: MarketplaceState, operation: str, region: str, body: Any, size: int, call: Call, faults: FaultsMet
) -> dict[str, Any]:
    if operation == "GetEntitlements":
        regions.entitlement_region(region)
        return get_entitlements(state, body)
    if operation == "LookupEvents":
        return lookup_events(state, region, body)
    if operation in agreements.OPERATIONS:
        return agreements.answer(state, operation, region, body)
    regions.metering_region(region)
    if operation == "ResolveCustomer":
        return resolve_customer(state, body)
    return batch_meter_usage(state, body, size, call, faults)


def resolve_customer(state: MarketplaceState, body: Any) -> dict[str, Any]:
    """The buyer of a registration token, as ResolveCustomer answers it. The log never holds the token.

    Raises ServiceError InvalidTokenException or ExpiredTokenException.
    """
    if broken := violations("meteringmarketplace", "ResolveCustomer", body):
        raise ServiceError("InvalidTokenException", describe(broken), rule=rule_of(broken))
    token = registration.token_is_known(state.tokens.get(body["RegistrationToken"]))
    registration.token_is_fresh(token, state.now(), state.settings.token_seconds)
    return registration.resolved(token.buyer)


def get_entitlements(state: MarketplaceState, body: Any) -> dict[str, Any]:
    """One page of a product's entitlements. Raises ServiceError InvalidParameterException for a wrong request."""
    if broken := violations("marketplace-entitlement", "GetEntitlements", body):
        raise ServiceError("InvalidParameterException", describe(broken), rule=rule_of(broken))
    entitlements.product_is_known(body["ProductCode"], state.catalogue)
    filters = body.get("Filter") or {}
    entitlements.filters_are_exclusive(filters)
    found = entitlements.entitlements(body["ProductCode"], filters, state.catalogue.buyers.values(), state.now())
    return entitlements.page(found, body, empty_pages=state.settings.empty_pages)


def _refused(error: ServiceError) -> ApiAnswer:
    return ApiAnswer(error.status, {"__type": error.code, "message": error.message}, error.code)
