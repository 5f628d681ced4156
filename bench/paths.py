"""Files, calls and moves between files on the way of one event and of one hour: how much a reader has to follow."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from types import FrameType
from typing import Any

from bench.figure import PROJECT, Figure, Reading, Say, Table, at_most
from bench.house import AFTER, DIMENSIONS, DURING, HOUR, LIVE, PRODUCT, PRODUCTS, RUN, House
from bench.market import buyers
from bench.quiet import quiet_logs
from local.dynamodb.store import MemoryDynamoDB
from marketplace.meter_usage import UsageMeter
from marketplace_local.in_process import InProcessAdmin, MeteringClient
from marketplace_local.state import MarketplaceState
from metering.find.find_due_hours import find_due_hours
from metering.send.plan_batches import plan_batches
from runtime.clock import iso
from usage.report_usage import report_usage

CODE = f"{PROJECT / 'lambda_src'}/"
DIMENSION = "workflow_executions"
#: The most files on an hour's way.
HOUR_MOST = 35


@dataclass
class Trail:
    """The file of every call of a Python function below ``lambda_src``, in order."""

    files: list[str] = field(default_factory=list)

    def __call__(self, frame: FrameType, happened: str, _argument: Any) -> None:
        """Note a call; ``sys.setprofile`` calls this."""
        name = frame.f_code.co_filename
        if happened == "call" and name.startswith(CODE):
            self.files.append(name.removeprefix(CODE))

    @property
    def entered(self) -> list[str]:
        """Every file once, in the order in which it is entered first."""
        return list(dict.fromkeys(self.files))

    @property
    def moves(self) -> int:
        """Calls in another file than the call before."""
        return sum(before != after for before, after in pairwise(self.files))

    @property
    def returns(self) -> int:
        """Moves to a file that was left before."""
        return self.moves - len(self.entered) + 1


def walked(work: Callable[[], object]) -> Trail:
    """Do the work, and note its way through the code."""
    trail = Trail()
    sys.setprofile(trail)
    try:
        work()
    finally:
        sys.setprofile(None)
    return trail


def event() -> Trail:
    """The way of one event of ``POST /usage`` into the store: in a running hour, by a warm function."""
    house, (customer,) = _house(1)

    def body(id_: str) -> dict[str, Any]:
        return {
            "id": id_,
            "source": "engine-7",
            "customerIdentifier": customer,
            "dimension": DIMENSION,
            "quantity": Decimal(1),
            "occurredAt": iso(DURING - 30),
        }

    with quiet_logs():
        report_usage([body("first")], PRODUCTS, house.stores, house.clock)
        return walked(lambda: report_usage([body("second")], PRODUCTS, house.stores, house.clock))


def hour() -> Trail:
    """The way of an hour with one line, from finding it to its MeteringRecordId, by warm functions. Raises RuntimeError
    if the line was not billed."""
    house, (first, second) = _house(2)
    house.now = AFTER
    client: Any = MeteringClient(house.marketplace.state)
    sealer, submitter = house.sealer, house.submitter(UsageMeter(client))

    def metered() -> None:
        page = find_due_hours(
            house.records,
            now=AFTER,
            seal_delay_minutes=10,
            wanted=None,
            cursor=None,
            products=PRODUCTS,
        )
        sealer.seal_hours(page.keys)
        batches, _ = plan_batches(page.keys, house.records, house.subscribers, AFTER, LIVE)
        for batch in batches:
            submitter.submit(batch, RUN)

    with quiet_logs():
        house.open_hour(first, dimensions=[DIMENSION])
        metered()
        house.open_hour(second, dimensions=[DIMENSION])
        trail = walked(metered)
    record = house.records.get(second, HOUR)
    if record is None or record.lines[DIMENSION].metering_record_id is None:
        raise RuntimeError("the hour was not billed")
    return trail


class _House(House):
    """The house with a local Marketplace in this process."""

    marketplace: InProcessAdmin


def _house(customers: int) -> tuple[_House, list[str]]:
    """A house with so many customers, whom the Marketplace knows."""
    house = _House(MemoryDynamoDB())
    house.marketplace = InProcessAdmin(MarketplaceState(now=house.clock))
    house.marketplace.create_product(PRODUCT, DIMENSIONS, integration="license")
    house.marketplace.set_settings(callsPerSecond=0)
    return house, [buyer["id"] for buyer in buyers(house.marketplace, house, customers)]


def measure(say: Say) -> Figure:
    """Files, calls and moves between files on the way of an event and of an hour."""
    say("one event, one hour")
    trails = {"an event": event(), "an hour": hour()}
    return Figure(
        name="paths",
        title="The way through the code",
        method=(
            "The rooms' own code on the store in memory and the local Marketplace in process, warm, under Python's "
            "profiler: an event from the parsed request into the store, an hour with one line from finding it to its "
            "MeteringRecordId. Counted are calls of functions below lambda_src. A count of this code, no matter the "
            "machine; entry points and settings are not in it."
        ),
        readings=[
            at_most("files on an hour's way", len(trails["an hour"].entered), HOUR_MOST, digits=0),
            Reading(what="files on an event's way", target="", reached=str(len(trails["an event"].entered))),
        ],
        tables=[
            Table(
                title="By way",
                head=["", "files entered", "calls", "moves between files", "returns to a file left before"],
                rows=[
                    [name, *(str(n) for n in (len(t.entered), len(t.files), t.moves, t.returns))]
                    for name, t in trails.items()
                ],
            )
        ],
        data={name: trail.entered for name, trail in trails.items()},
    )
