"""The protocol, by requests made by hand."""

import json

from marketplace_local import api, model
from marketplace_local.errors import ServiceError
from marketplace_local.violation import Violation
from tests.marketplace_local.market import SIGNED, Market, raw_record
from tests.marketplace_local.rules.rule import rule, without

ENTITLEMENTS = "AWSMPEntitlementService.GetEntitlements"
RESOLVE = "AWSMPMeteringService.ResolveCustomer"

_signed_region, _refused, _known_operation = api.signed_region, api._refused, api.known_operation


def _unsigned_too(authorization: str) -> str:
    return _signed_region(authorization) if authorization else "us-east-1"


@rule("P01", without("api:signed_region", _unsigned_too))
def test_an_unsigned_request_is_refused(market: Market) -> None:
    reply = market.raw({"UsageRecords": []}, signed=False)
    assert (reply.status, reply.body.get("__type")) == (403, "MissingAuthenticationTokenException")


@rule("P02", without("api:signed_region", lambda authorization: "us-east-1"))
def test_a_request_is_signed_for_aws_marketplace(market: Market) -> None:
    for service in ("dynamodb", "metering.marketplace", "meteringmarketplace"):
        reply = market.raw({"UsageRecords": []}, service=service)
        assert (reply.status, reply.body.get("__type")) == (403, "InvalidSignatureException")
    assert market.raw({"UsageRecords": []}).status == 200
    assert market.raw({"ProductCode": "prod-code-1"}, ENTITLEMENTS).status == 200
    assert SIGNED.format(region="r", service="s")


@rule("P03", without("api:known_operation", lambda target: "BatchMeterUsage"))
def test_other_operations_are_unknown(market: Market) -> None:
    for target in ("AWSMPMeteringService.MeterUsage", "AWSMPEntitlementService.BatchMeterUsage", ""):
        reply = market.raw({"UsageRecords": []}, target)
        assert (reply.status, reply.body.get("__type")) == (400, "UnknownOperationException")


def _lenient(raw: bytes) -> object:
    try:
        return json.loads(raw, parse_constant=api._no_constant)
    except (ValueError, RecursionError):
        return {"UsageRecords": []}


@rule("P04", without("api:parsed", _lenient))
def test_what_is_not_json(market: Market) -> None:
    for body in (b"{", b"\xff", b"[" * 100_000, b"UsageRecords=1"):
        reply = market.raw(body)
        assert (reply.status, reply.body.get("__type")) == (400, "SerializationException")


@rule("P05", without("api:_no_constant", lambda name: 0))
def test_nan_is_not_json(market: Market) -> None:
    for text in ("NaN", "Infinity", "-Infinity"):
        body = json.dumps({"UsageRecords": [raw_record(market.buyer()) | {"Timestamp": "x"}]}).replace('"x"', text)
        assert market.raw(body.encode()).body.get("message") == "the request is not JSON"


@rule("P06", without("model:_wrong_type", lambda place, shape: ServiceError("ValidationException", "switched off")))
def test_members_have_the_types_of_their_shapes(market: Market) -> None:
    buyer = market.buyer()
    bodies: list[object] = [[], {"UsageRecords": {}}, {"UsageRecords": ["record"]}]
    changes: list[dict[str, object]] = [
        {"Timestamp": "yesterday"},
        {"Timestamp": True},
        {"Quantity": 1.5},
        {"Quantity": "5"},
        {"Quantity": True},
        {"QuantityAsDecimal": 5},
        {"Dimension": 5},
        {"UsageAllocations": {}},
    ]
    bodies += [{"UsageRecords": [raw_record(buyer) | change]} for change in changes]
    for body in bodies:
        assert market.raw(body).body.get("__type") == "SerializationException"


@rule("P07", without("model:_LATEST_TIMESTAMP", float("inf")))
def test_a_timestamp_is_a_time_that_exists(market: Market) -> None:
    buyer = market.buyer()
    for timestamp in (1e308, -1e308, 10**400, 253_402_300_800):
        reply = market.raw({"UsageRecords": [raw_record(buyer) | {"Timestamp": timestamp}]})
        assert (reply.status, reply.body.get("__type")) == (400, "SerializationException")


def _null_is_a_value(service: str, operation: str, request: dict[str, object]) -> list[Violation]:
    found = _violations(service, operation, request)
    nulls = [name for entry in request.get("UsageRecords", []) for name in entry if entry[name] is None]  # type: ignore
    return [*found, *(Violation(name, "must not be null", "") for name in nulls)]


_violations = model.violations


@rule("P08", without("metering:violations", _null_is_a_value))
def test_null_is_absent(market: Market) -> None:
    absent = dict.fromkeys(("CustomerIdentifier", "QuantityAsDecimal", "UsageAllocations"))
    reply = market.raw({"UsageRecords": [raw_record(market.buyer(), **absent)], "ProductCode": None})
    assert [result["Status"] for result in reply.body.get("Results", [])] == ["Success"]
    missing = market.raw({"UsageRecords": [raw_record(market.buyer(), Dimension=None)]})
    assert (missing.status, missing.body["__type"]) == (400, "ValidationException")


@rule("P09", without("rules.regions:metering_region"))
def test_the_metering_service_is_disabled_elsewhere(market: Market) -> None:
    token = market.buyer()["token"]
    for region in ("ca-west-1", "mx-central-1", "us-gov-west-1"):
        for body, target in (({"UsageRecords": []}, ""), ({"RegistrationToken": token}, RESOLVE)):
            reply = market.raw(body, target or "AWSMPMeteringService.BatchMeterUsage", region=region)
            assert (reply.status, reply.body.get("__type")) == (400, "DisabledApiException")
    for region in ("eu-west-1", "cn-northwest-1", "eusc-de-east-1"):
        assert market.raw({"RegistrationToken": token}, RESOLVE, region=region).status == 200


@rule("P10", without("api:_refused", lambda error: _refused(error)._replace(error="")))
def test_an_error_names_its_class_twice(market: Market) -> None:
    reply = market.raw({"RegistrationToken": "x"}, RESOLVE)
    assert (reply.body["__type"], reply.kind) == ("InvalidTokenException", "InvalidTokenException")
    assert reply.body["message"]


@rule("P11", without("errors:STATUS", {}))
def test_status_of_errors(market: Market) -> None:
    sent = {"UsageRecords": [raw_record(market.buyer())]}
    market.admin.arm("server-error")
    market.admin.arm("throttle")
    assert [market.raw(sent).status for _ in range(2)] == [400, 500]
