"""The usage events of one object of the access logs, with the bytes that do not fill the smallest quantity. Pure.

A GB is 10^9 bytes (SI, and the ``GB`` of the product's dimension). The ledger records quantities with at most 6
decimals, so the smallest is 1,000 bytes, exactly. With 2^30 a byte would have 30 decimals, and no sum of quantities
could equal the bytes.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from marketplace.quantity import DECIMALS, text
from runtime.clock import iso
from yawl.access_logs.tally import Traffic
from yawl.engine import Engine

BYTES_PER_GB = 10**9
#: Bytes in the smallest quantity that the ledger records.
BYTES_PER_STEP = BYTES_PER_GB // 10**DECIMALS


class Counted(NamedTuple):
    """events: bodies of ``POST /usage``. left: the bytes, 0 to 999, that the next object's event takes up."""

    events: list[dict[str, Any]]
    left: int


def customer_of(engine: Engine) -> str | None:
    """The billing key that pays for an engine's traffic: a request names no case, so the engine alone can tell."""
    return engine.customers.get("") if engine.attributed_by == "engine" else None


def usage_events(object_hash: str, traffic: Traffic, engine: Engine, customer: str | None, left: int) -> Counted:
    """The events of an object. left: the bytes that earlier objects left over.

    The bytes of the event and those left over are exactly the object's bytes and those left over before. customer: None
    leaves the field out, for usage that waits for its attribution.
    """
    events = []
    fields = {
        "source": engine.source,
        **({"customerIdentifier": customer} if customer else {}),
        "occurredAt": iso(traffic.first_at),
    }

    def add(kind: str, dimension: str, quantity: int | str) -> None:
        # The database's epoch is no part of these ids: an object's traffic is the same, whichever database it met.
        event_id = f"yawl:{engine.id}:0:{kind}:{object_hash}"
        events.append({"id": event_id, **fields, "dimension": dimension, "quantity": quantity})

    if engine.dimensions.calls and traffic.calls:
        add("calls", engine.dimensions.calls, traffic.calls)
    if engine.dimensions.gigabytes:
        steps, left = divmod(left + traffic.bytes, BYTES_PER_STEP)
        if steps:
            add("bytes", engine.dimensions.gigabytes, text(Decimal(steps).scaleb(-DECIMALS)))
    return Counted(events, left)
