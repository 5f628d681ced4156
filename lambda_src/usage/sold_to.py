"""Which product the customers of a request have: an event's dimension is judged by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger.subscribers import Subscribers
from marketplace.billing_identity import BILLING_KEY
from marketplace.dimensions import Dimension
from marketplace.products import Products


@dataclass(frozen=True)
class SoldTo:
    """The dimensions that each customer of a request may use.

    A stage that sells one product asks nobody. Else the customers are read once for all of the request: the product of
    one that is known does not change, since licences are of one product, and one product alone knows its buyers by
    CustomerIdentifier (``stacks.stage.contradictions``).
    """

    products: Products
    codes: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def read(cls, bodies: Sequence[Any], products: Products, subscribers: Subscribers) -> "SoldTo":
        """The products of the customers that these events name. bodies: as they came, unchecked."""
        if products.only is not None:
            return cls(products)
        named = {key for body in bodies if (key := _customer(body)) is not None}
        return cls(products, {s.customer_identifier: s.product_code for s in subscribers.get_many(sorted(named))})

    def dimensions(self, body: Any) -> Mapping[str, Dimension]:
        """The dimensions of the customer's product. Of a customer that is not known (yet) any product's dimensions, so
        that what can never be recorded is refused at once."""
        product = self.products.only or self.products.of(self.codes.get(_customer(body) or "") or "")
        return product.dimensions if product else {n: d for p in self.products for n, d in p.dimensions.items()}

    def knows_not(self, customer_identifier: str) -> bool:
        """Whether it is not known which product a customer has: it has no row yet, or one of a product that the stage
        does not sell."""
        return self.products.only is None and self.products.of(self.codes.get(customer_identifier) or "") is None


def _customer(body: Any) -> str | None:
    """The billing key that an event names, if it can be one."""
    key = body.get("customerIdentifier") if isinstance(body, dict) else None
    return key if isinstance(key, str) and BILLING_KEY.fullmatch(key) else None
