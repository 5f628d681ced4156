"""The list of deviations is whole: in the README, and no entry without a case."""

from pathlib import Path

import pytest

from tests.contracts import engines
from tests.contracts.deviations import DEVIATIONS

HERE = Path(__file__).parent


def test_the_readme_names_each() -> None:
    lines = (HERE / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in lines if line.startswith("| `") and line.count("|") == 7]
    listed = {row[1].strip(" `"): (row[2].strip(), [bool(cell.strip()) for cell in row[3:7]]) for row in rows}
    order = (engines.MEMORY, engines.MOTO, engines.EMULATOR, engines.DYNAMODB_LOCAL)
    assert listed == {name: (it.rule, [engine in it.instead for engine in order]) for name, it in DEVIATIONS.items()}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_each_deviation_has_a_case(name: str) -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    assert f'"{name}"' in tests
    assert DEVIATIONS[name].instead
