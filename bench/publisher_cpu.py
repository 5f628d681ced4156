"""CPU per line in the publisher, over the bare cost of the same calls."""

import statistics
from typing import Any

import boto3

from bench import market, replay
from bench.engine import client_of, emulator, ours
from bench.figure import Figure, Say, Table, at_most
from bench.house import AFTER, DIMENSIONS, HOUR, RUN, House
from bench.market import renamed
from bench.quiet import quiet_logs
from bench.replay import cpu, noted, rewritten
from metering.run import LineKey
from metering.send.submit_batch import Submitter

#: A batch of 25 lines.
CUSTOMERS = 5
BATCHES = 4
ROUNDS = 9

Buyers = list[dict[str, str]]


def measure(say: Say) -> Figure:
    """CPU time of the submitter for each line, over that of a plain client that makes the same calls."""
    ratios, unchecked, mine, bare = [], [], [], []
    requests: list[replay.Request] = []
    with quiet_logs(), emulator() as resource, market.marketplace(100_000) as admin:
        endpoint = resource.meta.client.meta.endpoint_url
        House(resource)
        dynamodb, client = ours(endpoint)
        house = House(dynamodb, create_tables=False, now=AFTER)
        usage_meter = market.meter(admin.url)
        submitter = house.submitter(usage_meter)
        sender = boto3.client("meteringmarketplace", "us-east-1", endpoint_url=admin.url)
        plain = {"dynamodb": client_of(endpoint), "meteringmarketplace": sender}
        free = {"dynamodb": client_of(endpoint, checked=False), "meteringmarketplace": sender}
        for number in range(ROUNDS + 1):
            say(f"round {number} of {ROUNDS}" if number else "warming up")
            shadow, ready, others, more = (_sealed(admin, house) for _ in range(4))
            with noted(client, market.client_of(usage_meter)) as requests:
                _submit(submitter, shadow)
            again = replay.calls(rewritten(requests, renamed(shadow, others)), plain)
            same = replay.calls(rewritten(requests, renamed(shadow, more)), free)
            spent = cpu(lambda chosen=ready: _submit(submitter, chosen))  # type: ignore[misc]
            cost = cpu(lambda calls=again: [call() for call in calls])  # type: ignore[misc]
            like = cpu(lambda calls=same: [call() for call in calls])  # type: ignore[misc]
            if number:
                mine.append(spent)
                bare.append(cost)
                ratios.append(spent / cost)
                unchecked.append(spent / like)
    lines = BATCHES * CUSTOMERS * len(DIMENSIONS)
    middle = statistics.median(ratios)
    return Figure(
        name="publisher_cpu",
        title="CPU per line in the publisher",
        method=(
            f"Each of {ROUNDS} rounds submits {BATCHES} batches of 25 sealed lines (5 customers with 5 dimensions) by "
            "the submitter's code, from the key of a line to its stored verdict, log lines included; then plain boto3 "
            "clients make the same requests, noted and rewritten for other customers. CPU of the one thread, the "
            "emulator and the local Marketplace in other processes; ratio within a round, median of the rounds."
        ),
        readings=[
            at_most("over the bare cost of the same boto3 calls", middle, 1.3),
            at_most("over the same, unchecked like ours", statistics.median(unchecked), 1.3),
        ],
        notes=[
            "Our DynamoDB client leaves botocore's check of every request to DynamoDB; boto3 checks by default. The "
            "bare cost is given both ways, and unchecked is the comparison of like with like. Requests to Marketplace "
            "are checked in all of them.",
        ],
        tables=[
            Table(
                title="Medians (times are this machine's, on this day)",
                head=["", "CPU per line", "spread of the ratio"],
                rows=[
                    ["the submitter", f"{statistics.median(mine) / lines * 1e3:.2f} ms", ""],
                    [
                        "the same calls, bare",
                        f"{statistics.median(bare) / lines * 1e3:.2f} ms",
                        f"{min(ratios):.2f} to {max(ratios):.2f}",
                    ],
                    ["requests per line", f"{len(requests) / lines:.2f}", ""],
                ],
            )
        ],
        data={"ratios": ratios, "unchecked": unchecked},
    )


def _sealed(admin: Any, house: House) -> Buyers:
    """Buyers, each with a sealed hour of five lines."""
    found = market.buyers(admin, house, CUSTOMERS * BATCHES)
    for buyer in found:
        house.open_hour(buyer["id"])
        house.sealer.seal_hour(buyer["id"], HOUR)
    return found


def _submit(submitter: Submitter, buyers: Buyers) -> None:
    for start in range(0, len(buyers), CUSTOMERS):
        keys: list[LineKey] = [
            (buyer["id"], HOUR, name) for buyer in buyers[start : start + CUSTOMERS] for name in DIMENSIONS
        ]
        submitter.submit(keys, RUN)
