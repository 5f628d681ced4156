"""The asset's bill of materials: all that is bundled, in a form that others' programs read."""

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from dependencies import bill_of_materials as bills

LOCK = (bills.ASSET / "requirements.txt").read_text(encoding="utf-8")
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, flags=re.MULTILINE))


@pytest.fixture(scope="module")
def bill() -> bills.Bill:
    return bills.bill_of_materials()


def test_the_bill_follows_the_schema_of_cyclonedx(bill: bills.Bill) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None


def test_the_bill_names_every_bundled_package_with_its_version_and_hashes(bill: bills.Bill) -> None:
    assert {one["name"]: one["version"] for one in bill["components"]} == LOCKED
    assert all(one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}" for one in bill["components"])
    hashes = {h["content"] for one in bill["components"] for r in one["externalReferences"] for h in r["hashes"]}
    assert hashes == set(re.findall(r"sha256:([0-9a-f]{64})", LOCK))


def test_the_bill_is_of_our_version(bill: bills.Bill) -> None:
    project = tomllib.loads((bills.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    about = bill["metadata"]["component"]
    assert (about["name"], about["version"]) == (project["name"], project["version"])
    assert about["licenses"] == [{"license": {"acknowledgement": "declared", "id": "Apache-2.0"}}]


def test_the_bill_says_which_package_needs_which(bill: bills.Bill) -> None:
    names = {one["bom-ref"]: one["name"] for one in [*bill["components"], bill["metadata"]["component"]]}
    needs = {names[one["ref"]]: {names[other] for other in one.get("dependsOn", ())} for one in bill["dependencies"]}
    # The lock file's own remarks ("via") say the same.
    assert needs == {
        "yawl-marketplace-metering": {"aws-lambda-powertools", "botocore", "itsdangerous"},
        "aws-lambda-powertools": {"jmespath", "typing-extensions"},
        "botocore": {"jmespath", "python-dateutil", "urllib3"},
        "python-dateutil": {"six"},
        "itsdangerous": set(),
        "jmespath": set(),
        "six": set(),
        "typing-extensions": set(),
        "urllib3": set(),
    }


def test_the_environment_that_says_so_has_the_bundled_versions() -> None:
    assert {name: metadata.version(name) for name in LOCKED} == LOCKED


def test_the_same_lock_file_makes_the_same_bill(bill: bills.Bill, tmp_path: Path) -> None:
    written = bills.write(tmp_path)
    assert written.name == "asset.cdx.json"
    assert json.loads(written.read_text(encoding="utf-8")) == bill
    assert "timestamp" not in bill["metadata"] and "serialNumber" not in bill
