"""One hour of many customers through the deployed workflow on the local cloud: how busy it keeps the permitted rate.

The synthesized templates and the bundled functions run as they do in ``make run``; open hours are put into the tables.
What Marketplace saw says the rest.
"""

import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figure import PLOTS, Figure, Reading, Say, Table, at_least
from bench.plot import Axis, Series, lines
from ledger import tables
from ledger.metering_records import MeteringRecords
from ledger.transaction import write
from local.simulated_clock import clock_at
from local.stage import LocalStage, finish_synth, start_synth
from marketplace.hour import SECONDS, hour_of
from marketplace.meter_usage import MAX_RECORDS
from runtime.clock import from_iso, iso

#: The rates to measure, in calls a second. The emulator's functions and Marketplace share this machine's cores, which
#: do not carry the 8 of a stage.
RATES = tuple(float(rate) for rate in os.environ.get("RATES", "2 4").split())
CUSTOMERS = int(os.environ.get("CUSTOMERS", "2000"))
COPIES = 5
#: Of each dimension, more than any tier includes.
USED = Decimal(20_000)
#: Items of one transaction here.
AT_ONCE = 50
#: Seconds for the workflow, beside what the calls take.
PATIENCE = 900


@dataclass(frozen=True)
class Hour:
    """What Marketplace saw. called: moments of its calls, in seconds from the execution's start. ended: its end."""

    rate: float
    called: Sequence[float]
    ended: float
    billed: int

    @property
    def share(self) -> float:
        """Of the permitted rate, from the first call to the last."""
        return (len(self.called) - 1) / (self.called[-1] - self.called[0]) / self.rate

    def quiet(self) -> float:
        """The longest time without a call, between the first and the last."""
        return max(after - before for before, after in zip(self.called, self.called[1:], strict=False))


def assembly_with(rate: float, copies: int, clock_file: Path, folder: Path) -> Path:
    """The local stage's assembly with another rate and number of copies."""
    assembly = folder / "cdk.out"
    finish_synth(start_synth(clock_file, assembly, folder))
    (template,) = assembly.glob("*-Metering.template.json")
    text = template.read_text(encoding="utf-8")
    for name, shipped, value in (("CALLS_PER_SECOND", 8, f"{rate:g}"), ("SUBMIT_CONCURRENCY", 2, str(copies))):
        text = replaced(text, f'"{name}": "{shipped}"', f'"{name}": "{value}"')
    text = replaced(text, '"ReservedConcurrentExecutions": 2', f'"ReservedConcurrentExecutions": {copies}')
    text = replaced(text, '\\"MaxConcurrency\\":2', f'\\"MaxConcurrency\\":{copies}')
    template.write_text(text, encoding="utf-8")
    return assembly


def replaced(text: str, old: str, new: str) -> str:
    """Raises ValueError if there is nothing to replace."""
    if old not in text:
        raise ValueError(f"the template has no {old}")
    return text.replace(old, new)


def open_hours(stage: LocalStage, customers: int, hour: int) -> None:
    """Make active customers, each with an open record of every dimension in that hour."""
    records = MeteringRecords(stage.dynamodb, stage.table_name(tables.METERING_RECORDS), stage.settings.pending_shards)
    subscribers = stage.dynamodb.Table(stage.table_name(tables.SUBSCRIBERS))
    since = hour - 86400
    counted = {(name, iso(hour)[:7]): USED for name in stage.settings.dimensions}
    tier = stage.product.tiers[0].name
    operations = []
    with subscribers.batch_writer() as batch:
        for _ in range(customers):
            buyer = stage.marketplace.create_buyer(stage.product_code, "license", activated_at=iso(since))
            batch.put_item(
                Item={
                    "customerIdentifier": buyer["id"],
                    "integration": "license",
                    "productCode": stage.product_code,
                    "customerAWSAccountId": buyer["accountId"],
                    "licenseArn": buyer["licenseArn"],
                    "subscriptionStatus": "active",
                    "activePeriods": [{"start": since}],
                    "statusChangedAt": since,
                    "entitlements": [{"dimension": tier, "expiresAt": hour + 86400 * 90, "value": "1"}],
                    "entitlementsFetchedAt": hour,
                    "schema": 1,
                    "version": 1,
                }
            )
            operations.append(records.add(str(buyer["id"]), hour, counted, exists=False, now=hour + 60.0))
    client = stage.dynamodb.meta.client
    for start in range(0, len(operations), AT_ONCE):
        write(client, operations[start : start + AT_ONCE])


def run(rate: float, customers: int, say: Say) -> Hour:
    """Raises RuntimeError unless every line is billed once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        clock = clock_at(8.5, folder / "clock-offset")
        assert clock.file is not None
        say(f"{rate:g}/s: the stage is deployed")
        assembly = assembly_with(rate, COPIES, clock.file, folder)
        stage = stack.enter_context(LocalStage(clock=clock, assembly=assembly, folder=folder))
        hour = hour_of(stage.clock())
        say(f"{rate:g}/s: {customers:,} hours are opened")
        open_hours(stage, customers, hour)
        stage.marketplace.set_settings(callsPerSecond=10)
        clock.set(hour + SECONDS + 660.0)
        expected = customers * len(stage.settings.dimensions)
        say(f"{rate:g}/s: {expected:,} lines are metered")
        begun = stage.clock()
        stage.meter(timeout=PATIENCE + 1.5 * expected / MAX_RECORDS / rate)
        ended = stage.clock() - begun
        calls = [call for call in stage.marketplace.calls() if call["operation"] == "BatchMeterUsage"]
        billed = len(list(stage.marketplace.accepted()))
        outcomes = Counter(str(call["outcome"]) for call in calls)
        if billed != expected:
            raise RuntimeError(f"{billed} of {expected} lines were billed: {outcomes}")
        return Hour(rate, sorted(from_iso(call["at"]) - begun for call in calls), ended, billed)


def measure(say: Say) -> Figure:
    """One run of the deployed workflow at each rate of ``RATES``."""
    begun = time.monotonic()
    hours = [run(rate, CUSTOMERS, say) for rate in RATES]
    rows = [
        [
            f"{hour.rate:g}",
            f"{len(hour.called):,}",
            f"{hour.share:.1%}",
            f"{hour.called[0]:.1f} s",
            f"{hour.ended - hour.called[-1]:.1f} s",
            f"{hour.quiet():.2f} s",
        ]
        for hour in hours
    ]
    lines(
        PLOTS / "local_hour.svg",
        "Calls that Marketplace saw, by ten seconds",
        Axis("seconds since the execution's start"),
        Axis("of the permitted rate"),
        [Series(f"{hour.rate:g} calls/s", _by_ten_seconds(hour)) for hour in hours],
    )
    return Figure(
        name="local_hour",
        title="An hour through the deployed workflow",
        method=(
            f"{__doc__} {CUSTOMERS:,} customers with 5 lines each, {COPIES} copies of the submitter, one execution, "
            "real waits. The emulator, its functions and Marketplace share this machine's cores."
        ),
        readings=[
            at_least(f"of {hour.rate:g} calls a second, first call to last", 100 * hour.share, 95, unit=" %", digits=1)
            for hour in hours
        ]
        + [
            Reading(what=f"before the first call, at {hour.rate:g}/s", target="", reached=f"{hour.called[0]:.1f} s")
            for hour in hours
        ],
        tables=[
            Table(
                title="By permitted rate",
                head=["calls a second", "calls", "of that rate", "before the first", "after the last", "longest gap"],
                rows=rows,
            )
        ],
        plots=[("local_hour.svg", "Share of the permitted rate")],
        notes=[f"Measured in {time.monotonic() - begun:.0f} s on {os.cpu_count()} cores."],
        data={f"{hour.rate:g}": {"share": hour.share, "before": hour.called[0], "ended": hour.ended} for hour in hours},
    )


def _by_ten_seconds(hour: Hour) -> list[tuple[float, float]]:
    counts = Counter(int(moment // 10) for moment in hour.called)
    return [(10.0 * ten, counts[ten] / 10 / hour.rate) for ten in range(int(hour.called[-1] // 10) + 1)]
