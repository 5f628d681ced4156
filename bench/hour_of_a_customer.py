"""What metering an hour of one customer with five dimensions costs: sealed, journalled, settled."""

from collections.abc import Callable

from bench.figure import Figure, Say, Table, at_most
from bench.house import AFTER, DIMENSIONS, HOUR, RUN, AcceptingMarketplace, House
from bench.quiet import quiet_logs
from bench.write_units import published
from ledger import tables
from marketplace.meter_usage import UsageMeter
from metering.keys import LineKey
from tests.memory.capacity import Capacity
from tests.memory.store import MemoryDynamoDB

FIRST, CUSTOMER = "l-0000000000000001", "l-0123456789abcdef"
WRITES = ("TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem")


def measure(say: Say) -> Figure:
    say("one hour of one customer")
    capacity = Capacity()
    house = House(MemoryDynamoDB(capacity=capacity), now=AFTER)
    for customer in (FIRST, CUSTOMER):
        house.subscribe(customer)
        house.open_hour(customer)
    rows, sizes = [], {}
    totals = [0, 0]
    submitter = house.submitter(UsageMeter(AcceptingMarketplace()))  # type: ignore[arg-type]
    steps: dict[str, Callable[[], object]] = {
        "seal": lambda: house.sealer.seal_hour(CUSTOMER, HOUR),
        "journal and settle": lambda: submitter.submit(lines_of(CUSTOMER), RUN),
    }
    with quiet_logs():
        # the first success of a run is noted once, by each copy of the submitter
        house.sealer.seal_hour(FIRST, HOUR)
        submitter.submit(lines_of(FIRST), RUN)
        for name, step in steps.items():
            capacity.clear()
            step()
            requests = sum(capacity.calls[operation] for operation in WRITES)
            units = published(capacity.written)
            sizes[name] = _size(house)
            totals[0] += requests
            totals[1] += units
            rows.append([name, str(requests), str(units), f"{sizes[name]:,}"])
    rows.append(["in all", str(totals[0]), str(totals[1]), ""])
    if house.records.get(CUSTOMER, HOUR) is None or list(house.records.pending_keys(HOUR)):
        raise RuntimeError("the hour is not settled")
    return Figure(
        name="hour_of_a_customer",
        title="Seal, journal and settle an hour of five dimensions",
        method="The sealer's and the submitter's code on the store in memory, all lines answered Success. A count.",
        readings=[
            at_most("write requests", totals[0], 3, digits=0),
            at_most("write units", totals[1], 8, digits=0),
        ],
        tables=[
            Table(title="By step", head=["", "write requests", "write units", "record's bytes after it"], rows=rows)
        ],
        data={"requests": totals[0], "units": totals[1], "sizes": sizes},
    )


def _size(house: House) -> int:
    data = house.dynamodb.data(tables.METERING_RECORDS.name, "")
    return int(next(row.size for row in data.rows.values() if row.item["customerIdentifier"] == CUSTOMER))


def lines_of(customer: str) -> list[LineKey]:
    return [(customer, HOUR, name) for name in DIMENSIONS]
