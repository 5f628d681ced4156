"""What an invocation has billed, added up, so that it is counted once at its end and not line by line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from marketplace.dimensions import Dimension


@dataclass
class BilledUsage:
    """Billed units by dimension since they were last taken."""

    units: dict[str, Decimal] = field(default_factory=dict)

    def add(self, dimension: str, quantity: Decimal) -> None:
        """Add a line that AWS Marketplace has taken; quantity: in billed units."""
        self.units[dimension] = self.units.get(dimension, Decimal(0)) + quantity

    def take(self) -> dict[str, Decimal]:
        """The units by dimension; what is added from now on begins with none."""
        taken, self.units = self.units, {}
        return taken


def worth(units: Mapping[str, Decimal], dimensions: Mapping[str, Dimension]) -> Decimal:
    """Billed units at the stage's list prices; a dimension without a price adds nothing."""
    prices = {name: dimension.price for name, dimension in dimensions.items()}
    return sum((price * quantity for name, quantity in units.items() if (price := prices.get(name))), Decimal(0))
