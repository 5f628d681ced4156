"""The local Marketplace in one process: clients like boto3's and the admin interface, without HTTP and JSON between.

The rules are those of the server (``api.serve``); only the transport is left out. Requests are the Python values that
boto3 takes, answers those that it gives, errors the classes of boto3's ``client.exceptions``; a lost answer is
ConnectionClosedError. Two things differ: boto3's own check of parameters (ParamValidationError) is left to the rules,
and times in answers are in UTC. For a simulation give the state a ``monotonic`` clock, or set ``callsPerSecond`` to 0:
the quota goes by real time.
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

from marketplace_local import admin_api, api
from marketplace_local.admin import JsonObject, MarketplaceAdmin
from marketplace_local.model import service_model
from marketplace_local.state import MarketplaceState

Request = Mapping[str, Any]
_ANSWERED: dict[str, Any] = {"HTTPStatusCode": 200}


class InProcessAdmin(MarketplaceAdmin):
    """The admin interface's client, on the state itself."""

    def __init__(self, state: MarketplaceState) -> None:
        super().__init__("http://in-process")
        self.state = state

    def _call(self, method: str, path: str, body: JsonObject | None = None) -> JsonObject:
        path, _, query = path.partition("?")
        return admin_api.answer(self.state, method, f"/_local/{path}", dict(parse_qsl(query)), body or {})


class _Client:
    service = ""

    def __init__(
        self, state: MarketplaceState, region: str = "us-east-1", sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """region: what requests would be signed for. sleep: how a slow call waits."""
        self.state = state
        self._region = region
        self._sleep = sleep
        self.exceptions: Any = _exceptions(self.service)

    def _send(self, operation: str, body: dict[str, Any], size: int = 0) -> dict[str, Any]:
        given = api.serve(self.state, operation, self._region, body, size, self._sleep)
        if given.lost:
            raise ConnectionClosedError(endpoint_url="http://in-process")
        if given.error:
            answer = {
                "Error": {"Code": given.error, "Message": given.body["message"]},
                "ResponseMetadata": {"HTTPStatusCode": given.status},
            }
            raise self.exceptions.from_code(given.error)(answer, operation)
        return given.body


class MeteringClient(_Client):
    """What ``boto3.client("meteringmarketplace")`` is to a seller."""

    service = "meteringmarketplace"

    def batch_meter_usage(self, **request: Any) -> dict[str, Any]:
        body = _without_datetimes(request)
        answer = self._send("BatchMeterUsage", body, _size(body))
        return {
            "Results": [
                {**result, "UsageRecord": _with_datetime(result["UsageRecord"])} for result in answer["Results"]
            ],
            "UnprocessedRecords": [_with_datetime(record) for record in answer["UnprocessedRecords"]],
            "ResponseMetadata": _ANSWERED,
        }

    def resolve_customer(self, **request: Any) -> dict[str, Any]:
        return {**self._send("ResolveCustomer", request), "ResponseMetadata": _ANSWERED}


class EntitlementClient(_Client):
    """What ``boto3.client("marketplace-entitlement")`` is to a seller."""

    service = "marketplace-entitlement"

    def get_entitlements(self, **request: Any) -> dict[str, Any]:
        answer = self._send("GetEntitlements", request)
        found = [
            {**entry, "ExpirationDate": _moment(entry["ExpirationDate"])} if "ExpirationDate" in entry else entry
            for entry in answer["Entitlements"]
        ]
        return {**answer, "Entitlements": found, "ResponseMetadata": _ANSWERED}

    def get_paginator(self, name: str) -> "Paginator[Any]":
        """botocore's own paginator over ``get_entitlements``."""
        pages = get_session().get_paginator_model(self.service).get_paginator("GetEntitlements")
        return Paginator(getattr(self, name), pages, service_model(self.service).operation_model("GetEntitlements"))


def _without_datetimes(request: Request) -> dict[str, Any]:
    """A copy with times as the JSON protocol has them: seconds since the epoch, as boto3 writes them."""
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
    """As boto3 computes them: one without a zone is UTC, microseconds are kept."""
    seconds = timegm(moment.utctimetuple())
    return (seconds * 10**6 + moment.microsecond) / 10**6 if moment.microsecond else seconds


@lru_cache(maxsize=4096)
def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _with_datetime(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "Timestamp": _moment(record["Timestamp"])}


def _size(body: dict[str, Any]) -> int:
    """The bytes that boto3 would send. Without allocations it is not counted: 25 records within the model's bounds
    (names of 255 characters of 12 bytes each) stay far below 1 MB.
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
