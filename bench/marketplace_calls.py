"""Calls of AWS Marketplace for 1,000 lines."""

from collections import Counter
from typing import Any

from bench.designs import sample, specification
from bench.figure import Figure, Reading, Say, Table
from bench.house import AFTER, DIMENSIONS, HOUR, LIVE, RUN, AcceptingMarketplace, House
from bench.quiet import quiet_logs
from local.dynamodb.store import MemoryDynamoDB
from marketplace.meter_usage import MAX_RECORDS, UsageMeter
from metering.send.plan_batches import plan_batches

CUSTOMERS = 200
LINES = CUSTOMERS * len(DIMENSIONS)
#: The service model's limit makes 25 lines a call the best there is.
BEST = LINES // MAX_RECORDS


def ours() -> tuple[int, int]:
    """(calls, lines) of one planned and submitted hour of all customers. Raises RuntimeError if a line is not
    billed."""
    sizes: list[int] = []
    marketplace: Any = AcceptingMarketplace(sizes.append)
    house = House(MemoryDynamoDB(), now=AFTER)
    keys = [house.open_hour(house.subscribe(f"l-{number:08d}")) for number in range(CUSTOMERS)]
    house.sealer.seal_hours(keys)
    batches, left = plan_batches(keys, house.records, house.subscribers, AFTER, LIVE)
    submitter = house.submitter(UsageMeter(marketplace))
    for batch in batches:
        submitter.submit(batch, RUN)
    unbilled = Counter(line.verdict for record in house.records.get_many(keys) for line in record.lines.values())
    if left or set(unbilled) != {"billed"}:
        raise RuntimeError(f"not all was sent: {unbilled}")
    return marketplace.calls, sum(sizes)


def others() -> tuple[int, int]:
    """Calls of the specification's job and of the sample's consumers, for the same customers and dimensions."""
    rows = [
        {
            "customerIdentifier": f"l-{number:08d}",
            "timestamp": HOUR,
            "dimensionUsage": [{"dimension": name, "value": 1} for name in DIMENSIONS],
            "dimension_usage": [{"dimension": name, "value": 1} for name in DIMENSIONS],
        }
        for number in range(CUSTOMERS)
    ]
    return len(specification.batches(rows)), len(sample.batches(rows))


def measure(say: Say) -> Figure:
    """Marketplace calls for 1,000 lines: ours beside those of the other designs."""
    say(f"{LINES:,} lines planned and submitted")
    with quiet_logs():
        calls, lines = ours()
    listed, rowed = others()
    return Figure(
        name="marketplace_calls",
        title="Marketplace calls per 1,000 lines",
        method=f"{CUSTOMERS} customers with {len(DIMENSIONS)} dimensions, sealed, planned and submitted. A count.",
        readings=[
            Reading(what="ours", target=f"{BEST} (the limit)", reached=f"{calls * 1000 / lines:g}", met=calls == BEST)
        ],
        tables=[
            Table(
                title="The same lines in each design",
                head=["", "calls", ""],
                rows=[
                    ["ours", str(calls), ""],
                    ["specification", str(listed), "each of 100 records, which the service refuses: none is billed"],
                    ["AWS sample", str(rowed), "one for each customer"],
                ],
            )
        ],
        data={"calls": calls},
    )
