"""What a contract entitles a buyer to, as GetEntitlements tells it, and which tier that is. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace import tiers
from marketplace.tiers import Tier

#: values of a dimension that is listed and not held
NOT_HELD = ("0", "0.0", "false")
PRICING_MODELS_WITH_ENTITLEMENTS = ("contract", "contract-with-consumption")


@dataclass(frozen=True, kw_only=True)
class Entitlement:
    """One entitlement. dimension: the contract dimension. value: its quantity (or text) as text.

    expires_at: epoch seconds, the earliest at which it may end (GetEntitlements, ``ExpirationDate``); None: not said.
    """

    dimension: str
    value: str
    expires_at: int | None = None
    license_arn: str | None = None
    account_id: str | None = None
    customer_identifier: str | None = None

    def is_valid(self, now: float) -> bool:
        """True if it has not expired at ``now``."""
        return self.expires_at is None or self.expires_at > now


def has_entitlements(pricing_model: str) -> bool:
    """True for products whose buyers hold contracts; a plain subscription has nothing to fetch."""
    return pricing_model in PRICING_MODELS_WITH_ENTITLEMENTS


def from_api(entry: Mapping[str, Any]) -> Entitlement:
    """An entry of GetEntitlements' ``Entitlements``; ``Value`` is a union of four fields."""
    value = next((entry["Value"][kind] for kind in _VALUE_KINDS if kind in entry.get("Value", {})), "")
    expires = entry.get("ExpirationDate")
    return Entitlement(
        dimension=entry["Dimension"],
        value=str(value).lower() if isinstance(value, bool) else str(value),
        expires_at=int(expires.timestamp()) if expires is not None else None,
        license_arn=entry.get("LicenseArn"),
        account_id=entry.get("CustomerAWSAccountId"),
        customer_identifier=entry.get("CustomerIdentifier"),
    )


def held_tier(order: Sequence[Tier], held: Iterable[Entitlement], now: float) -> Tier | None:
    """The highest tier, by the stage's order, among the entitlements valid at ``now``.

    A dimension of value 0 or false is listed but not held.
    """
    return tiers.highest(order, (e.dimension for e in held if e.is_valid(now) and e.value not in NOT_HELD))


_VALUE_KINDS = ("IntegerValue", "DoubleValue", "BooleanValue", "StringValue")
