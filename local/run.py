"""``make run``: an event log, through the synthesized stacks, to accepted Marketplace records.

Reads the log and folds it into one working day, synthesizes and deploys the stage ``local`` on the local cloud, lets
buyers arrive, replays the day hour by hour, meters each, and reckons up. Fails if one unit is unaccounted for.
"""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from local.cloud import CloudFailed, DeployFailed, WorkflowFailed, end_with_make
from local.cloud.children import ChildFailed
from local.fold import STAND_INS, Plan, fold
from local.replay.buyers import Buyer, Buyers, BuyersFailed
from local.replay.day import Day
from local.replay.reckon import Reckoning, reckon
from local.replay.send_usage import SendingFailed, Tally, UsageSender
from local.replay_plan import Replay, mix_in
from local.run_report import console as report_console
from local.run_report import html
from local.run_report.extras import CustomerFacts, DimensionFacts, Extras, HourFacts, LogFacts, MixIn
from local.run_report.schema import Run
from local.simulated_clock import SimulatedClock, moment_of, working_day
from local.stage import BUILD, LocalStage, SynthFailed, finish_synth, start_synth
from local.xes import LogCounts, XesError, read_cases

SHIPPED_LOG = Path(__file__).resolve().parent / "sample_log" / "yawl-orders.xes.gz"
#: one case in so many of a log that is not ours, where nothing else is said: real logs are long
SHARE_OF_OTHERS = 5

KNOWN_FAILURES = (
    BuyersFailed,
    ChildFailed,
    CloudFailed,
    DeployFailed,
    SendingFailed,
    SynthFailed,
    WorkflowFailed,
    XesError,
    TimeoutError,
    ValueError,
)

console = Console(highlight=False)


class Replaying:
    """One run; ``out``: the folder it writes in. ``timings`` are seconds by step, in order."""

    def __init__(self, log: Path, share: int, hours: int, out: Path) -> None:
        self.log = log
        self.share = share
        self.hours = hours
        self.out = out
        self.timings: dict[str, float] = {}
        self.counts = LogCounts()

    @contextmanager
    def step(self, name: str, doing: str) -> Iterator[None]:
        """Shows what is being done, and for how long it was."""
        started = time.monotonic()
        with console.status(f"{doing} ..."):
            yield
        self.timings[name] = time.monotonic() - started
        console.print(f"[green]✓[/] {doing} [dim]{self.timings[name]:.1f} s[/]")

    def prepare(self, clock: SimulatedClock) -> Plan:
        """Read the log while the stage is synthesized."""
        with start_synth(clock.file, self.out / "cdk.out", self.out / "local") as synth:
            with self.step("log", f"reading {self.log.name} and folding it into one working day"):
                plan = fold(read_cases(self.log, self.counts), share=self.share, hours=self.hours)
            with self.step("synth", "synthesizing the stage local and bundling its asset"):
                finish_synth(synth)
        first, last = plan.hours[0], plan.hours[-1] + 1
        console.print(
            f"  {plan.cases:,} cases → {len(plan.customers)} customers, {plan.size:,} usage events"
            f" between {first:02d}:00 and {last:02d}:00 UTC [dim](one case in {self.share})[/]"
        )
        return plan

    def replay_day(self, day: Day, sender: UsageSender) -> list[HourFacts]:
        """All hours, with a bar that counts events."""
        started = time.monotonic()
        plan = day.replay.plan
        total = sum(len(day.replay.to_send(hour, day.date, {})) for hour in plan.hours)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("usage events"),
            TimeElapsedColumn(),
        )
        facts: list[HourFacts] = []
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("", total=total)
            for hour in plan.hours:
                progress.update(task, description=f"hour {hour:02d}:00")
                facts.append(day.pass_hour(hour, sender, lambda number: progress.advance(task, number)))
                if not console.is_terminal:
                    console.print(f"  hour {hour:02d}:00 metered [dim]{facts[-1].seconds:.1f} s[/]")
        sender.close()
        self.timings["replay"] = time.monotonic() - started
        console.print(
            f"[green]✓[/] {len(facts)} hours of usage sent and metered [dim]{self.timings['replay']:.1f} s[/]"
        )
        return facts

    def log_facts(self, plan: Plan) -> LogFacts:
        first, last = self.counts.first, self.counts.last
        return LogFacts(
            cases=self.counts.cases,
            events=self.counts.events,
            people=len(self.counts.people),
            without_timestamp=self.counts.without_timestamp,
            first=first.date().isoformat() if first else "",
            last=last.date().isoformat() if last else "",
            share=self.share,
            replayed_cases=plan.cases,
            outside=plan.outside,
        )


def replay(log: Path, share: int, hours: int, keep: bool, out: Path) -> bool:
    """One run from log to bill; True if every unit is accounted for and every check holds."""
    started = time.monotonic()
    replaying = Replaying(log, share, hours, out)
    clock = SimulatedClock(out / "local" / "clock-offset")
    plan = replaying.prepare(clock)
    mixed = mix_in(plan)
    day = working_day(datetime.now(UTC).date())
    clock.set(moment_of(day, plan.hours[0] - 0.5))
    left_out: list[str] = []
    stage = LocalStage(clock=clock, assembly=out / "cdk.out", folder=out / "local", say=left_out.append)
    with replaying.step("deploy", "deploying on the local cloud"):
        stage.__enter__()
    try:
        for line in left_out:
            console.print(f"  [dim]{line}[/]")
        with replaying.step("buyers", f"{len(plan.customers)} buyers subscribe and register"):
            buyers = Buyers(stage).arrive(list(plan.customers))
        sender = UsageSender(stage)
        facts = replaying.replay_day(Day(stage, mixed, buyers, day), sender)
        with replaying.step("reckoning", "holding ledger and Marketplace against each other"):
            integrations = {buyer.customer_identifier: buyer.integration for buyer in buyers.values()}
            reckoning = reckon(stage, sender.tally, integrations)
        run = Run(log=log.name, hours=len(facts), customers=reckoning.customers, marketplace=reckoning.marketplace)
        replaying.timings["total"] = time.monotonic() - started
        extras = _extras(stage, replaying, plan, mixed, buyers, facts, sender.tally, reckoning)
        results = [out / "run.json", out / "run.html"]
        run.write(results[0])
        html.write(run, extras, results[1])
        console.print()
        report_console.summary(console, run, extras, where=[_shown(path) for path in results])
        if keep:
            _serve(stage)
    finally:
        stage.__exit__(None, None, None)
    return run.unaccounted == 0 and all(check.holds for check in reckoning.checks)


def _extras(
    stage: LocalStage,
    replaying: Replaying,
    plan: Plan,
    mixed: Replay,
    buyers: dict[str, Buyer],
    facts: list[HourFacts],
    tally: Tally,
    reckoning: Reckoning,
) -> Extras:
    leaver = mixed.leaver
    left = f"{leaver.hour:02d}:{leaver.at // 60_000 % 60:02d}" if leaver else None
    return Extras(
        dimensions={n: DimensionFacts(unit=d.unit, scale=d.scale) for n, d in stage.settings.dimensions.items()},
        log=replaying.log_facts(plan),
        customers={
            buyer.customer_identifier: CustomerFacts(
                week=week, tier=buyer.tier, left=left if leaver and week == leaver.customer else None
            )
            for week, buyer in buyers.items()
        },
        hours=tuple(facts),
        refusals=dict(tally.refusals),
        mix_ins=tuple(
            MixIn(name=purpose, sent=answers.total(), answers=dict(answers))
            for purpose, answers in sorted(tally.answers.items())
            if purpose != "normal"
        ),
        checks=reckoning.checks,
        timings=replaying.timings,
        stand_ins=STAND_INS,
    )


def _shown(path: Path) -> str:
    """As people would type it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _serve(stage: LocalStage) -> None:
    console.print(f"\nserving until Ctrl-C:\n  API          {stage.api.url}\n  Marketplace  {stage.marketplace.url}")
    console.print(f"  local cloud  {stage.cloud.endpoint}  [dim](access key 111122223333 is the seller's root)[/]")
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("stopping ...")


def main(
    log: Annotated[Path | None, typer.Option(envvar="LOG", help="an event log in XES, plain or gzip")] = None,
    share: Annotated[
        int | None, typer.Option(envvar="SHARE", min=1, help="replay one case in so many (1: all)")
    ] = None,
    hours: Annotated[int, typer.Option(envvar="HOURS", min=1, max=24, help="how many hours of the day")] = 12,
    keep: Annotated[bool, typer.Option(envvar="KEEP", help="leave it serving after the run, until Ctrl-C")] = False,
    out: Annotated[
        Path, typer.Option(envvar="OUT", help="folder for all it writes; runs at the same time need one each")
    ] = BUILD,
) -> None:
    """Replay an event log on the local stage and bill it. Writes run.json and run.html into the folder ``build``."""
    end_with_make()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = log or SHIPPED_LOG
    parts = share or (1 if log is None else SHARE_OF_OTHERS)
    try:
        balanced = replay(chosen, parts, hours, keep, out.absolute())
    except KNOWN_FAILURES as failure:
        console.print(f"[red]✗[/] {type(failure).__name__}: {failure}", markup=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("stopped")
        raise typer.Exit(130) from None
    if not balanced:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
