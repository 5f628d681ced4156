"""What AWS's books show otherwise than it was metered: entries that are missing, late, or of another amount."""

from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace_local.clock import from_iso
from marketplace_local.errors import AdminError


@dataclass(frozen=True)
class Misstatement:
    """One entry of ``of`` (``feed``, by day, or ``invoice``, by month) that is shown otherwise.

    amount: what is shown instead; "" leaves the entry out. until: a time (ISO) from which the entry is right again.
    """

    of: str
    buyer: str
    period: str
    dimension: str = ""
    amount: str = ""
    until: str = ""

    @classmethod
    def from_request(cls, request: dict[str, Any]) -> "Misstatement":
        """From the admin interface. Raises AdminError."""
        names = {entry.name for entry in fields(cls)}
        if set(request) - names or not all(isinstance(value, str) for value in request.values()):
            raise AdminError(f"a misstatement has {', '.join(sorted(names))}, all of them texts")
        if request.get("of") not in ("feed", "invoice") or not request.get("buyer") or not request.get("period"):
            raise AdminError("a misstatement needs of (feed or invoice), buyer and period")
        try:
            Decimal(request.get("amount") or 0)
            from_iso(request.get("until") or "2000-01-01T00:00:00Z")
        except (InvalidOperation, ValueError) as error:
            raise AdminError(f"amount is a number, until a time: {error}") from None
        return cls(**request)


class Misstatements:
    """All misstatements; the newest that matches holds."""

    def __init__(self) -> None:
        self.entries: list[Misstatement] = []

    def shown(self, of: str, buyer: str, period: str, dimension: str, amount: Decimal, now: float) -> Decimal | None:
        """The amount that is shown instead of ``amount``; None: the entry is left out."""
        for entry in reversed(self.entries):
            names = (entry.of, entry.buyer, entry.period) == (of, buyer, period)
            over = bool(entry.until) and now >= from_iso(entry.until)
            if names and entry.dimension in ("", dimension) and not over:
                return Decimal(entry.amount) if entry.amount else None
        return amount
