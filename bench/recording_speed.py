"""Events recorded per second on one core, over the bare rate of the same transactions and over the AWS sample's."""

import statistics
from typing import Any

from bench import replay
from bench.designs import sample, specification
from bench.engine import client_of, emulator, ours
from bench.figure import Figure, Say, Table, at_least
from bench.house import DURING, HOUR, House, events
from bench.replay import noted, rewritten, wall
from local.dynamodb.declared_tables import create

REQUESTS, REQUEST = 6, 100
ROUNDS = 9
SMALL = 60


def measure(say: Say) -> Figure:
    """Events recorded per second, over the rates of the bare transactions and of the other designs."""
    ratios: dict[str, list[float]] = {"raw": [], "raw, unchecked": [], "sample": [], "specification": []}
    rates: dict[str, list[float]] = {"ours": [], "raw": [], "raw, unchecked": [], "sample": [], "specification": []}
    with emulator() as resource:
        endpoint = resource.meta.client.meta.endpoint_url
        House(resource)
        for declared in (sample.TABLE, specification.TABLE):
            create(resource.meta.client, declared, declared.name)
        dynamodb, client = ours(endpoint)
        bare = client_of(endpoint), client_of(endpoint, checked=False)
        house = House(dynamodb, create_tables=False)
        for number in range(ROUNDS + 1):
            say(f"round {number} of {ROUNDS}" if number else "warming up")
            found = _round(number, resource, house, client, bare)
            if number:  # The first round warms up caches and connections.
                for name, rate in found.items():
                    rates[name].append(rate)
                for name in ratios:
                    ratios[name].append(found["ours"] / found[name])
    middle = {name: statistics.median(values) for name, values in ratios.items()}
    return Figure(
        name="recording_speed",
        title="Events recorded per second on one core",
        method=(
            f"One thread, the emulator in another process. Each of {ROUNDS} rounds records {REQUESTS} requests of "
            f"{REQUEST} events by our code, makes the same transactions, noted and rewritten for another customer, by "
            f"a plain boto3 client, and records {SMALL} events by each of the other designs' code. Ratio of rates in "
            "a round, median of the rounds."
        ),
        readings=[
            at_least("over the bare rate of the same transactions", middle["raw"], 0.6),
            at_least("over the same, unchecked like ours", middle["raw, unchecked"], 0.6),
            at_least("over the AWS sample's", middle["sample"], 5),
        ],
        tables=[
            Table(
                title="Median of the rounds (rates are this machine's, on this day)",
                head=["", "events per second", "ours over it", "spread of the ratio"],
                rows=[
                    [
                        name,
                        f"{statistics.median(rates[name]):,.0f}",
                        f"{middle[name]:.2f}" if name in middle else "",
                        f"{min(ratios[name]):.2f} to {max(ratios[name]):.2f}" if name in ratios else "",
                    ]
                    for name in ("ours", "raw", "raw, unchecked", "sample", "specification")
                ],
            )
        ],
        notes=[
            "Our client leaves botocore's check of every request to DynamoDB (`ledger/dynamodb.py`); boto3 checks by "
            "default. The bare rate is therefore given both ways: as boto3 comes, and unchecked like ours, which is "
            "the comparison of like with like. The two other designs run on boto3's resource, as it comes.",
        ],
        data={"rates": rates},
    )


def _round(number: int, resource: Any, house: House, client: Any, bare: tuple[Any, Any]) -> dict[str, float]:
    mine, theirs, unchecked = f"l-mine{number:04d}", f"l-bare{number:04d}", f"l-free{number:04d}"
    for customer in (mine, theirs, unchecked):
        house.subscribe(customer)
    batches = [list(events(mine, REQUEST, prefix=f"{mine}-{n}")) for n in range(REQUESTS)]
    total = REQUESTS * REQUEST
    # The requests are noted from one pass and not from the timed one, which noting would slow down.
    shadow = f"l-note{number:04d}"
    house.subscribe(shadow)
    with noted(client) as requests:
        for n in range(REQUESTS):
            house.record(shadow, list(events(shadow, REQUEST, prefix=f"{shadow}-{n}")))
    transactions = [request for request in requests if request[0] == "TransactWriteItems"]
    raw = replay.calls(rewritten(transactions, {shadow: theirs}), {"dynamodb": bare[0]})
    free = replay.calls(rewritten(transactions, {shadow: unchecked}), {"dynamodb": bare[1]})
    small = list(events(f"l-rows{number}", SMALL))
    rows, lists = resource.Table(sample.TABLE.name), resource.Table(specification.TABLE.name)
    first = int(DURING) * 1000
    return {
        "ours": total / wall(lambda: [house.record(mine, batch) for batch in batches]),
        "raw": total / wall(lambda: [call() for call in raw]),
        "raw, unchecked": total / wall(lambda: [call() for call in free]),
        "sample": SMALL / wall(lambda: sample.record(rows, small, first)),
        "specification": SMALL / wall(lambda: specification.record(lists, small, HOUR, specification.clock())),
    }
