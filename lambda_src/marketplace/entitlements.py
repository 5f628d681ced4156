"""What a contract entitles a buyer to, as GetEntitlements returns it, and which tier that is. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace import tiers
from marketplace.tiers import Tier


@dataclass(frozen=True, kw_only=True)
class Entitlement:
    """One entitlement. dimension: the contract dimension. value: its quantity (or text) as text.

    expires_at: epoch seconds, the earliest at which it may end (GetEntitlements, ``ExpirationDate``); None:
    GetEntitlements gives none.
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


def from_api(entry: Mapping[str, Any]) -> Entitlement | None:
    """An entry of GetEntitlements' ``Entitlements``; None if it names no dimension: then nothing is held by it."""
    dimension = entry.get("Dimension")
    if not isinstance(dimension, str) or not dimension.strip():
        return None
    expires = entry.get("ExpirationDate")
    return Entitlement(
        dimension=dimension.strip(),
        value=_value(entry.get("Value") or {}),
        expires_at=int(expires.timestamp()) if expires is not None else None,
        license_arn=entry.get("LicenseArn"),
        account_id=entry.get("CustomerAWSAccountId"),
        customer_identifier=entry.get("CustomerIdentifier"),
    )


def is_held(value: str) -> bool:
    """Whether a dimension of this value is held, or merely listed: a number above nothing, or a text that is not false.

    Source: botocore model, ``EntitlementValue``, a union of a number, a truth and a text, none of which need be there.
    """
    lowered = value.strip().lower()
    if lowered in ("", "false"):
        return False
    try:
        number = Decimal(lowered)
    except InvalidOperation:
        return True
    return number.is_finite() and number > 0


def held_tier(order: Sequence[Tier], held: Iterable[Entitlement], now: float) -> Tier | None:
    """The highest tier, by the stage's order, among the entitlements held and valid at ``now``."""
    return tiers.highest(order, (e.dimension for e in held if e.is_valid(now) and is_held(e.value)))


def _value(union: Mapping[str, Any]) -> str:
    """The value as text, whichever of the union's four fields it stands in; an empty text if it stands in none."""
    value = next((union[kind] for kind in _VALUE_KINDS if union.get(kind) is not None), "")
    return str(value).lower() if isinstance(value, bool) else str(value)


_VALUE_KINDS = ("IntegerValue", "DoubleValue", "BooleanValue", "StringValue")
