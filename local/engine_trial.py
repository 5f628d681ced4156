"""``make engine-trial``: is each case of a YAWL engine billed once, whatever becomes of its announcements?

Four stand-in engines play two simulated hours of the deployed stage ``local``, each for a buyer of its own. They differ
in what becomes of their announcements. In the end the engine's own log, the ledger and Marketplace are compared.
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from ledger import tables
from local.cloud import CloudFailed, DeployFailed, WorkflowFailed
from local.cloud.children import ChildFailed
from local.engine_connection import EngineConnection, ReadingFailed, engine_of, store_password
from local.interrupts import heed_interrupts
from local.replay.buyers import Buyer, Buyers, BuyersFailed
from local.simulated_clock import clock_at
from local.stage import BUILD, LocalStage, SynthFailed
from local.yawl_engine import Specification, StandInEngine
from local.yawl_engine.client import EngineClient
from marketplace.hour import SECONDS, hour_of

CASES = 100
PASSWORD = "password-of-the-reader"  # noqa: S105  # of a stand-in that never leaves this machine
EXECUTIONS = "workflow_executions"
ORDERS = Specification("UID_orders", "0.1", "Orders")
#: What happens to each engine, by its name.
ENGINES = {
    "silent": "announces nothing",
    "announces": "announces",
    "disturbed": "some lost, some twice",
    "down": "is down for two hours",
}
#: Minutes after the hour at which the schedule meters it, and a little.
METERED_AT = 10.5
#: The part of their time that the workflow's waits take here.
WAIT_SCALE = 0.002


@dataclass
class Metered:
    """An engine with its customer."""

    name: str
    buyer: Buyer
    yawl: StandInEngine
    connection: EngineConnection

    def launch(self, number: int = CASES, data: str = "") -> None:
        """Starts so many cases."""
        for _ in range(number):
            self.yawl.engine.launch(ORDERS.identifier, data=data)

    def in_log(self) -> int:
        """Cases that the engine's own log has."""
        log = self.yawl.engine.log
        return sum(len(log.instances(logged.key)) for logged in log.specifications())

    def recorded(self, stage: LocalStage) -> Decimal:
        """Executions in the ledger."""
        own = self.buyer.customer_identifier
        events = (item for item in stage.items(tables.USAGE_EVENTS) if item.get("customerIdentifier") == own)
        found = (e["counted"] for e in events if "content" in e and e["content"]["dimension"] == EXECUTIONS)
        return sum(found, Decimal(0))

    def accepted(self, stage: LocalStage) -> Decimal:
        """Executions that Marketplace accepted."""
        lines = (line for line in stage.marketplace.accepted() if line["buyer"] == self.buyer.customer_identifier)
        return sum((Decimal(line["quantity"]) for line in lines if line["dimension"] == EXECUTIONS), Decimal(0))

    def included(self, stage: LocalStage) -> Decimal:
        """Executions that the buyer's tier includes."""
        tier = next(tier for tier in stage.product.tiers if tier.name == self.buyer.tier)
        return Decimal(tier.included[EXECUTIONS])


def connect(stage: LocalStage, buyers: Sequence[Buyer], stack: ExitStack) -> dict[str, Metered]:
    """Starts an engine for each buyer, until the end of ``stack``, and declares it to the stage."""
    store_password(stage, PASSWORD)
    made = {}
    for name, buyer in zip(ENGINES, buyers, strict=True):
        yawl = stack.enter_context(StandInEngine(now=stage.clock, clients={"metering": PASSWORD}))
        yawl.engine.load(ORDERS)
        customers = {"": buyer.customer_identifier}
        mode = "log-only" if name == "silent" else "log"
        described = engine_of(stage, yawl.url, yawl.resource_url, customers=customers, id=name, mode=mode)
        made[name] = Metered(name, buyer, yawl, EngineConnection(stage, described))
    return made


def play(stage: LocalStage, engines: dict[str, Metered], meter: Callable[[], object], *, data: str = "") -> None:
    """Two hours: cases start, announcements are disturbed, an engine is down, logs are read, hours are metered.

    data: of the cases. Raises ReadingFailed if a log was read that cannot be, or was not read that can.
    """
    for name in ("announces", "disturbed", "down"):
        _register(engines[name])
    disturbed = engines["disturbed"].yawl
    disturbed.arm("lose", action="announceCaseStarted", every=3, times=20)
    disturbed.arm("double", action="announceCaseStarted", every=2, times=20)
    disturbed.arm("hold", action="announceCaseStarted", every=5, times=5)
    for name, metered in engines.items():
        metered.launch(CASES // 2 if name == "down" else CASES, data)
    for metered in engines.values():
        metered.yawl.engine.announcer.wait()
    # The engine goes down before its log was read; it is read again two hours later.
    engines["down"].yawl.stop()
    _pass_minutes(stage, 5)
    _read(engines, good={"silent", "announces", "disturbed"})
    _close_hour(stage)
    meter()
    disturbed.engine.announcer.release()
    disturbed.restart()
    _close_hour(stage)
    engines["down"].yawl.start()
    engines["down"].launch(CASES // 2, data)
    _pass_minutes(stage, 5)
    # Twice, since readings overlap and announcements come again.
    for _ in range(2):
        _read(engines, good=set(engines))
    _close_hour(stage)
    meter()


def _register(metered: Metered) -> None:
    """By interface A, as ``make engine-register`` does."""
    client = EngineClient(metered.yawl.url, "admin", "YAWL", None)
    answer = client.register(metered.connection.announcement_url, "marketplaceMetering")
    if "<success/>" not in answer:
        raise ReadingFailed(f"the engine does not register the stage: {answer}")


def _read(engines: dict[str, Metered], good: set[str]) -> None:
    found = {name for name, metered in engines.items() if metered.connection.read()["good"]}
    if found != good:
        raise ReadingFailed(f"read were the logs of {sorted(found)}, and not those of {sorted(good)}")


def _pass_minutes(stage: LocalStage, minutes: float) -> None:
    stage.clock.set(stage.clock() + 60 * minutes)


def _close_hour(stage: LocalStage) -> None:
    stage.clock.set(hour_of(stage.clock()) + SECONDS + 60 * METERED_AT)


def main() -> bool:
    """Shows the comparison. True if every engine's customer was billed what the engine's own log has."""
    console = Console(highlight=False)

    @contextmanager
    def step(done: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        console.print(f"[green]✓[/] {done} [dim]{time.monotonic() - began:.1f} s[/]")

    folder = BUILD / "engine-trial"
    shutil.rmtree(folder, ignore_errors=True)
    with ExitStack() as up:
        with step("the stage local is synthesized and deployed on the local cloud"):
            clock = clock_at(8.5, folder / "clock-offset")
            stage = up.enter_context(LocalStage(clock=clock, folder=folder, wait_scale=WAIT_SCALE))
        with step(f"{len(ENGINES)} buyers subscribe and register; each has an engine"):
            engines = connect(stage, list(Buyers(stage).arrive(list(ENGINES)).values()), up)
        with step(f"each engine has started {CASES} cases, and two hours of theirs are metered"):
            _pass_minutes(stage, 1)
            play(stage, engines, stage.meter)
        return compare(console, stage, engines)


def compare(console: Console, stage: LocalStage, engines: dict[str, Metered]) -> bool:
    table = Table("the engine", box=None)
    for heading in ("announced", "lost", "its log", "ledger", "included", "billed"):
        table.add_column(heading, justify="right")
    equal = True
    for name, metered in engines.items():
        sent = [s.outcome for s in metered.yawl.engine.announcer.log if s.action == "announceCaseStarted"]
        in_log, recorded = metered.in_log(), metered.recorded(stage)
        included, accepted = metered.included(stage), metered.accepted(stage)
        numbers = (sent.count("200"), sent.count("lost"), in_log, recorded, included, accepted)
        table.add_row(ENGINES[name], *map(str, numbers))
        equal = equal and in_log == recorded == included + accepted == CASES
    console.print(table)
    console.print("[green]✓[/] each started case is billed once" if equal else "[red]✗[/] the numbers differ")
    return equal


if __name__ == "__main__":
    heed_interrupts()
    try:
        sys.exit(0 if main() else 1)
    except (BuyersFailed, ChildFailed, CloudFailed, DeployFailed, ReadingFailed, SynthFailed, WorkflowFailed) as failed:
        sys.exit(f"{type(failed).__name__}: {failed}")
    except KeyboardInterrupt:
        sys.exit(130)
