"""What a buyer bought, as the registration's answers, its pages and a redeemed hand-over name it. Pure.

It holds no contact data: a hand-over goes to the vendor's app, and a page is shown to whoever holds a token.
"""

from typing import Any

from ledger.subscriber import Subscriber
from marketplace.products import Products
from runtime import clock


def purchase(found: Subscriber, products: Products) -> dict[str, Any]:
    """The purchase as JSON; unknown facts are absent. products: what is sold."""
    shown: dict[str, Any] = {
        "product": {"code": found.product_code, "title": products.title(found.product_code)},
        "status": found.status,
        "freeTrial": found.free_trial,
        "tier": found.tier,
        "entitlements": [
            {"dimension": held.dimension, "value": held.value}
            | ({"expirationDate": clock.iso(held.expires_at)} if held.expires_at is not None else {})
            for held in found.entitlements
        ],
        "linkedAccount": found.linked_account,
    }
    return {name: value for name, value in shown.items() if value is not None}
