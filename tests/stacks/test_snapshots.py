"""Every stack as it would be deployed; a change here is for the reviewer's eyes. ``--snapshot-update`` accepts it."""

import json
import re
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.synthesized import Assembly

#: the functions' asset; every change of runtime code would change it
ASSET_HASH = re.compile(r"[0-9a-f]{64}")


def scrubbed(template: dict[str, Any]) -> Any:
    text = ASSET_HASH.sub("<hash>", json.dumps(template))
    return json.loads(text)


@pytest.fixture
def snapshot_json(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.mark.parametrize("stack", ["Data", "Doors", "Metering", "Watch"])
def test_stack_of_production(prod: Assembly, stack: str, snapshot_json: SnapshotAssertion) -> None:
    assert scrubbed(prod.template(stack)) == snapshot_json


def test_notices_stack_of_a_stage_abroad(abroad: Assembly, snapshot_json: SnapshotAssertion) -> None:
    assert scrubbed(abroad.template("Notices")) == snapshot_json
