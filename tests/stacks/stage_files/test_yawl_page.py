"""The entries that docs/yawl.md shows are ones that a stage takes."""

import re
from pathlib import Path

from stacks import stage as stages
from stacks.synth import ROOT
from tests.stacks.stage_files.files import SOLD, STAGE, load

PAGE = (ROOT / "docs" / "yawl.md").read_text(encoding="utf-8")
ENGINE, TRAFFIC, SHARED = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
#: The shipped product's dimensions, which the page names.
SHIPPED = (ROOT / "stages" / "product.toml").read_text(encoding="utf-8")
SOLD_TABLES = SHIPPED[SHIPPED.index("[dimensions.") :]


def declared(folder: Path, entry: str) -> stages.Stage:
    return load(folder, SOLD + STAGE + SOLD_TABLES + entry)


def without(key: str) -> str:
    """The first entry without this key's line."""
    assert re.search(rf"^{key} = ", ENGINE, re.MULTILINE)
    return re.sub(rf"^{key} = .*\n", "", ENGINE, flags=re.MULTILINE)


def test_the_first_entry(tmp_path: Path) -> None:
    [engine] = declared(tmp_path, ENGINE).engines
    assert (engine.id, engine.mode, engine.customers) == ("engine-7", "log", {"": "l-0123456789abcdef"})


def test_calls_and_data(tmp_path: Path) -> None:
    [engine] = declared(tmp_path, without("dimensions") + TRAFFIC).engines
    assert engine.access_logs and engine.dimensions.calls == "api_calls"


def test_a_shared_engine(tmp_path: Path) -> None:
    [engine] = declared(tmp_path, without("customer") + SHARED).engines
    assert (engine.attributed_by, len(engine.customers)) == ("launching-service", 2)
