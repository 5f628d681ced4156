"""The schemas that editors check stage files with: as the keys are declared, and of one mind with the reader.

The validator is the one that Taplo (Even Better TOML) uses.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from stacks.stage import describe
from stacks.stage.kinds import Schema
from tests.stacks.stage_files.files import FULL, GOOD, LIVE, PRODUCT, STAGE
from tests.stacks.stage_files.test_contradictions import CONTRADICTIONS
from tests.stacks.stage_files.test_wrong_values import WRONG
from tests.synthesized import STAGES, filled_in

FILES = {"product": describe.product_schema(), "stage": describe.stage_schema()}
SHIPPED = sorted(path.name for path in STAGES.glob("*.toml"))


def faults(text: str, schema: Schema) -> list[str]:
    """The dotted keys that the schema marks."""
    validator = jsonschema_rs.Draft7Validator(schema)
    return [".".join(map(str, error.instance_path)) for error in validator.iter_errors(tomllib.loads(text))]


def schema_of(file: str) -> Schema:
    return FILES["product" if file == "product.toml" else "stage"]


def test_what_is_committed_is_what_the_keys_declare() -> None:
    """Else run ``make schema``."""
    for file, text in describe.written().items():
        assert file.read_text(encoding="utf-8") == text, f"{file.name} is out of date: run `make schema`"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_names_its_schema_in_its_first_line(name: str) -> None:
    first = (STAGES / name).read_text(encoding="utf-8").splitlines()[0]
    kind = "product" if name == "product.toml" else "stage"
    assert first == f"#:schema ./{kind}.schema.json"
    assert (STAGES / f"{kind}.schema.json").is_file()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_is_valid_but_for_what_is_to_be_filled_in(name: str, tmp_path: Path) -> None:
    empty = {"product.toml": ["productCode"], "prod.toml": ["account"], "staging.toml": ["account"]}
    assert faults((STAGES / name).read_text(encoding="utf-8"), schema_of(name)) == empty.get(name, [])
    assert faults((filled_in(tmp_path) / name).read_text(encoding="utf-8"), schema_of(name)) == []


@pytest.mark.parametrize("text", [GOOD, FULL, LIVE, STAGE])
def test_a_good_stage_file_is_valid(text: str) -> None:
    assert faults(text, FILES["stage"]) == []


def test_a_good_product_file_is_valid() -> None:
    assert faults(PRODUCT, FILES["product"]) == []


@pytest.mark.parametrize(("found", "written", "line"), WRONG)
def test_a_wrong_value_is_marked_at_its_key(found: str, written: str, line: str) -> None:
    marked = faults(FULL.replace(found, written, 1), FILES["stage"])
    top = line.split(" ")[0].split(".")[0].split("[")[0]
    assert {key.split(".")[0] for key in marked} == {top}


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("suffix", "sufix"),
        GOOD.replace("[alarms]", "[alarms]\npagee = 1"),
        GOOD.replace('unit = "call"', ""),
        GOOD.split("[dimensions")[0] + "[dimensions]\n",
    ],
)
def test_a_misspelt_a_missing_and_an_empty_key_are_marked(text: str) -> None:
    assert faults(text, FILES["stage"])


def test_a_stage_s_key_in_the_product_file_is_marked() -> None:
    assert faults(f'region = "us-east-1"\n{PRODUCT}', FILES["product"])


@pytest.mark.parametrize(("text", "line"), CONTRADICTIONS)
def test_a_contradiction_is_the_reader_s_alone_to_see(text: str, line: str) -> None:
    assert faults(text, FILES["stage"]) == []


def described(schema: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every key of a schema with its description."""
    for name, inside in schema.get("properties", {}).items():
        yield f"{path}{name}", inside.get("description", "")
        yield from described(inside, f"{path}{name}.")
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from described(schema[part], f"{path}<>.")


def test_every_key_is_described_by_sentences() -> None:
    found = dict(described(FILES["stage"]))
    assert len(found) > 60
    assert {key: text for key, text in found.items() if not (text[:1].isupper() or text[:1] == "`")} == {}
    assert {key: text for key, text in found.items() if not text.endswith((".", ")"))} == {}
