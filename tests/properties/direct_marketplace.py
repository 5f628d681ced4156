"""The local Marketplace without HTTP: its rules and its admin interface in process; only the transport is left out."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from local.marketplace.in_process import InProcessAdmin, MeteringClient
from local.marketplace.state import MarketplaceState
from marketplace.meter_usage import UsageMeter

if TYPE_CHECKING:
    from mypy_boto3_meteringmarketplace import MarketplaceMeteringClient

DirectAdmin = InProcessAdmin


class DirectClient:
    """What ``UsageMeter`` needs of boto3's client; errors are botocore's own."""

    def __init__(self, state: MarketplaceState, around: Callable[[str, Callable[[], Any]], Any]) -> None:
        """``around``: runs each call; the simulation lets others go first there, or loses the answer."""
        self._client = MeteringClient(state)
        self._around = around

    def batch_meter_usage(self, **request: Any) -> Any:
        return self._around("BatchMeterUsage", lambda: self._client.batch_meter_usage(**request))


def client_error(code: str, status: int, operation: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "simulated"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


def direct_meter(state: MarketplaceState, around: Callable[[str, Callable[[], Any]], Any]) -> UsageMeter:
    return UsageMeter(cast("MarketplaceMeteringClient", DirectClient(state, around)))
