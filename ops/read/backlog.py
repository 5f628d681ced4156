"""``ops backlog``: when what waits will have been sent, and whether that is in time."""

from collections.abc import Iterable, Sequence
from itertools import islice
from math import ceil
from typing import Annotated, Any, NamedTuple

import typer

from ledger.metering_record import MeteringRecord
from ledger.reading import AT_ONCE, RecordKey
from marketplace.hour import deadline
from marketplace.meter_usage import MAX_RECORDS
from metering.find.find_due_hours import last_due_hour
from ops.answer import Answer, Parts, table, words
from ops.line_id import short_hour
from ops.next_run import next_run
from ops.read.runs import last_runs
from ops.read.waiting import Rules
from ops.stage import OpenStage
from runtime.clock import iso

Sample = Annotated[
    int, typer.Option(min=100, max=100_000, help="how many waiting hours are read; the rest is taken to be like them")
]


class Load(NamedTuple):
    """What waits of one hour. lines: that can be sent together. alone: that travel alone, refused before."""

    hour: int
    customers: int
    lines: float
    alone: float

    @property
    def calls(self) -> float:
        """Calls of BatchMeterUsage that it takes."""
        return self.lines / MAX_RECORDS + self.alone


class Drained(NamedTuple):
    """When an hour's lines have been sent (epoch seconds), and whether that is before its deadline."""

    load: Load
    at: float
    in_time: bool


def backlog(stage: OpenStage, sample: Sample = 5000) -> Answer:
    """How many lines wait, until when they are sent at the permitted rate, and which deadline comes first."""
    now, settings = stage.now(), stage.settings
    last = last_due_hour(now, settings.seal_delay_minutes, None)
    loads, customers, exact = _loads(stage, last, now, sample)
    running = any(run.status == "RUNNING" for run in last_runs(stage))
    begins = now if running else next_run(now, settings.seal_delay_minutes)
    drained = drain(loads, begins, settings.calls_per_second)
    lines = sum(load.lines + load.alone for load in loads)
    calls = ceil(sum(load.calls for load in loads))
    late = [each for each in drained if not each.in_time]
    parts = Parts(trouble=bool(late))
    parts.data = {
        "customerHours": customers,
        "lines": round(lines),
        "calls": calls,
        "exact": exact,
        "callsPerSecond": settings.calls_per_second,
        "runUnderWay": running,
        "begins": iso(int(begins)),
        "drained": iso(int(drained[-1].at)) if drained else iso(int(now)),
        "firstDeadline": iso(deadline(drained[0].load.hour)) if drained else None,
        "lateHours": [short_hour(each.load.hour) for each in late],
        "byHour": [_data(each) for each in drained],
    }
    if not drained:
        parts.shown.append(words("Nothing waits."))
        return parts.answer()
    about = "" if exact else "about "
    when = "the run that is under way sends it" if running else f"the next run begins {iso(int(begins))}"
    first = min(deadline(each.load.hour) for each in drained)
    parts.shown.append(
        words(
            f"drains {iso(int(drained[-1].at))}, first deadline {iso(first)}",
            f"{about}{round(lines):,} lines of {customers:,} customer hours: {about}{calls:,} calls at"
            f" {settings.calls_per_second} a second; {when}",
            style="bold red" if late else "bold",
        )
    )
    columns = ("hour", "#customers", "#lines", "#alone", "drained", "deadline", "in time")
    parts.shown.append(table("by hour, the oldest first", columns, [tuple(_data(each).values()) for each in drained]))
    if late:
        parts.shown.append(words(f"{len(late)} hours would be sent after their deadline.", style="red"))
        parts.next += [
            "raise marketplaceCallsPerSecond (AWS allows 10 a second, more on request), then make deploy",
            "ops pending: what holds them up, if it is not the rate",
        ]
    parts.next.append("lines that wait for something else (a subscription, entitlements) are in it: ops pending")
    return parts.answer()


# --- rules: pure ------------------------------------------------------------------------------------------------------


def drain(loads: Iterable[Load], begins: float, calls_per_second: float) -> list[Drained]:
    """When each hour has been sent, if the oldest goes first and every call is one of the permitted rate.

    It says how fast AWS lets lines go: BatchMeterUsage takes 25 records a call (botocore model) and some calls a second
    (``marketplaceCallsPerSecond``). Sealing and planning take time besides.
    """
    found, at = [], begins
    for load in sorted(loads, key=lambda load: load.hour):
        at += load.calls / calls_per_second
        found.append(Drained(load, at, at < deadline(load.hour)))
    return found


def waiting_lines(record: MeteringRecord) -> tuple[int, int]:
    """Lines of a record that can be sent together, and that travel alone. An hour that is not sealed has one for each
    dimension that was used."""
    if record.state != "sealed":
        return len({dimension for (dimension, _), units in record.counted.items() if units}), 0
    waiting = [line for line in record.lines.values() if not line.ended]
    alone = sum(line.verdict == "rejected" for line in waiting)
    return len(waiting) - alone, alone


# --- reads ------------------------------------------------------------------------------------------------------------


def _loads(stage: OpenStage, last: int, now: float, sample: int) -> tuple[list[Load], int, bool]:
    """What waits by hour; how many customer hours; whether each of them was read."""
    rules = Rules.of(stage)
    counts: dict[int, int] = {}
    chosen: dict[int, list[RecordKey]] = {}
    taken = 0
    for customer, hour in stage.watch(stage.records.pending_keys(last), "pending hours"):
        if not rules.mode.sends(customer):
            continue
        counts[hour] = counts.get(hour, 0) + 1
        # Some of every hour are read.
        if taken < sample or len(chosen.get(hour, ())) < AT_ONCE:
            chosen.setdefault(hour, []).append((customer, hour))
            taken += 1
    loads = [
        Load(hour, number, *_of_hour(stage, chosen[hour], number / len(chosen[hour])))
        for hour, number in counts.items()
    ]
    return loads, sum(counts.values()), taken == sum(counts.values())


def _of_hour(stage: OpenStage, keys: Sequence[RecordKey], share: float) -> tuple[float, float]:
    lines = alone = 0
    remaining = iter(keys)
    while chunk := list(islice(remaining, AT_ONCE)):
        for record in stage.records.get_many(chunk):
            together, one_by_one = waiting_lines(record)
            lines, alone = lines + together, alone + one_by_one
    return lines * share, alone * share


def _data(each: Drained) -> dict[str, Any]:
    load = each.load
    return {
        "hour": short_hour(load.hour),
        "customers": load.customers,
        "lines": round(load.lines),
        "alone": round(load.alone),
        "drained": iso(int(each.at)),
        "deadline": iso(deadline(load.hour)),
        "inTime": each.in_time,
    }
