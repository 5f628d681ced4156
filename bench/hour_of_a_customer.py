"""What metering an hour of one customer with five dimensions costs: sealed, journalled, settled."""

from collections.abc import Callable

from bench.figure import Figure, Say, Table, at_most
from bench.house import AFTER, DIMENSIONS, HOUR, AcceptingMarketplace, House
from bench.quiet import quiet_logs
from bench.write_units import published
from ledger import tables
from marketplace.meter_usage import UsageMeter
from tests.memory.capacity import Capacity
from tests.memory.store import MemoryDynamoDB

CUSTOMER = "l-0123456789abcdef"
WRITES = ("TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem")


def measure(say: Say) -> Figure:
    say("one hour of one customer")
    capacity = Capacity()
    house = House(MemoryDynamoDB(capacity=capacity), now=AFTER)
    house.subscribe(CUSTOMER)
    house.open_hour(CUSTOMER)
    rows, sizes = [], {}
    totals = [0, 0]
    meter = UsageMeter(AcceptingMarketplace())  # type: ignore[arg-type]
    steps: dict[str, Callable[[], object]] = {
        "seal": lambda: house.sealer.seal_hour(CUSTOMER, HOUR),
        "journal and settle": lambda: house.submitter(meter).submit([(CUSTOMER, HOUR, name) for name in DIMENSIONS]),
    }
    with quiet_logs():
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
    (row,) = data.rows.values()
    return int(row.size)
