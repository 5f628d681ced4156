"""The local Marketplace without HTTP: its rules and its admin interface in process; only the transport is left out."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from botocore.exceptions import ClientError, ReadTimeoutError

from local.marketplace import admin_api, api
from local.marketplace.admin import JsonObject, MarketplaceAdmin
from local.marketplace.state import MarketplaceState
from marketplace.meter_usage import UsageMeter

if TYPE_CHECKING:
    from mypy_boto3_meteringmarketplace import MarketplaceMeteringClient

_HEADERS = {
    "X-Amz-Target": "AWSMPMeteringService.BatchMeterUsage",
    "Authorization": "AWS4-HMAC-SHA256 Credential=TEST/20261115/us-east-1/aws-marketplace/aws4_request",
}


class DirectAdmin(MarketplaceAdmin):
    """The admin interface's client, on the state itself."""

    def __init__(self, state: MarketplaceState) -> None:
        super().__init__("http://in-process")
        self.state = state

    def _call(self, method: str, path: str, body: JsonObject | None = None) -> JsonObject:
        path, _, query = path.partition("?")
        return admin_api.answer(self.state, method, f"/_local/{path}", dict(parse_qsl(query)), body or {})


class DirectClient:
    """What ``UsageMeter`` needs of boto3's client; errors are botocore's own."""

    def __init__(self, state: MarketplaceState, around: Callable[[str, Callable[[], Any]], Any]) -> None:
        """``around``: runs each call; the simulation lets others go first there, or loses the answer."""
        self._state = state
        self._around = around

    def batch_meter_usage(self, **request: Any) -> Any:
        return self._around("BatchMeterUsage", lambda: self._send(request))

    def _send(self, request: dict[str, Any]) -> dict[str, Any]:
        raw = json.dumps(request, default=datetime.timestamp).encode()
        given = api.answer(self._state, _HEADERS.get, raw)
        if given.lost:
            raise ReadTimeoutError(endpoint_url="http://in-process")
        if given.status != 200:
            raise client_error(given.error, given.status, "BatchMeterUsage")
        answer: dict[str, Any] = json.loads(json.dumps(given.body))
        named = [result["UsageRecord"] for result in answer["Results"]] + answer["UnprocessedRecords"]
        for record in named:
            record["Timestamp"] = datetime.fromtimestamp(record["Timestamp"], UTC)
        return answer


def client_error(code: str, status: int, operation: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "simulated"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


def direct_meter(state: MarketplaceState, around: Callable[[str, Callable[[], Any]], Any]) -> UsageMeter:
    return UsageMeter(cast("MarketplaceMeteringClient", DirectClient(state, around)))
