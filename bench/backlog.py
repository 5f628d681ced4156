"""Draining a backlog against a Marketplace that enforces its rate, with two hourly runs and a final metering at once.

Real copies of the submitter (a thread each, with a pace of its own, as Lambda's are) against the real local Marketplace
over HTTP, which refuses a call as soon as it is one too many in the last second.
"""

import gc
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from bench import market
from bench.figure import PLOTS, Figure, Reading, Say, Table
from bench.house import AFTER, DIMENSIONS, HOUR, LIVE, House
from bench.plot import Axis, Series, lines
from bench.quiet import quiet_logs
from bench.workflow.pages import in_pages
from ledger.reading import RecordKey
from local.dynamodb.store import Hooks, MemoryDynamoDB
from marketplace.hour import SECONDS
from marketplace.meter_usage import MAX_RECORDS
from metering.send.lanes import BatchPayload, batch_payload, in_lanes, lane_size, parse_batch
from metering.send.pace import Pace
from metering.send.plan_batches import plan_batches
from metering.send.submit_batch import Submitter
from metering.send.submit_lane import submit_lane
from runtime.clock import from_iso

#: Calls per second that Marketplace takes (service quotas).
QUOTA = 10.0
DURATION = 120.0
#: What a stage permits itself (``marketplaceCallsPerSecond``): the default, and nearer to the quota.
RATES = {"the stage's default": 8.0, "nearer to the quota": 9.0}
COPIES = 5
NOTES = (
    "Permitted is what the stage permits itself (`marketplaceCallsPerSecond`), not Marketplace's own 10: using those "
    "up leaves a second no room for a call that arrives late. What a lower rate leaves free is used to catch up with "
    "lateness (`metering/send/pace.py`).",
    "This figure alone runs by the wall clock: on a machine that is busy with other work it comes out lower, since a "
    "thread that is not let run makes no calls. The copies' starts and Lambda's own waits are modelled, not Lambda.",
)
#: Two hourly runs and a final metering; each has as many lanes under way as there are copies.
RUNS = ("hourly run", "hourly run over the hour", "final metering")
CUSTOMERS = 320
#: Step Functions' first wait where Lambda has no copy free (``stacks.constructs.workflows.task``, LAMBDA_FULL)
LAMBDA_FULL_WAIT = 1.0

Lane = list[BatchPayload]


def drain(lanes: Sequence[Lane], submitters: Sequence[Submitter], duration: float) -> None:
    """Work on the lanes for so long, as the runs' workflows do over the function's copies.

    A batch that Marketplace was too busy for is left for a later pass.
    """
    free: list[Submitter] = list(submitters)
    lock = threading.Lock()
    work = [iter(lanes[number :: len(RUNS)]) for number in range(len(RUNS))]
    begun = time.monotonic()

    def workflow(own: Iterator[Lane], run: str) -> None:
        while time.monotonic() - begun < duration:
            with lock:
                lane = next(own, None)
            if lane is None:
                return
            while not _invoke(lane, run):
                time.sleep(LAMBDA_FULL_WAIT)

    def _invoke(lane: Lane, run: str) -> bool:
        """False where no copy is free, as Lambda says it."""
        with lock:
            submitter = free.pop() if free else None
        if submitter is None:
            return False
        of_lane = submitter.for_lane()
        submit_lane(lane, lambda batch: of_lane.submit(parse_batch(batch), run))
        with lock:
            free.append(submitter)
        return True

    threads = [
        threading.Thread(target=workflow, args=(own, run))
        for own, run in zip(work, RUNS, strict=True)
        for _ in range(COPIES)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def measure(say: Say) -> Figure:
    """How much of the Marketplace's rate a backlog uses while it drains, at each rate of ``RATES``."""
    rows, readings, plotted, data = [], [], [], {}
    for name, rate in RATES.items():
        say(f"{rate:g} calls a second: a backlog is made")
        with quiet_logs(), market.marketplace(QUOTA) as admin:
            house, lanes = _backlog(admin, rate)
            submitters = [
                house.submitter(market.meter(admin.url), Pace(calls_per_second=rate, copies=COPIES))
                for _ in range(COPIES)
            ]
            say(f"{rate:g} calls a second: drained for {DURATION:g} s")
            drain(lanes, submitters, DURATION)
            made = [call for call in admin.calls() if call["operation"] == "BatchMeterUsage"]
        made_at = sorted(from_iso(call["at"]) for call in made)
        throttled = sum(call["outcome"] == "ThrottlingException" for call in made)
        reached = (len(made) - 1) / (made_at[-1] - made_at[0]) / rate
        rows.append(
            [name, f"{rate:g}", f"{len(made):,}", f"{reached:.1%}", f"{throttled}", f"{throttled / len(made):.2%}"]
        )
        readings += _readings(name, rate, reached, throttled / len(made))
        data[name] = {"rate": rate, "reached": reached, "throttled": throttled, "calls": len(made)}
        plotted.append(Series(name, _per_second(made_at)))
    lines(
        PLOTS / "backlog.svg",
        "Calls that Marketplace saw, by second",
        Axis("seconds"),
        Axis("calls in the second"),
        plotted,
    )
    return Figure(
        name="backlog",
        title="Draining a backlog",
        method=__doc__ or "",
        readings=readings,
        tables=[
            Table(title="By rate", head=["", "calls a second", "calls", "of that rate", "throttled", ""], rows=rows)
        ],
        plots=[("backlog.svg", "Calls by second")],
        notes=NOTES,
        data=data,
    )


def _readings(name: str, rate: float, reached: float, throttled: float) -> list[Reading]:
    return [
        Reading(
            what=f"{name} ({rate:g}/s): of the permitted rate",
            target="≥ 98 %",
            reached=f"{reached:.1%}",
            met=reached >= 0.98,
        ),
        Reading(
            what=f"{name} ({rate:g}/s): of Marketplace's own {QUOTA:g}/s",
            target="",
            reached=f"{reached * rate / QUOTA:.1%}",
        ),
        Reading(
            what=f"{name} ({rate:g}/s): throttled", target="≤ 0.1 %", reached=f"{throttled:.2%}", met=throttled <= 0.001
        ),
    ]


def _per_second(at: Sequence[float]) -> list[tuple[float, float]]:
    counts: dict[int, int] = {}
    for moment in at:
        counts[int(moment - at[0])] = counts.get(int(moment - at[0]), 0) + 1
    return [(float(second), float(counts.get(second, 0))) for second in range(int(at[-1] - at[0]))]


def _backlog(admin: Any, rate: float) -> tuple[House, list[Lane]]:
    """Sealed hours for more calls than that rate makes, and their lanes."""
    lock = threading.Lock()

    def one_by_one(_operation: str, _where: str, effect: Any) -> Any:
        with lock:
            return effect()

    house = House(MemoryDynamoDB(Hooks(around=one_by_one)), now=AFTER)
    buyers = market.buyers(admin, house, CUSTOMERS)
    needed = (int(rate * DURATION) + 60) * MAX_RECORDS // len(DIMENSIONS)
    hours = range(HOUR, HOUR - 20 * SECONDS, -SECONDS)
    every = ((buyer["id"], hour) for hour in hours for buyer in buyers)
    keys: list[RecordKey] = list(islice(every, needed))
    for customer, hour in keys:
        house.open_hour(customer, hour)
    house.sealer.seal_hours(keys)
    found: list[Lane] = []
    for page in in_pages(keys, list(DIMENSIONS)):
        batches, _ = plan_batches(page, house.records, house.subscribers, AFTER, LIVE)
        found += in_lanes(list(map(batch_payload, batches)), copies=COPIES, most=lane_size(rate, COPIES))
    # The store holds the whole backlog, which no function does: the collector must not go through it meanwhile.
    gc.collect()
    gc.freeze()
    return house, found
