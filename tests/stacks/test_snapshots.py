"""Every stack as it would be deployed; a change here is for the reviewer's eyes. ``--snapshot-update`` accepts it."""

import json
import re
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.synthesized import Assembly

#: Hashes of the functions' asset and of the versions that follow from it: every change of runtime code changes them.
HASHES = re.compile(r"[0-9a-f]{64}|(?<=CurrentVersion[0-9A-F]{8})[0-9a-f]{32}")
WIDTH = 120
ACCEPT = "the template has changed; if it should, accept it: .venv/bin/pytest tests/stacks --snapshot-update"


def scrubbed(template: dict[str, Any]) -> Any:
    return json.loads(HASHES.sub("<hash>", json.dumps(template)))


def compact(node: Any, indent: int = 0, taken: int = 0) -> str:
    """JSON in which a list or an object stands on one line if it fits. taken: columns of the line that are taken."""
    line = json.dumps(node, ensure_ascii=False, sort_keys=True)
    if len(line) + taken <= WIDTH or not isinstance(node, dict | list) or not node:
        return line
    inside = indent + 1
    if isinstance(node, list):
        brackets, parts = "[]", [compact(each, inside, inside + 1) for each in node]
    else:
        brackets = "{}"
        parts = [f'"{key}": {compact(node[key], inside, inside + len(key) + 5)}' for key in sorted(node)]
    lines = ",\n".join(" " * inside + part for part in parts)
    return f"{brackets[0]}\n{lines}\n{' ' * indent}{brackets[1]}"


class CompactJson(JSONSnapshotExtension):
    def serialize(self, data: Any, **_: Any) -> str:
        return f"{compact(data)}\n"


@pytest.fixture
def snapshot_json(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(CompactJson)


@pytest.mark.parametrize("stack", ["Data", "Doors", "Metering", "Watch"])
def test_stack_of_production(prod: Assembly, stack: str, snapshot_json: SnapshotAssertion) -> None:
    assert scrubbed(prod.template(stack)) == snapshot_json, ACCEPT


def test_notices_stack_of_a_stage_abroad(abroad: Assembly, snapshot_json: SnapshotAssertion) -> None:
    assert scrubbed(abroad.template("Notices")) == snapshot_json, ACCEPT


def test_a_compact_snapshot_is_the_same_json(prod: Assembly) -> None:
    template = prod.template("Metering")
    text = compact(template)
    assert json.loads(text) == template
    # A string is never broken, so it alone may be longer.
    assert all(len(line) <= WIDTH or line.count('": ') <= 1 for line in text.splitlines())
