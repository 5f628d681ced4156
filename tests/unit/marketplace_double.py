"""AWS Marketplace's two reading operations, as the client offers them, answered from a list."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from marketplace.client import ResolvedCustomer
from marketplace.entitlements import Entitlement


def refused(code: str, operation: str, status: int = 400) -> ClientError:
    """An error as botocore raises it."""
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


def held(dimension: str, expires: str | None = None, **more: Any) -> Entitlement:
    at = int(datetime.fromisoformat(expires).replace(tzinfo=UTC).timestamp()) if expires else None
    return Entitlement(dimension=dimension, value="1", expires_at=at, **more)


@dataclass
class MarketplaceDouble:
    """buyers: whom a token stands for (or the error). holds: what GetEntitlements answers (or raises) to anybody."""

    buyers: dict[str, ResolvedCustomer | Exception] = field(default_factory=dict)
    holds: tuple[Entitlement, ...] | Exception = ()
    asked: list[dict[str, str]] = field(default_factory=list)
    #: runs inside GetEntitlements, before it answers: what else happens meanwhile
    meanwhile: Callable[[], None] = lambda: None

    def resolve_customer(self, token: str) -> ResolvedCustomer:
        buyer = self.buyers.get(token, refused("InvalidTokenException", "ResolveCustomer"))
        if isinstance(buyer, Exception):
            raise buyer
        return buyer

    def get_entitlements(self, **whose: Any) -> tuple[Entitlement, ...]:
        self.asked.append({name: value for name, value in whose.items() if value})
        self.meanwhile()
        if isinstance(self.holds, Exception):
            raise self.holds
        return self.holds
