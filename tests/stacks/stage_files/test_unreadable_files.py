"""Files and values on which Python itself fails are one line each, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from stacks import stage as stages
from stacks import synth
from stacks.stage import StageError
from tests.stacks.stage_files.files import GOOD, changed, load, write

QUANTITIES = "give dimensions a quantity of 0 or more, or -1 for unlimited"
PRICE = "set the list price of one billed unit, for example 0.05, or leave it out"


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "1" * 47, "0.0000001", "true", '"5"'])
def test_an_included_quantity_is_a_plausible_number(tmp_path: Path, value: str) -> None:
    with pytest.raises(StageError) as raised:
        load(tmp_path, changed("api_calls = 0.5", f"api_calls = {value}"))
    line = str(raised.value)
    assert line.startswith("stages/x.toml: tiers[0].included.api_calls is ")
    assert line.endswith(f": {QUANTITIES}")
    assert len(line) < 250


@pytest.mark.parametrize("value", ["nan", "inf", "0", "-1", "1e400", "9" * 60])
def test_a_price_is_a_plausible_amount(tmp_path: Path, value: str) -> None:
    with pytest.raises(StageError) as raised:
        load(tmp_path, changed('unit = "call"', f'unit = "call"\nprice = {value}'))
    line = str(raised.value)
    assert line.startswith("stages/x.toml: dimensions.api_calls.price is ")
    assert line.endswith(f": {PRICE}")
    assert len(line) < 250


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_in_another_encoding_says_so(tmp_path: Path, encoding: str) -> None:
    text = changed('unit = "call"', 'unit = "Übertragung"')
    with pytest.raises(StageError) as raised:
        load(tmp_path, text.encode(encoding))
    assert str(raised.value) == "stages/x.toml: this is not UTF-8 text: save it as UTF-8"


def test_a_byte_order_mark_is_taken(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD.encode("utf-8-sig")).name == "x"


def test_a_number_of_thousands_of_digits_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StageError) as raised:
        load(tmp_path, changed("requestBurst = 100", f"requestBurst = {'9' * 5000}"))
    assert str(raised.value) == "stages/x.toml: a number has too many digits: write a number that you mean"


def test_a_folder_is_no_stage(tmp_path: Path) -> None:
    folder = write(tmp_path, GOOD)
    (folder / "y.toml").mkdir()
    with pytest.raises(StageError) as raised:
        stages.load("y", folder=folder)
    assert str(raised.value) == "stages/y.toml: there is no such stage: name one of x (-c stage=...)"


@pytest.mark.parametrize("name", ["my_stage", "a b", "Zß", "1st", "a" * 40])
def test_a_stages_name_is_part_of_its_stacks_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(StageError) as raised:
        load(tmp_path, GOOD, name)
    assert str(raised.value) == (
        f"stages/{name}.toml: {name!r} cannot be part of a stack's name: use a letter, then letters, digits and -"
    )


def test_a_folder_is_no_interpreter(tmp_path: Path) -> None:
    command = [sys.executable, "app.py", "--stage", "local", "-c", f"functionPython={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=synth.ROOT)
    assert (done.returncode, done.stderr) == (
        1,
        f"-c functionPython={tmp_path}: there is no such interpreter: correct the path or leave it out\n",
    )
