"""One run from log to bill: read, synthesize, deploy, bring buyers, replay the day, reckon, report."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

from local.cloud.accounts import SELLER_ACCOUNT
from local.dashboard_picture.body import read_templates
from local.dashboard_picture.collect import Collector
from local.engine_plan import take_out
from local.fold import Plan, fold
from local.replay.buyers import Buyers
from local.replay.day import Day
from local.replay.engine_day import EngineDay
from local.replay.extras import extras, log_facts
from local.replay.living_engine import LivingEngine, LivingEngineDay
from local.replay.patience import Patience
from local.replay.reckon import reckon
from local.replay.send_usage import UsageSender
from local.replay_plan import mix_in
from local.run_report import console as report_console
from local.run_report import html
from local.run_report.extras import HourFacts
from local.run_report.schema import Run
from local.simulated_clock import clock_at, working_day
from local.stage import LocalStage, finish_synth, start_synth
from local.xes import LogCounts, read_cases
from runtime.clock import iso

console = Console(highlight=False)


class Replaying:
    """The steps of one run and their display. ``out``: its folder. ``timings``: seconds by step, in order."""

    def __init__(self, log: Path, share: int, hours: int, out: Path) -> None:
        self.log = log
        self.share = share
        self.hours = hours
        self.out = out
        self.timings: dict[str, float] = {}
        self.counts = LogCounts()
        self.patience = Patience(self._waiting)
        self._pauses = 0
        self._show: Callable[[str], None] = lambda _: None

    @contextmanager
    def step(self, name: str, doing: str) -> Iterator[Callable[[str], None]]:
        """Shows a step and, at its end, how long it took. Yields a function that shows the progress."""
        started = time.monotonic()
        with console.status(f"{doing} ...") as status:
            self._show = lambda more: status.update(f"{doing}: {more} ...")
            yield self._show
        self._done(name, started, doing)

    def _done(self, name: str, started: float, done: str) -> None:
        self.timings[name] = time.monotonic() - started
        waited = f" [dim](asked to wait {self._pauses} times)[/]" if self._pauses else ""
        self._pauses = 0
        console.print(f"[green]✓[/] {done} [dim]{self.timings[name]:.1f} s[/]{waited}")

    def _waiting(self, seconds: float) -> None:
        self._pauses += 1
        self._show(f"waiting {max(seconds, 1):.0f} s")

    def prepare(self, clock_file: Path) -> Plan:
        """Reads the log while a child process synthesizes the stage; returns the plan of the day."""
        with start_synth(clock_file, self.out / "cdk.out", self.out / "local") as synth:
            with self.step("log", f"reading {self.log.name} and folding it into one working day"):
                plan = fold(read_cases(self.log, self.counts), share=self.share, hours=self.hours)
            with self.step("synth", "synthesizing the stage local and bundling its asset"):
                finish_synth(synth)
        first, last = plan.hours[0], plan.hours[-1] + 1
        share = f" [dim](one case in {self.share})[/]" if self.share > 1 else ""
        console.print(
            f"  {plan.cases:,} cases → {len(plan.customers)} customers, {plan.size:,} usage events"
            f" between {first:02d}:00 and {last:02d}:00 UTC{share}"
        )
        return plan

    def replay_day(self, day: Day, sender: UsageSender) -> list[HourFacts]:
        """Replays and meters all hours behind a progress bar that counts events."""
        started = time.monotonic()
        plan = day.replay.plan
        total = sum(len(day.replay.to_send(hour, day.date, {})) for hour in plan.hours)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None, table_column=Column(max_width=40)),
            MofNCompleteColumn(),
            TextColumn("usage events"),
            TimeElapsedColumn(),
        )
        facts: list[HourFacts] = []
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("", total=total)

            def show(hour: int, doing: str, sent: int = 0) -> None:
                progress.update(task, description=f"hour {hour:02d}:00, {doing:12}", advance=sent)

            for hour in plan.hours:
                total += len(sender.tally.waiting)  # The sender sends waiting events again.
                progress.update(task, total=total)
                self._show = partial(show, hour)
                show(hour, "sending")
                advance = partial(show, hour, "sending")
                facts.append(day.pass_hour(hour, sender, advance, partial(show, hour, "metering")))
                if not console.is_terminal:
                    console.print(f"  hour {hour:02d}:00 metered [dim]{facts[-1].seconds:.1f} s[/]")
        sender.close()
        self._done("replay", started, f"{len(facts)} hours of usage sent and metered")
        return facts


def replay(log: Path, share: int, hours: int, keep: bool, out: Path, living: LivingEngine | None = None) -> bool:
    """Runs from log to bill. True if every unit is accounted for and every check holds. living: in place of the
    stand-in engine."""
    started = time.monotonic()
    replaying = Replaying(log, share, hours, out)
    clock_file = out / "local" / "clock-offset"
    plan = replaying.prepare(clock_file)
    planned_engine = take_out(plan)
    mixed = mix_in(plan, staying=planned_engine.customer)
    today = datetime.now(UTC).date()
    # A living engine's own time has to come after the simulated day.
    day = today - timedelta(days=1) if living else working_day(today)
    clock = clock_at(plan.hours[0] - 0.5, clock_file, day)
    deployed: list[str] = []
    stage = LocalStage(clock=clock, assembly=out / "cdk.out", folder=out / "local", say=deployed.append)
    with ExitStack() as up:
        with replaying.step("deploy", "deploying on the local cloud"):
            up.enter_context(stage)
        for line in deployed:
            console.print(f"  [dim]{line}[/]")
        collector = Collector(stage, read_templates(out / "cdk.out"))
        number = len(plan.customers)
        arrivals = Buyers(stage, replaying.patience)
        with replaying.step("buyers", f"{number} buyers subscribe and register") as show:
            buyers = arrivals.arrive(list(plan.customers), lambda arrived: show(f"{arrived} of {number}"))
        sender = UsageSender(stage, replaying.patience)
        with replaying.step("engine", f"a YAWL engine announces the cases of {planned_engine.customer}"):
            customer = buyers[planned_engine.customer].customer_identifier
            engine = (
                LivingEngineDay(stage, living, customer, up)
                if living
                else EngineDay(stage, planned_engine, customer, up)
            )
        simulated = Day(stage, mixed, arrivals, buyers, day, engine, collector)
        facts = replaying.replay_day(simulated, sender)
        with replaying.step("reckoning", "holding ledger and Marketplace against each other"):
            simulated.finish()
            engine.finish(sender.tally)
            by_identifier = {buyer.customer_identifier: buyer for buyer in buyers.values()}
            reckoning = reckon(stage, sender.tally, by_identifier, engine)
        run = Run(log=log.name, hours=len(facts), customers=reckoning.customers, marketplace=reckoning.marketplace)
        replaying.timings["total"] = time.monotonic() - started
        facts_of_log = log_facts(replaying.counts, plan, share)
        more = extras(stage, facts_of_log, mixed, buyers, facts, sender.tally, reckoning, replaying.timings)
        results = [out / "run.json", out / "run.html"]
        run.write(results[0])
        html.write(run, more, results[1], collector.board())
        console.print()
        report_console.summary(console, run, more, where=[_shown(path) for path in results])
        if keep:
            _serve(stage, customer, engine)
    return run.unaccounted == 0 and all(check.holds for check in reckoning.checks)


def _shown(path: Path) -> str:
    """A path as people would type it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _serve(stage: LocalStage, customer_identifier: str, engine: EngineDay | LivingEngineDay) -> None:
    """Serves until Ctrl-C; shows every address, and a command to copy that asks about one customer."""
    console.print(f"\nserving until Ctrl-C:\n  API          {stage.api.url}\n  Marketplace  {stage.marketplace.url}")
    console.print(f"  YAWL engine  {engine.address}")
    console.print(f"  local cloud  {stage.cloud.endpoint}  [dim](access key of the seller: {SELLER_ACCOUNT})[/]")
    console.print(f"  simulated    {iso(int(stage.clock()))}  [dim](date usage by this clock, which goes on)[/]")
    service = f"aws:amz:{stage.settings.region}:execute-api"
    address = f"{stage.api.url}/subscribers/{customer_identifier}/usage"
    # The command stays one line on a narrow console, so that people can copy it.
    console.print(f"try\n  curl --aws-sigv4 {service} -u {SELLER_ACCOUNT}:test {address}", soft_wrap=True, markup=False)
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("stopping ...")
