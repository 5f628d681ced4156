"""What metering an hour costs as customers grow: requests and units of DynamoDB, calls of Marketplace, by one run."""

from dataclasses import dataclass, field
from typing import Any

from bench.figure import PLOTS, Figure, Reading, Say, Table
from bench.house import AFTER, HOUR, LIVE, PRODUCTS, RUN, AcceptingMarketplace, House
from bench.plot import Axis, Series, lines
from bench.quiet import quiet_logs
from bench.units import published
from local.dynamodb.capacity import Capacity
from local.dynamodb.store import MemoryDynamoDB
from marketplace.meter_usage import UsageMeter
from metering.find.find_due_hours import find_due_hours
from metering.report.levels import read_levels
from metering.send.plan_batches import plan_batches
from metering.settle.settle_hours import settle_hours

CUSTOMERS = (1_000, 10_000, 100_000)
#: Every customer has one dimension, so that 100,000 fit this machine; a line more costs a part of a call more.
DIMENSION = "workflow_executions"
#: How much more a customer may cost at the largest than at the smallest.
LINEAR = 1.02


@dataclass
class Cost:
    """What one run costs. states: DynamoDB requests by state of the workflow."""

    customers: int
    requests: int = 0
    written: int = 0
    read: float = 0.0
    calls: int = 0
    pages: int = 0
    states: dict[str, int] = field(default_factory=dict)


class _Run:
    """One hourly run over the store in memory, as the workflow goes through its pages."""

    def __init__(self, customers: int) -> None:
        self.capacity = Capacity()
        self.house = House(MemoryDynamoDB(capacity=self.capacity), now=AFTER)
        for number in range(customers):
            self.house.open_hour(self.house.subscribe(f"l-{number:016d}"), quantity=7, dimensions=[DIMENSION])
        self.capacity.clear()
        self.cost = Cost(customers)
        self.marketplace: Any = AcceptingMarketplace()

    def run(self) -> Cost:
        house, submitter = self.house, self.house.submitter(UsageMeter(self.marketplace))
        cursor, more = None, True
        while more:
            page = find_due_hours(
                house.records,
                now=AFTER,
                seal_delay_minutes=10,
                wanted=None,
                cursor=cursor,
                products=PRODUCTS,
            )
            self._note("find due hours")
            house.sealer.seal_hours(page.keys)
            self._note("seal")
            batches, _ = plan_batches(page.keys, house.records, house.subscribers, AFTER, LIVE)
            self._note("plan batches")
            for batch in batches:
                submitter.submit(batch, RUN)
            self._note("submit")
            settle_hours(page.keys, house.records, house.settler, LIVE)
            self._note("settle")
            cursor, more = page.cursor, page.more
            self.cost.pages += 1
        levels = read_levels(house.records, house.stores.subscribers, HOUR, now=AFTER, mode=LIVE, products=PRODUCTS)
        self._note("report")
        if levels.pending_hours:
            raise RuntimeError(f"{levels.pending_hours} hours are left")
        self.cost.calls = self.marketplace.calls
        return self.cost

    def _note(self, state: str) -> None:
        requests = sum(self.capacity.calls.values())
        self.cost.states[state] = self.cost.states.get(state, 0) + requests
        self.cost.requests += requests
        self.cost.written += published(self.capacity.written)
        self.cost.read += self.capacity.total_read
        self.capacity.clear()


def metered(customers: int) -> Cost:
    """What one hour of so many customers costs."""
    with quiet_logs():
        return _Run(customers).run()


def measure(say: Say) -> Figure:
    """What an hour costs at each number of ``CUSTOMERS``, and how the cost of a line grows from the first to the
    last."""
    costs: dict[int, Cost] = {}
    for customers in CUSTOMERS:
        say(f"{customers:,} customers")
        costs[customers] = metered(customers)
    first, last = costs[CUSTOMERS[0]], costs[CUSTOMERS[-1]]
    growth = {
        "DynamoDB requests": _growth(first.requests, last.requests, first, last),
        "write units": _growth(first.written, last.written, first, last),
        "read units": _growth(first.read, last.read, first, last),
        "Marketplace calls": _growth(first.calls, last.calls, first, last),
    }
    lines(
        PLOTS / "growth.svg",
        "Cost of an hour as customers grow",
        Axis("customers", log=True),
        Axis("in the hour", log=True),
        [
            Series("DynamoDB requests", [(n, cost.requests) for n, cost in costs.items()]),
            Series("write units", [(n, cost.written) for n, cost in costs.items()]),
            Series("read units", [(n, cost.read) for n, cost in costs.items()]),
            Series("Marketplace calls", [(n, cost.calls) for n, cost in costs.items()]),
        ],
    )
    return Figure(
        name="growth",
        title="Cost of an hour as customers grow",
        method=(
            "The states' code in their order, page by page, over the store in memory, every customer with one line, "
            f"all answered Success. Linear: what a customer costs at {CUSTOMERS[-1]:,} over what it costs at "
            f"{CUSTOMERS[0]:,}. A count; time is Marketplace's: 25 lines a call, {CUSTOMERS[-1] // 25:,} calls here."
        ),
        readings=[
            Reading(
                what=f"{name} a customer, {CUSTOMERS[-1]:,} over {CUSTOMERS[0]:,}",
                target="linear (1.00)",
                reached=f"{ratio:.2f}",
                met=ratio <= LINEAR,
            )
            for name, ratio in growth.items()
        ],
        tables=[
            Table(
                title="By number of customers",
                head=["customers", "pages", "requests", "write units", "read units", "calls"],
                rows=[
                    [f"{n:,}", f"{c.pages:,}", f"{c.requests:,}", f"{c.written:,}", f"{c.read:,.0f}", f"{c.calls:,}"]
                    for n, c in costs.items()
                ],
            ),
            Table(
                title=f"DynamoDB requests a customer by state, at {CUSTOMERS[-1]:,}",
                head=list(last.states),
                rows=[[f"{count / last.customers:.3f}" for count in last.states.values()]],
            ),
        ],
        plots=[("growth.svg", "Cost of an hour, both axes logarithmic")],
        data={"growth": growth},
    )


def _growth(small: float, large: float, first: Cost, last: Cost) -> float:
    return (large / last.customers) / (small / first.customers)
