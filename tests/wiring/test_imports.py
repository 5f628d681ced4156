"""Imports point one way: rooms → ledger, marketplace → runtime; stacks → lambda_src, for names only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks import synth

SOURCE = synth.ROOT / "lambda_src"
ROOMS = ("archive", "buyer", "usage", "metering", "reconcile", "yawl")
BELOW = ("ledger", "marketplace")
GROUND = "runtime"
#: What a stack may use of the runtime code: declarations of names, never behaviour.
NAMES = {
    "archive.change.COLUMNS",
    "archive.kept.ARCHIVED",
    "buyer.webhook.patience.TRIES",
    "ledger.balance.ITEM",
    "buyer.access_terms.AccessRules",
    "buyer.pages.branding",
    "buyer.people.moments.FROM_THE_BUS",
    "buyer.registration.contact",
    "buyer.usage_page.settings",
    "ledger.tables",
    "marketplace.billing_identity.BILLING_KEY",
    "marketplace.dimensions",
    "marketplace.entitlements.PRICING_MODELS_WITH_ENTITLEMENTS",
    "marketplace.products",
    "marketplace.regions",
    "marketplace.tiers",
    "metering.seal.unusual_settings",
    "metering.sizes",
    "runtime.clock",
    "runtime.metric_names",
    "runtime.settings",
    "usage.reporters",
    "yawl.engine",
}
BANNED_NAMES = {"utils", "common", "shared", "helpers"}


def imports(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module
            # "from marketplace import tiers" imports marketplace.tiers
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported(folder: Path) -> dict[str, set[str]]:
    """File → first parts of what it imports."""
    return {
        str(path.relative_to(synth.ROOT)): {name.split(".")[0] for name in imports(path)}
        for path in sorted(folder.rglob("*.py"))
    }


def offenders(folder: Path, forbidden: set[str]) -> dict[str, set[str]]:
    return {file: found & forbidden for file, found in rooms_imported(folder).items() if found & forbidden}


def test_every_room_of_the_asset_has_its_place() -> None:
    assert {path.parent.name for path in SOURCE.glob("*/__init__.py")} == {*ROOMS, *BELOW, GROUND}


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_do_not_import_each_other(room: str) -> None:
    assert offenders(SOURCE / room, set(ROOMS) - {room}) == {}


def test_functions_connect_by_the_one_name_that_tests_replace() -> None:
    """``from ledger import dynamodb``, then ``dynamodb.connect()``: a module with its own ``connect`` would escape."""
    own = [str(path) for path in sorted(SOURCE.rglob("*.py")) if "ledger.dynamodb.connect" in imports(path)]
    assert own == []


#: The sub-rooms of metering, each above those that it may import.
FLOORS = ("handlers", "assembly", "final", "report", "find", "send", "settle", "seal", "run", "sizes")


@pytest.mark.parametrize("floor", FLOORS)
def test_the_sub_rooms_of_metering_import_only_those_below_them(floor: str) -> None:
    """``final`` uses the hourly run's steps; these know nothing of each other but what they hand on."""
    metering = SOURCE / "metering"
    files = [metering / f"{floor}.py"] if floor in ("run", "sizes") else sorted((metering / floor).glob("*.py"))
    above = {name.split(".")[1] for file in files for name in imports(file) if name.startswith("metering.")}
    assert above <= {floor, *FLOORS[FLOORS.index(floor) + 1 :]}


def test_every_sub_room_of_metering_has_its_floor() -> None:
    found = {path.stem for path in (SOURCE / "metering").iterdir() if path.stem not in ("__init__", "__pycache__")}
    assert found == set(FLOORS)


@pytest.mark.parametrize("below", BELOW)
def test_ledger_and_marketplace_import_no_feature(below: str) -> None:
    assert offenders(SOURCE / below, set(ROOMS)) == {}


def test_the_marketplace_client_does_not_know_what_is_stored() -> None:
    assert offenders(SOURCE / "marketplace", {"ledger"}) == {}


def test_the_ground_imports_nothing_of_ours() -> None:
    assert offenders(SOURCE / GROUND, {*ROOMS, *BELOW}) == {}


def test_runtime_code_imports_neither_stacks_nor_tests() -> None:
    assert offenders(SOURCE, {"stacks", "local", "tests", "aws_cdk", "constructs", "moto"}) == {}


def test_functions_do_without_boto3() -> None:
    """It is not in the asset: botocore does all they need, in half the time (``runtime.aws``)."""
    assert {file for file, found in rooms_imported(SOURCE).items() if "boto3" in found} == set()


def test_stacks_take_names_from_the_runtime_code_and_nothing_else() -> None:
    ours = {*ROOMS, *BELOW, GROUND}
    taken = {
        (str(path.relative_to(synth.ROOT)), name)
        for path in (synth.ROOT / "stacks").rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in ours
    }
    assert taken
    behaviour = {(file, name) for file, name in taken if not any(name == n or name.startswith(f"{n}.") for n in NAMES)}
    assert behaviour == set()


def test_only_the_marketplace_room_makes_marketplace_clients() -> None:
    services = {"meteringmarketplace", "marketplace-entitlement"}
    users = {
        path.parent.name
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in services
    }
    assert users == {"marketplace"}


def test_no_room_is_named_after_nothing() -> None:
    folders = (SOURCE, synth.ROOT / "stacks", synth.ROOT / "local", synth.ROOT / "tests")
    names = {path.stem for folder in folders for path in folder.rglob("*.py")}
    names |= {path.parent.name for folder in folders for path in folder.rglob("*.py")}
    assert names & BANNED_NAMES == set()


def test_the_agent_imports_the_engine_s_room_and_what_that_stands_on() -> None:
    """Its wheel takes along what it imports (``agent/hatch_build.py``), so it must not reach further than it needs."""
    agent = synth.ROOT / "agent" / "yawl_metering_agent"
    ours = {name.split(".")[0] for path in agent.rglob("*.py") for name in imports(path)} & {*ROOMS, *BELOW, GROUND}
    assert ours == {"yawl", "marketplace", "runtime"}
    of_stacks = {name for path in agent.rglob("*.py") for name in imports(path) if name.startswith("stacks.")}
    assert all(name.startswith("stacks.stage.") for name in of_stacks)


def test_nothing_imports_the_agent() -> None:
    for folder in ("lambda_src", "stacks", "deploy", "local", "client"):
        assert offenders(synth.ROOT / folder, {"yawl_metering_agent"}) == {}
