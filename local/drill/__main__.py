"""``make drill``: plays the scenarios, shows the table, and fails if one of them did not hold."""

import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from local.cloud import CloudFailed, DeployFailed
from local.cloud.children import ChildFailed
from local.dashboard_picture.body import read_templates
from local.drill import report
from local.drill.drilling import DrillFailed, Drilling
from local.drill.runbook import RunbookFailed
from local.drill.scenario import Course, Outcome, Scenario, judged
from local.drill.scenarios import ALL
from local.interrupts import heed_interrupts
from local.replay.buyers import BuyersFailed
from local.simulated_clock import clock_at
from local.stage import BUILD, LocalStage, SynthFailed

#: The part of their time that the workflow's waits take here.
WAIT_SCALE = 0.002


def main(
    only: Annotated[str, typer.Option(envvar="ONLY", help="names of scenarios, comma between; else all")] = "",
    out: Annotated[Path, typer.Option(envvar="OUT", help="folder for all files")] = BUILD,
) -> None:
    """Play faults on the deployed stage, and repair each by its runbook. Writes drill.json and drill.html."""
    heed_interrupts()
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=report.WIDTH)
    names = {each.name for each in ALL}
    wanted = set(filter(None, only.split(",")))
    if wanted - names:
        console.print(f"[red]✗[/] there is no scenario {sorted(wanted - names)[0]}: {', '.join(sorted(names))}")
        raise typer.Exit(2)
    if not shutil.which("aws"):
        console.print("[red]✗[/] the runbooks use the AWS CLI: install the program aws and run again")
        raise typer.Exit(2)
    folder = out.absolute() / "drill"
    shutil.rmtree(folder, ignore_errors=True)
    outcomes = []
    try:
        with ExitStack() as up:
            stage = LocalStage(
                clock=clock_at(8.5, folder / "clock-offset"),
                folder=folder,
                wait_scale=WAIT_SCALE,
                dynamodb_faults=True,
            )
            with console.status("the stage local is synthesized and deployed on the local cloud ..."):
                up.enter_context(stage)
                drilling = Drilling(stage, read_templates(stage.assembly))
            for scenario in ALL:
                if not wanted or scenario.name in wanted:
                    with console.status(f"{scenario.happens} ..."):
                        outcomes.append(played(drilling, scenario))
                    mark = "[red]✗[/]" if outcomes[-1].wrong else "[green]✓[/]"
                    console.print(f"{mark} {scenario.happens} [dim]{outcomes[-1].seconds:.0f} s[/]")
    except (BuyersFailed, ChildFailed, CloudFailed, DeployFailed, SynthFailed) as failed:
        console.print(f"{type(failed).__name__}: {failed}", markup=False)
        raise typer.Exit(1) from None
    report.on_console(console, outcomes)
    report.write(out.absolute(), outcomes)
    console.print(f"{out}/drill.html has every command and what it printed")
    raise typer.Exit(1 if any(each.wrong for each in outcomes) else 0)


def played(drilling: Drilling, scenario: Scenario) -> Outcome:
    """One scenario. What does not hold is in the outcome, so that the others are played all the same."""
    began, first, course = time.monotonic(), len(drilling.operator.ran), Course()
    try:
        scenario.play(drilling, course)
        ran = drilling.operator.ran[first:]
        return judged(drilling, scenario, course, ran, time.monotonic() - began)
    except (BuyersFailed, DrillFailed, RunbookFailed) as failed:
        ran = drilling.operator.ran[first:]
        seconds = time.monotonic() - began
        wrong = f"{type(failed).__name__}: {failed}"
        return Outcome(scenario=scenario, minutes=course.minutes, commands=ran, seconds=seconds, wrong=wrong)
    finally:
        drilling.stage.marketplace.clear_faults()
        drilling.stage.dynamodb_faults.disarm()


if __name__ == "__main__":
    sys.argv[0] = "make drill"
    typer.run(main)
