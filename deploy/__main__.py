"""``python -m deploy <command>``: the make targets, which pass their variables in the environment."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from deploy.assembly import synthesize
from deploy.bootstrap import bootstrap
from deploy.cdk_cli import ROOT
from deploy.check.check import POLICY as CHECK_POLICY
from deploy.check.check import looks as check_looks
from deploy.deployed_stage import DeployedStage
from deploy.destroy import destroy
from deploy.engine import secret
from deploy.engine.administration import Administration
from deploy.engine.register import check_address, register
from deploy.not_ready import NotReady
from deploy.release import release
from deploy.rollback import roll_back
from deploy.show_lines import Look, all_well, looks_of
from deploy.smoke.smoke import POLICY as SMOKE_POLICY
from deploy.smoke.smoke import looks as smoke_looks
from deploy.smoke.write import Wishes
from deploy.target import Target, reach
from local.interrupts import heed_interrupts
from stacks import stage as stages
from stacks.stage import Stage, StageError

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

StageName = Annotated[str, typer.Option("--stage", envvar="STAGE", help="a file of stages/, without .toml")]
ProductCode = Annotated[str, typer.Option(envvar="PRODUCT_CODE", help="instead of the stage file's")]
More = Annotated[str, typer.Option("--args", envvar="ARGS", help="options of the CDK's own command line")]
ApiUrl = Annotated[str, typer.Option(envvar="API_URL", help="where the API answers, if not at its stack's address")]
AsJson = Annotated[bool, typer.Option("--json", envvar="JSON", help="the lines for programs")]
Seller = Annotated[bool, typer.Option("--seller", envvar="SELLER", help="the publishing account's stack instead")]
Yes = Annotated[bool, typer.Option("--yes", envvar="YES", help="do not ask")]


def say(line: str) -> None:
    """Print a line to the terminal, with its brackets as they are."""
    console.print(escape(line))


@contextmanager
def one_line() -> Iterator[None]:
    """End a known failure in one line. Raises typer.Exit: with code 1 for a failure, with 130 for an interrupt."""
    heed_interrupts()
    try:
        yield
    except (NotReady, StageError) as failure:
        console.print(f"[red]✗[/] {escape(str(failure))}")
        raise typer.Exit(1) from None
    except (BotoCoreError, ClientError) as failure:
        console.print(f"[red]✗[/] AWS: {escape(str(failure))}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def read_stage(name: str, product_code: str) -> Stage:
    """The stage of that name, as its files have it. Raises NotReady if no stage is named, StageError for a wrong
    file."""
    if not name:
        existing = "|".join(stages.names(ROOT / "stages"))
        raise NotReady(f"no stage is named: write STAGE=<{existing}>")
    return stages.load(name, folder=ROOT / "stages", product_code=product_code or None)


def reached(name: str, product_code: str, seller: bool = False) -> Target:
    """The stage with the account of the caller's credentials, which this prints where the stage file names none.

    Raises NotReady where the credentials are not the stage's.
    """
    target = reach(read_stage(name, product_code), seller=seller)
    if target.stage.account is None:
        say(f"account {target.account} (stages/{name}.toml names none)")
    return target


def asking(question: str, yes: bool) -> Callable[[], bool]:
    """A question that YES=1 or the terminal answers; without a terminal the answer is no."""
    return lambda: yes or (sys.stdin.isatty() and typer.confirm(question))


@app.command("synth")
@one_line()
def synth_command(stage: StageName = "", product_code: ProductCode = "") -> None:
    """Write the templates of a stage; calls nothing of AWS."""
    assembly = synthesize(read_stage(stage, product_code))
    say(f"written to {assembly.folder.relative_to(ROOT)}")


@app.command("bootstrap")
@one_line()
def bootstrap_command(
    stage: StageName = "", product_code: ProductCode = "", seller: Seller = False, more: More = ""
) -> None:
    """Prepare the account and Region of a stage for the CDK."""
    bootstrap(reached(stage, product_code, seller), more.split(), say)


@app.command("deploy")
@one_line()
def deploy_command(
    stage: StageName = "", product_code: ProductCode = "", yes: Yes = False, seller: Seller = False, more: More = ""
) -> None:
    """Deploy a stage, new or again."""
    target = reached(stage, product_code, seller)
    approved = yes or os.environ.get("CI") == "true"
    release(target, approved=approved, more=more.split(), say=say)


@app.command("rollback")
@one_line()
def rollback_command(
    stage: StageName = "",
    product_code: ProductCode = "",
    yes: Yes = False,
    before: Annotated[
        str, typer.Option(envvar="BEFORE", help="go back to before this time (ISO), not the last deployment")
    ] = "",
) -> None:
    """Make the code of before the last deployment live again."""
    moment = _moment(before) if before else None
    roll_back(reached(stage, product_code), before=moment, agreed=asking("Move them?", yes), say=say)


@app.command("destroy")
@one_line()
def destroy_command(
    stage: StageName = "", product_code: ProductCode = "", seller: Seller = False, yes: Yes = False
) -> None:
    """Remove a stage that does not keep its data."""
    agreed = asking("Remove them for good?", yes)
    destroy(reached(stage, product_code, seller), agreed=agreed, say=say)


@app.command("check")
@one_line()
def check_command(
    stage: StageName = "",
    product_code: ProductCode = "",
    api_url: ApiUrl = "",
    seller_profile: Annotated[
        str, typer.Option(envvar="SELLER_PROFILE", help="an AWS profile of the account that published the product")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Look at a stage's account and listing, before and after a deployment; changes nothing."""

    def deployed() -> DeployedStage:
        target = reach(read_stage(stage, product_code))
        return DeployedStage(target=target, api_address=api_url or None, seller_profile=seller_profile or None)

    report(looks_of(deployed, check_looks), title=f"check of {stage}", policy=CHECK_POLICY, as_json=as_json)


@app.command("smoke")
@one_line()
def smoke_command(
    stage: StageName = "",
    product_code: ProductCode = "",
    api_url: ApiUrl = "",
    as_json: AsJson = False,
    write: Annotated[bool, typer.Option("--write", envvar="WRITE", help="also report usage and start a run")] = False,
    buyer: Annotated[str, typer.Option("--test-buyer", envvar="TEST_BUYER", help="whose usage that is")] = "",
    yes: Yes = False,
) -> None:
    """Try a deployed stage by its own API and queue; changes nothing without --write."""

    def deployed() -> DeployedStage:
        return DeployedStage(target=reach(read_stage(stage, product_code)), api_address=api_url or None)

    found = looks_of(deployed, lambda it: smoke_looks(it, Wishes(write=write, buyer=buyer, yes=yes)))
    report(found, title=f"smoke of {stage}", policy=SMOKE_POLICY, as_json=as_json)


@app.command("engine-secret")
@one_line()
def engine_secret_command(
    stage: StageName = "",
    product_code: ProductCode = "",
    engine: Annotated[str, typer.Option(envvar="ENGINE", help="the engine's id in the stage file")] = "",
) -> None:
    """Make a secret with which an engine may announce; stores nothing."""
    secret.check_id(engine)
    declared = address = None
    try:
        read = read_stage(stage, product_code)
        declared, address = secret.declared(read, engine), secret.api_address(read)
    except StageError as fault:
        # The hash may be what its file lacks.
        say(f"{fault}")
    for line in secret.instructions(stage, engine, declared, address):
        say(line)


@app.command("engine-register")
@one_line()
def engine_register_command(
    yawl: Annotated[str, typer.Option(envvar="YAWL", help="the engine's web application, …/yawl")] = "",
    user: Annotated[str, typer.Option(envvar="YAWL_USER", help="an account of the engine")] = "admin",
    password: Annotated[str, typer.Option(envvar="YAWL_PASSWORD", help="asked for where it is not given")] = "",
    address: Annotated[str, typer.Option(envvar="ADDRESS", help="that of make engine-secret; asked for, too")] = "",
    replace: Annotated[
        bool, typer.Option("--replace", envvar="REPLACE", help="take the address with the old secret out")
    ] = False,
) -> None:
    """Register an engine's address in the engine, by interface A."""
    if not re.fullmatch(r"https?://[^\s?#]+", yawl):
        raise NotReady("no engine is named: write YAWL=<its web application, for example https://yawl:8443/yawl>")
    address = address or asked("address of make engine-secret", "ADDRESS")
    check_address(address, say)
    register(
        Administration(yawl, user, password or asked(f"password of {user}", "YAWL_PASSWORD")),
        address,
        replace=replace,
        say=say,
    )


def asked(what: str, variable: str) -> str:
    """What a person types without an echo. Raises NotReady where there is no terminal."""
    if not sys.stdin.isatty():
        raise NotReady(f"there is no terminal to ask for the {what}: give it as the environment variable {variable}")
    return str(typer.prompt(what, hide_input=True)).strip()


def report(looks: Iterable[Look], *, title: str, policy: str, as_json: bool) -> None:
    """Run the looks and print their lines. Raises typer.Exit with code 1 if a line is red."""
    if not all_well(looks, title=title, policy=policy, as_json=as_json, console=console):
        raise typer.Exit(1)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NotReady(f"BEFORE={text} is no time: write it like 2026-11-29T10:05:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    app()
