"""Clients like boto3's and the admin interface in one process, without HTTP and JSON between.

The rules are those of the server (``api.serve``). Requests, answers and error classes are those of boto3's clients; a
lost answer raises ConnectionClosedError. Two things differ: the rules check parameters where boto3 would raise
ParamValidationError, and times in answers are in UTC. The quota counts real time, so a simulation gives the state a
``monotonic`` clock or sets ``callsPerSecond`` to 0.
"""

import json
import time
from calendar import timegm
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qsl

from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ConnectionClosedError
from botocore.paginate import Paginator
from botocore.session import get_session

from marketplace_local import api
from marketplace_local.admin import api as admin_api
from marketplace_local.admin.client import JsonObject, MarketplaceAdmin
from marketplace_local.model import service_model
from marketplace_local.state import MarketplaceState

Request = Mapping[str, Any]


def _metadata(given: api.ApiAnswer) -> dict[str, Any]:
    """What boto3's clients say of an answer."""
    named = {"RequestId": given.request_id} if given.request_id else {}
    return {"HTTPStatusCode": given.status, **named}


class InProcessAdmin(MarketplaceAdmin):
    """The admin interface's client, which works on the state itself."""

    def __init__(self, state: MarketplaceState) -> None:
        super().__init__("http://in-process")
        self.state = state

    def _call(self, method: str, path: str, body: JsonObject | None = None) -> JsonObject:
        path, _, query = path.partition("?")
        return admin_api.answer(self.state, method, f"/_local/{path}", dict(parse_qsl(query)), body or {})


class _Client:
    service = ""

    def __init__(
        self,
        state: MarketplaceState,
        region: str = "us-east-1",
        sleep: Callable[[float], None] = time.sleep,
        access_key: str = "local",
    ) -> None:
        """region, access_key: those with which requests count as signed. sleep: how a slow call waits."""
        self.state = state
        self._region = region
        self._sleep = sleep
        self._access_key = access_key
        self.exceptions: Any = _exceptions(self.service)

    def _send(self, operation: str, body: dict[str, Any], size: int = 0) -> dict[str, Any]:
        given = api.serve(self.state, operation, self._region, body, size, self._sleep, self._access_key)
        if given.lost:
            raise ConnectionClosedError(endpoint_url="http://in-process")
        if given.error:
            answer = {
                "Error": {"Code": given.error, "Message": given.body["message"]},
                "ResponseMetadata": _metadata(given),
            }
            raise self.exceptions.from_code(given.error)(answer, operation)
        return {**given.body, "ResponseMetadata": _metadata(given)}


class MeteringClient(_Client):
    """Stands for ``boto3.client("meteringmarketplace")``."""

    service = "meteringmarketplace"

    def batch_meter_usage(self, **request: Any) -> dict[str, Any]:
        """As boto3's method: ``Results`` and ``UnprocessedRecords``, with times as datetimes in UTC."""
        body = _without_datetimes(request)
        answer = self._send("BatchMeterUsage", body, _size(body))
        return {
            "Results": [
                {**result, "UsageRecord": _with_datetime(result["UsageRecord"])} for result in answer["Results"]
            ],
            "UnprocessedRecords": [_with_datetime(record) for record in answer["UnprocessedRecords"]],
            "ResponseMetadata": answer["ResponseMetadata"],
        }

    def resolve_customer(self, **request: Any) -> dict[str, Any]:
        """As boto3's method: the buyer of a registration token."""
        return self._send("ResolveCustomer", request)


class EntitlementClient(_Client):
    """Stands for ``boto3.client("marketplace-entitlement")``."""

    service = "marketplace-entitlement"

    def get_entitlements(self, **request: Any) -> dict[str, Any]:
        """As boto3's method: one page of ``Entitlements``, with expiry dates as datetimes in UTC."""
        answer = self._send("GetEntitlements", request)
        found = [
            {**entry, "ExpirationDate": _moment(entry["ExpirationDate"])} if "ExpirationDate" in entry else entry
            for entry in answer["Entitlements"]
        ]
        return {**answer, "Entitlements": found}

    def get_paginator(self, name: str) -> "Paginator[Any]":
        """botocore's own paginator over ``get_entitlements``."""
        pages = get_session().get_paginator_model(self.service).get_paginator("GetEntitlements")
        return Paginator(getattr(self, name), pages, service_model(self.service).operation_model("GetEntitlements"))


class TrailClient(_Client):
    """Stands for ``boto3.client("cloudtrail")``."""

    service = "cloudtrail"

    def lookup_events(self, **request: Any) -> dict[str, Any]:
        """As boto3's method: one page of ``Events``, newest first."""
        answer = self._send("LookupEvents", {name: _plain_time(value) for name, value in request.items()})
        events = [{**event, "EventTime": _moment(event["EventTime"])} for event in answer["Events"]]
        return {**answer, "Events": events}


class AgreementClient(_Client):
    """Stands for ``boto3.client("marketplace-agreement")``."""

    service = "marketplace-agreement"

    def list_agreement_invoice_line_items(self, **request: Any) -> dict[str, Any]:
        """As boto3's method: one page of an agreement's invoices and credit memos."""
        body = {name: _plain_time(value) for name, value in request.items()}
        answer = self._send("ListAgreementInvoiceLineItems", body)
        found = [
            {**entry, "issuedTime": _moment(entry["issuedTime"])}
            for entry in answer["agreementInvoiceLineItemGroupSummaries"]
        ]
        return {**answer, "agreementInvoiceLineItemGroupSummaries": found}

    def search_agreements(self, **request: Any) -> dict[str, Any]:
        """As boto3's method: one page of agreements."""
        answer = self._send("SearchAgreements", request)
        found = [_with_times(entry) for entry in answer["agreementViewSummaries"]]
        return {**answer, "agreementViewSummaries": found}

    def describe_agreement(self, **request: Any) -> dict[str, Any]:
        """As boto3's method: one agreement."""
        return _with_times(self._send("DescribeAgreement", request))

    def get_agreement_entitlements(self, **request: Any) -> dict[str, Any]:
        """As boto3's method: what an agreement provides."""
        return self._send("GetAgreementEntitlements", request)

    def batch_create_billing_adjustment_request(self, **request: Any) -> dict[str, Any]:
        """As boto3's method: ``items`` and ``errors``."""
        return self._send("BatchCreateBillingAdjustmentRequest", request)


def _with_times(agreement: dict[str, Any]) -> dict[str, Any]:
    return {name: _moment(value) if name.endswith("Time") else value for name, value in agreement.items()}


def _plain_time(value: Any) -> Any:
    return _seconds(value) if isinstance(value, datetime) else value


def _without_datetimes(request: Request) -> dict[str, Any]:
    """A copy with times as boto3 writes them into JSON: seconds since the epoch."""
    records = request.get("UsageRecords")
    if not isinstance(records, list):
        return dict(request)
    return {**request, "UsageRecords": [_plain(record) for record in records]}


def _plain(record: Any) -> Any:
    if isinstance(record, dict) and isinstance(record.get("Timestamp"), datetime):
        return {**record, "Timestamp": _seconds(record["Timestamp"])}
    return record


@lru_cache(maxsize=4096)
def _seconds(moment: datetime) -> float:
    """As boto3 computes them: a time without a zone is UTC, and microseconds stay."""
    seconds = timegm(moment.utctimetuple())
    return (seconds * 10**6 + moment.microsecond) / 10**6 if moment.microsecond else seconds


@lru_cache(maxsize=4096)
def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _with_datetime(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "Timestamp": _moment(record["Timestamp"])}


def _size(body: dict[str, Any]) -> int:
    """The bytes that boto3 would send; 0 for a request without allocations, which cannot reach 1 MB: 25 records within
    the model's bounds are names of 255 characters of at most 12 bytes.
    """
    records = body.get("UsageRecords")
    if isinstance(records, list) and any(
        "UsageAllocations" in record for record in records if isinstance(record, dict)
    ):
        return len(json.dumps(body, default=str))
    return 0


@cache
def _exceptions(service: str) -> Any:
    return ClientExceptionsFactory().create_client_exceptions(service_model(service))
