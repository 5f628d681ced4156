"""A scenario, and what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from local.drill.drilling import NAMED, DrillFailed, Drilling
from local.drill.runbook import Ran
from local.replay.buyers import Buyer
from local.run_report.schema import LEDGER_STATES


@dataclass
class Course:
    """What a scenario tells of itself.

    buyers: whose units must add up. minutes: from the fault to the call. at_stake: units that were not billed then.
    lost, expected_loss: what is not billed in the end, by name and in units. of_others: units that a stranger metered.
    restored: the ledger lacks events on purpose, so that the scenario adds up by itself.
    """

    buyers: list[Buyer] = field(default_factory=list)
    minutes: int = 0
    at_stake: Decimal = Decimal(0)
    lost: str = ""
    expected_loss: Decimal = Decimal(0)
    of_others: Decimal = Decimal(0)
    restored: bool = False


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """play: causes the fault, waits for the alarm, repairs by the page, fills in the course."""

    name: str
    happens: str
    alarm: str
    page: str
    play: Callable[[Drilling, Course], None]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The row of a scenario. others: alarms that called as well. wrong: what did not hold; empty if all did."""

    scenario: Scenario
    minutes: int = 0
    others: Sequence[str] = ()
    commands: Sequence[Ran] = ()
    recorded: Decimal = Decimal(0)
    at_stake: Decimal = Decimal(0)
    billed: Decimal = Decimal(0)
    named: Decimal = Decimal(0)
    lost: str = ""
    billed_twice: int = 0
    seconds: float = 0.0
    wrong: str = ""


def judged(drilling: Drilling, scenario: Scenario, course: Course, commands: Sequence[Ran], seconds: float) -> Outcome:
    """Hold ledger and Marketplace against each other after a scenario. Raises DrillFailed."""
    units = drilling.units(course.buyers)
    named = sum((units[state] for state in NAMED), Decimal(0))
    twice = int(drilling.stage.marketplace.summary()["billedTwice"])
    if not course.restored and units["recorded"] + course.of_others != sum(
        (units[state] for state in LEDGER_STATES), Decimal(0)
    ):
        raise DrillFailed(f"the units do not add up: {dict(units)}")
    if units["pending"]:
        raise DrillFailed(f"{units['pending']} units are still pending")
    if named != course.expected_loss:
        raise DrillFailed(f"{named} units are not billed, and {course.expected_loss} were to be: {dict(units)}")
    if twice:
        raise DrillFailed(f"{twice} lines were billed twice")
    others = sorted({call.alarm for call in drilling.calls() if not call.alarm.startswith("Engine")} - {scenario.alarm})
    return Outcome(
        scenario=scenario, minutes=course.minutes, others=others, commands=commands, recorded=units["recorded"],
        at_stake=course.at_stake, billed=units["billed"], named=named, lost=course.lost or "nothing",
        billed_twice=twice, seconds=seconds,
    )  # fmt: skip
