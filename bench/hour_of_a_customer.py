"""What metering an hour of one customer with five dimensions costs: sealed, sent, settled."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.figure import Figure, Say, Table, at_most
from bench.house import AFTER, DIMENSIONS, HOUR, RUN, AcceptingMarketplace, House
from bench.quiet import quiet_logs
from bench.units import published
from ledger import tables
from local.dynamodb.capacity import Capacity
from local.dynamodb.store import MemoryDynamoDB
from marketplace.meter_usage import UsageMeter
from metering.run import LineKey

FIRST, CUSTOMER = "l-0123456789abcdef0123456789abcdee", "l-0123456789abcdef0123456789abcdef"
#: Units of each dimension: 1,234 API calls are one unit of a thousand, and 234 stay in the balance; of 1,000 none do.
WITH_REMAINDER, WITHOUT = 1_234, 1_000
#: Write units.
TO_REACH = 8
WRITES = ("TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem")


@dataclass(frozen=True)
class Step:
    """Write requests, read requests and write units of one step, and the bytes of the record after it."""

    name: str
    requests: int
    reads: int
    units: int
    size: int


def steps(quantity: int = WITH_REMAINDER) -> list[Step]:
    """One hour of one customer with so many units of each dimension, step by step. Raises RuntimeError if it is not
    settled then."""
    capacity = Capacity()
    house = House(MemoryDynamoDB(capacity=capacity), now=AFTER)
    for customer in (FIRST, CUSTOMER):
        house.subscribe(customer)
        house.open_hour(customer, quantity=quantity)
    submitter = house.submitter(UsageMeter(AcceptingMarketplace()))  # type: ignore[arg-type]
    work: dict[str, Callable[[], object]] = {
        "seal": lambda: house.sealer.seal_hour(CUSTOMER, HOUR),
        "send and settle": lambda: submitter.submit(lines_of(CUSTOMER), RUN),
    }
    found = []
    with quiet_logs():
        # The first success of a run is noted once, by each copy of the submitter.
        house.sealer.seal_hour(FIRST, HOUR)
        submitter.submit(lines_of(FIRST), RUN)
        for name, step in work.items():
            capacity.clear()
            step()
            requests = sum(capacity.calls[operation] for operation in WRITES)
            reads = sum(capacity.calls.values()) - requests
            found.append(Step(name, requests, reads, published(capacity.written), _size(house)))
    if list(house.records.pending_keys(HOUR)):
        raise RuntimeError("the hour is not settled")
    return found


def cost(quantity: int = WITH_REMAINDER) -> tuple[int, int]:
    """(write requests, write units) of metering one customer's hour."""
    found = steps(quantity)
    return sum(step.requests for step in found), sum(step.units for step in found)


def _most_units() -> int:
    """So many units of each dimension, to the next power of ten, are metered within the 8 write units."""
    digits = next(digits for digits in range(3, 16) if cost(10**digits * 10 - 1)[1] > TO_REACH)
    return int(10**digits - 1)


def measure(say: Say) -> Figure:
    """Requests and write units of sealing, sending and settling one customer's hour, by step."""
    say("one hour of one customer")
    found = steps()
    requests, units = cost()
    _, units_without = cost(WITHOUT)
    rows = [[step.name, str(step.requests), str(step.reads), str(step.units), f"{step.size:,}"] for step in found]
    return Figure(
        name="hour_of_a_customer",
        title="Seal, send and settle an hour of five dimensions",
        method=(
            "The sealer's and the submitter's code on the store in memory, all lines answered Success. Attempt and "
            "verdicts are one write each. A count. Requests are those that write; what is read before is in the table."
        ),
        readings=[
            at_most("write requests", requests, 3, digits=0),
            at_most("write units", units, TO_REACH, digits=0),
            at_most("write units, where the balance stays as it was", units_without, TO_REACH, digits=0),
        ],
        tables=[
            Table(
                title="By step, with a new balance",
                head=["", "write requests", "read requests", "write units", "record's bytes after it"],
                rows=[*rows, ["in all", str(requests), str(sum(step.reads for step in found)), str(units), ""]],
            )
        ],
        notes=[
            "Every write costs by the kilobytes of the record. Sealed, and with its attempt, it is within the first; "
            f"five verdicts with their record ids lead into the second. So it is up to {_most_units():,} units of each "
            "dimension in the hour (a number costs a byte for two digits); beyond, the attempt costs a unit more.",
        ],
        data={"requests": requests, "units": units, "sizes": {step.name: step.size for step in found}},
    )


def _size(house: House) -> int:
    data = house.dynamodb.data(tables.METERING_RECORDS.name, "")
    return int(next(row.size for row in data.rows.values() if row.item["customerIdentifier"] == CUSTOMER))


def lines_of(customer: str) -> list[LineKey]:
    """The keys of the customer's lines in ``HOUR``, one for each dimension."""
    return [(customer, HOUR, name) for name in DIMENSIONS]
