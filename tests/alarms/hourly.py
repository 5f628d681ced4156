"""The hour of the scenarios with its metrics: each count goes through the functions' own emitter, and the reports of
the run and of ``look-after-leavers`` are those of their handlers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import pytest

from ledger import tables
from ledger.run_tally import RunTally
from local.dynamodb.declared_tables import TABLE_SETTINGS
from marketplace.meter_usage import UsageMeter
from marketplace_local.in_process import InProcessAdmin, MeteringClient
from marketplace_local.state import MarketplaceState
from metering.final.start_final_metering import Starter
from metering.handlers import entry_point, look_after_leavers, report, seal_hours
from metering.run import record_key
from runtime.metric_names import MeteringMetric
from runtime.settings import ReportSettings
from tests.alarms.life import Life, printed
from tests.scenarios.world import DIMENSIONS, PRODUCT, START, DeadLetters, World
from tests.unit.messages import Context


class Executions:
    """Step Functions, as far as ``look-after-leavers`` asks it. started: the names of new executions."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.started: list[str] = []

    def get_paginator(self, _operation: str) -> "Executions":
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        yield {"executions": [{"name": name} for name in self.running]}

    def start_execution(self, *, name: str, **_: str) -> None:
        self.started.append(name)
        self.running.append(name)


@dataclass
class Watched(World):
    """A world whose metrics are recorded in the minute of its clock, counted from ``START``."""

    life: Life = field(kw_only=True)
    executions: Executions = field(default_factory=Executions)

    @cached_property
    def meter(self) -> UsageMeter:
        """The local Marketplace in this process."""
        return UsageMeter(cast(Any, MeteringClient(cast(InProcessAdmin, self.marketplace).state)))

    @property
    def minute(self) -> int:
        return int((self.now - START) // 60)

    def count(self, metric: MeteringMetric, number: int) -> None:
        super().count(metric, number)
        self.print(lambda: _published(metric, number))

    def print(self, act: Any) -> None:
        """Record the metrics that are printed meanwhile."""
        self.life.emf(printed(act), self.minute)

    def seal_by_handler(self, buyer: str, hour: float) -> None:
        """The state that seals an hour, which counts the hours that have to wait."""
        self.print(lambda: seal_hours.handler({"keys": [record_key((buyer, int(hour)))]}, cast(Any, Context())))

    def report_failed(self) -> None:
        """The run's last state; it counts what has failed by itself."""
        self.print(lambda: report.handler({}, cast(Any, Context())))

    def look(self) -> None:
        """``look-after-leavers``, as its schedule calls it."""
        self.print(self.look_by_handler)

    def look_by_handler(self) -> None:
        """The same, with its lines left to the caller."""
        look_after_leavers.handler({}, cast(Any, Context()))


def _published(metric: MeteringMetric, number: int) -> None:
    entry_point.count(metric, number)
    entry_point.metrics.flush_metrics()


@contextmanager
def watched(life: Life, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Iterator[Watched]:
    """A new world with empty tables, an empty Marketplace, and the two handlers on them."""
    holder: dict[str, Watched] = {}
    state = MarketplaceState(lambda: holder["world"].now if holder else START)
    admin = InProcessAdmin(state)
    admin.create_product(PRODUCT, DIMENSIONS, integration="mixed", contract_dimensions=["basic", "pro"])
    admin.set_settings(callsPerSecond=0)
    world = holder["world"] = Watched(admin, cast(Any, None), life=life, **settings)
    queue = DeadLetters(world.dead_letters)
    assembled = report.Assembled(
        settings=_report_settings(world),
        products=world.products,
        records=world.records,
        subscribers=world.subscribers,
        settlement=world.settlement,
        pauses=world.pauses,
        tally=RunTally(world.dynamodb.Table(tables.STATE.name)),
        sqs=cast(Any, queue),
    )
    monkeypatch.setattr("runtime.clock.now", lambda: world.now)
    monkeypatch.setattr(report, "assembled", lambda: assembled._replace(products=world.products))
    monkeypatch.setattr(seal_hours, "assembled", lambda: world.sealer)
    starter = Starter(cast(Any, world.executions), "alias")
    about = cast(Any, type("Settings", (), {"FINAL_METERING_ARN": "machine"}))
    monkeypatch.setattr(look_after_leavers, "assembled", lambda: (about, world.subscribers, starter))
    yield world


def _report_settings(world: Watched) -> ReportSettings:
    return ReportSettings.from_env(
        {
            **TABLE_SETTINGS,
            "PRODUCTS": world.products.to_json(),
            "METERING_MODE": world.mode,
            "TEST_BUYERS": "",
            "FAILED_LINES_QUEUE_URL": "queue",
        }
    )
