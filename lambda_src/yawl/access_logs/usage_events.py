"""The usage events of one object of the access logs. Pure.

A GB is 10^9 bytes: SI, and the ``GB`` of the product's dimension. The ledger records quantities with 9 decimals, so a
GB to the byte; what does not fill the smallest quantity that is sent stays in the customer's balance. So no bytes are
lost, and none are kept here. With 2^30 a byte would have 30 decimals, and no sum of quantities could equal the bytes.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from marketplace.quantity import text
from runtime.clock import iso
from yawl.access_logs.tally import Traffic
from yawl.engine import Engine

#: A byte is this power of ten of a GB.
_EXPONENT_OF_A_BYTE = -9


def customer_of(engine: Engine) -> str | None:
    """The billing key that pays for an engine's traffic: a request names no case, so the engine alone can tell."""
    return engine.customers.get("") if engine.attributed_by == "engine" else None


def usage_events(object_hash: str, traffic: Traffic, engine: Engine, customer: str | None) -> Iterator[dict[str, Any]]:
    """The bodies of ``POST /usage`` for an engine's calls in one object, and for their bytes.

    The same object always gives the same bodies, so that a repeat is found by its id. customer: None leaves the field
    out, for usage that waits for its attribution.
    """
    quantities = (
        ("calls", engine.dimensions.calls, str(traffic.calls)),
        ("bytes", engine.dimensions.gigabytes, text(Decimal(traffic.bytes).scaleb(_EXPONENT_OF_A_BYTE))),
    )
    for kind, dimension, quantity in quantities:
        if dimension and quantity != "0":
            yield {
                "id": f"yawl:{engine.id}:{engine.epoch}:{kind}:{object_hash}",
                "source": engine.source,
                **({"customerIdentifier": customer} if customer else {}),
                "dimension": dimension,
                "quantity": quantity,
                "occurredAt": iso(traffic.first_at),
            }
