"""What an invocation has billed, added up, so that it is counted once at its end and not line by line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from marketplace.dimensions import Dimension
from marketplace.products import Products


@dataclass
class BilledUsage:
    """Billed units since they were last taken, by the labels of the products' dimensions."""

    products: Products
    units: dict[str, Decimal] = field(default_factory=dict)

    def add(self, product_code: str | None, dimension: str, quantity: Decimal) -> None:
        """Add a line that AWS Marketplace has taken; quantity: in billed units."""
        label = self.products.label(product_code, dimension)
        self.units[label] = self.units.get(label, Decimal(0)) + quantity

    def take(self) -> dict[str, Decimal]:
        """The units by label; what is added from now on begins with none."""
        taken, self.units = self.units, {}
        return taken


def worth(units: Mapping[str, Decimal], dimensions: Mapping[str, Dimension]) -> Decimal:
    """Billed units at list prices; a dimension without a price adds nothing. Both by label."""
    prices = {name: dimension.price for name, dimension in dimensions.items()}
    return sum((price * quantity for name, quantity in units.items() if (price := prices.get(name))), Decimal(0))
