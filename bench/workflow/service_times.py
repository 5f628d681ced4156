"""What the functions' steps take: their CPU and their requests, measured, and their time on AWS, reckoned from both.

The real code runs against the local cloud's DynamoDB, which is another process, with an answering Marketplace in this
one. Counted are this process's CPU and the requests of botocore. On AWS a function has a part of a core by its memory,
and waits for each request: that is how ``on_aws`` puts a time together.
"""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.engine import emulator, ours
from bench.figure import PROJECT, Say
from bench.house import AFTER, DIMENSIONS, DURING, HOUR, LIVE, PRODUCTS, RUN, AcceptingMarketplace, House
from bench.quiet import quiet_logs
from bench.replay import noted, seconds
from ledger.reading import RecordKey
from marketplace.meter_usage import MAX_RECORDS, UsageMeter
from metering.find.find_due_hours import find_due_hours
from metering.send.plan_batches import plan_batches
from metering.settle.settle_hours import settle_hours
from metering.sizes import KEYS_PER_CALL
from runtime.clock import iso
from usage.report_usage import report_usage

RECORDED = PROJECT / "bench" / "workflow" / "service_times.json"
#: Memory with which Lambda gives a function one core (Lambda Developer Guide, "Configure Lambda function memory").
ONE_CORE_MB = 1769
#: Seconds for one request to DynamoDB and back, and for one to Marketplace. Stated, not measured: AWS promises
#: "single-digit milliseconds" for DynamoDB and nothing for Marketplace.
DYNAMODB_SECONDS = 0.006
MARKETPLACE_SECONDS = 0.15
EVENTS = 100
ROUNDS = 4
#: Customer-hours of a round: what is found and planned at once.
PAGE = 200


@dataclass(frozen=True)
class Step:
    """One invocation's work. cpu: seconds of a core, one value a round. requests: to DynamoDB. items: what it is for
    (events, hours, lines)."""

    cpu: Sequence[float]
    requests: float
    items: int

    @property
    def middle(self) -> float:
        """The median CPU, in seconds of a core."""
        return statistics.median(self.cpu)

    def on_aws(self, memory_mb: int, *, cpu: float | None = None, marketplace_calls: int = 0) -> float:
        """Seconds of an invocation with so much memory. cpu: of a round; None is the median."""
        spent = (self.middle if cpu is None else cpu) / min(1.0, memory_mb / ONE_CORE_MB)
        return spent + self.requests * DYNAMODB_SECONDS + marketplace_calls * MARKETPLACE_SECONDS


def recorded(path: Path = RECORDED) -> dict[str, Step]:
    """The steps as they were measured and written down, by name."""
    return {name: Step(**step) for name, step in json.loads(path.read_text(encoding="utf-8")).items()}


def record(steps: dict[str, Step], path: Path = RECORDED) -> None:
    """Write the steps down."""
    rounded = {name: {**asdict(step), "cpu": [round(one, 5) for one in step.cpu]} for name, step in steps.items()}
    path.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


def measured(say: Say, rounds: int = ROUNDS) -> dict[str, Step]:
    """Each step in so many rounds, after one that warms up."""
    with quiet_logs(), emulator() as resource:
        House(resource)
        dynamodb, client = ours(resource.meta.client.meta.endpoint_url)
        bench = _Bench(House(dynamodb, create_tables=False, now=AFTER), client)
        for number in range(rounds + 1):
            say(f"service times: round {number} of {rounds}" if number else "service times: warming up")
            bench.round(number)
            if not number:
                bench.forget()
    return bench.steps()


class _Bench:
    """One round after another: a request of events, then an hour of ``PAGE`` customers from finding to settling."""

    def __init__(self, house: House, client: Any) -> None:
        self._house, self._client = house, client
        self._submitter = house.submitter(UsageMeter(AcceptingMarketplace()))  # type: ignore[arg-type]
        self.forget()

    def forget(self) -> None:
        self._cpu: dict[str, list[float]] = {}
        self._requests: dict[str, list[int]] = {}
        self._items: dict[str, int] = {}

    def steps(self) -> dict[str, Step]:
        return {
            name: Step(cpu, round(statistics.mean(self._requests[name]), 2), self._items[name])
            for name, cpu in self._cpu.items()
        }

    def round(self, number: int) -> None:
        house = self._house
        customers = [house.subscribe(f"l-{number:04d}{n:012d}") for n in range(PAGE)]
        house.now = DURING
        self._record(customers[0], number)
        for customer in customers[1:]:
            house.open_hour(customer)
        house.now = AFTER
        keys: list[RecordKey] = []
        self._time("find", PAGE, lambda: keys.extend(self._found()))
        chunks = [keys[start : start + KEYS_PER_CALL] for start in range(0, len(keys), KEYS_PER_CALL)]
        for chunk in chunks:
            self._time("seal", len(chunk), lambda chunk=chunk: house.sealer.seal_hours(chunk))  # type: ignore[misc]
        planned: list[Any] = []
        store = house.records, house.subscribers
        self._time("plan", PAGE, lambda: planned.extend(plan_batches(keys, *store, AFTER, LIVE)))
        for batch in planned[0]:
            self._time("submit", MAX_RECORDS, lambda batch=batch: self._submitter.submit(batch, RUN))  # type: ignore[misc]
        for chunk in chunks:
            self._time(
                "settle",
                len(chunk),
                lambda chunk=chunk: settle_hours(chunk, house.records, house.settler, LIVE),  # type: ignore[misc]
            )

    def _record(self, customer: str, number: int) -> None:
        names = [name for name, dimension in DIMENSIONS.items() if dimension.aggregation == "sum"]
        bodies = [
            {
                "id": f"{number}-{n}",
                "source": "engine-7",
                "customerIdentifier": customer,
                "dimension": names[n % len(names)],
                "quantity": Decimal(1),
                "occurredAt": iso(DURING - 30),
            }
            for n in range(EVENTS)
        ]
        self._time("record", EVENTS, lambda: report_usage(bodies, PRODUCTS, self._house.stores, self._house.clock))

    def _found(self) -> Sequence[RecordKey]:
        return find_due_hours(
            self._house.records,
            now=AFTER,
            seal_delay_minutes=10,
            wanted=HOUR,
            cursor=None,
            products=PRODUCTS,
        ).keys

    def _time(self, name: str, items: int, work: Callable[[], object]) -> None:
        with noted(self._client) as requests:
            # The process's CPU, since some steps read with several threads.
            spent = seconds(work, time.process_time)
        self._cpu.setdefault(name, []).append(spent)
        self._requests.setdefault(name, []).append(len(requests))
        self._items[name] = items
