"""DynamoDB write units per call of the usage client, which merges the calls of a flush interval into one event."""

import tempfile
from collections.abc import Sequence
from decimal import Decimal
from importlib import import_module
from json import loads
from pathlib import Path
from typing import Any

from bench.figure import Figure, Say, Table, at_most
from bench.house import DURING, PRODUCTS, House
from bench.quiet import quiet_logs
from bench.units import published
from local.dynamodb.capacity import Capacity
from local.dynamodb.store import MemoryDynamoDB
from usage.report_usage import report_usage

CUSTOMER = "l-0123456789abcdef"
#: Calls within one flush interval.
MERGED = (1, 10, 100, 1_000, 10_000)
ENOUGH = 100


class _IntoRecording:
    """The client's way out: straight into what ``POST /usage`` calls."""

    one_customer = False

    def __init__(self, house: House, transport: Any) -> None:
        self._house, self._transport = house, transport

    def send(self, events: Sequence[Any]) -> Any:
        bodies = [loads(event.text, parse_float=Decimal, parse_int=Decimal) for event in events]
        with quiet_logs():
            answers = report_usage(bodies, PRODUCTS, self._house.stores, lambda: self._house.now)
        return self._transport.Answered(
            [self._transport.Verdict(verdict.verdict, verdict.reason, verdict.message) for _, verdict in answers]
        )

    def close(self) -> None:
        pass


def units(calls: int) -> tuple[int, int]:
    """Write units and events that so many like calls within an interval become, in a running hour.

    Raises RuntimeError if the client does not deliver, or if the store counts another number of calls.
    """
    client, transport = import_module("yawl_metering"), import_module("yawl_metering.transport")
    capacity = Capacity()
    house = House(MemoryDynamoDB(capacity=capacity))
    house.subscribe(CUSTOMER)
    house.open_hour(CUSTOMER)
    capacity.clear()
    with tempfile.TemporaryDirectory() as spool:
        settings = client.Settings(flush_interval=300.0)
        usage = client.UsageClient(
            "bench",
            lambda: _IntoRecording(house, transport),
            Path(spool),
            settings=settings,
            clock=lambda: DURING,
        )
        for _ in range(calls):
            usage.record_api_calls(CUSTOMER)
        if not usage.close(60):
            raise RuntimeError("the client could not deliver")
    record = house.records.of_customer(CUSTOMER, 0, 2**33)[0]
    counted = sum(number for (name, _), number in record.counted.items() if name == "api_calls") - 1234
    if counted != calls:
        raise RuntimeError(f"{calls} calls were counted as {counted}")
    return published(capacity.written), sum(where.endswith("usage-events") for _, where in capacity.written)


def measure(say: Say) -> Figure:
    """Write units for each call of the client, by how many calls it merges."""
    found = {}
    for calls in MERGED:
        say(f"{calls:,} calls")
        found[calls] = units(calls)[0] / calls
    return Figure(
        name="client_calls",
        title="Write units per call of the usage client",
        method=(
            "The client's own code with its spool on disk, its way out led straight into the recording code on the "
            "store in memory; all calls of one customer and dimension within one flush interval. A count."
        ),
        readings=[
            at_most(f"per call, {ENOUGH} merged calls or more", max(found[n] for n in MERGED if n >= ENOUGH), 0.05)
        ],
        tables=[
            Table(
                title="By number of merged calls",
                head=["calls", "write units per call"],
                rows=[[f"{calls:,}", f"{per_call:.4f}"] for calls, per_call in found.items()],
            )
        ],
        data={"perCall": {str(calls): per_call for calls, per_call in found.items()}},
    )
