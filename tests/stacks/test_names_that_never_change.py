"""Names by which data is found: this test finds a change of one before CloudFormation makes empty tables of it."""

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.releases.names import Names, faults, names_of, recorded
from tests.synthesized import Assembly


def test_no_name_of_the_last_release_has_changed(prod: Assembly) -> None:
    """What to do is in the message. New tables are fine, and one new index of each; ``make record`` at the release."""
    found = list(faults(recorded(), names_of(prod)))
    assert not found, "\n".join(found)


@pytest.fixture
def now() -> Names:
    return copy.deepcopy(recorded())


def table(names: Names, name: str = "yawl-metering-records") -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = [table for table in names["tables"].values() if table["name"] == name]
    return found


def rename_the_construct(names: Names) -> None:
    names["tables"] = {id_.replace("Subscribers", "Buyers"): table for id_, table in names["tables"].items()}


INDEX = ["status (S, HASH)", "KEYS_ONLY"]
CHANGES: dict[str, tuple[Callable[[Names], Any], str]] = {
    "suffix": (lambda n: n["stages"]["prod"].update(suffix="-x"), "suffix was '' and is '-x': its deployed tables"),
    "region": (lambda n: n["stages"]["prod"].update(region="eu-west-1"), "prod.toml: region was 'us-east-1'"),
    "stack": (lambda n: n["stacks"].remove("Data"), "the stack Data is gone"),
    "construct id": (rename_the_construct, "the table yawl-subscribers .* is gone: renamed, CloudFormation makes"),
    "name": (lambda n: table(n).update(name="yawl-records"), "yawl-metering-records is called yawl-records"),
    "keys": (lambda n: table(n)["keys"].append("x (S, RANGE)"), "refuses to replace a named table"),
    "ttl": (lambda n: table(n, "yawl-usage-events").update(ttl="ends"), "DynamoDB refuses another attribute"),
    "index": (lambda n: table(n)["indexes"].update(PendingMeteringRecordsIndex=INDEX), "DynamoDB changes no index"),
    "two new indexes": (lambda n: table(n)["indexes"].update(A=INDEX, B=INDEX), "A, B come or go in one deployment"),
    "one for another": (
        lambda n: table(n)["indexes"].update(A=INDEX) or table(n)["indexes"].pop("FailedMeteringRecordsIndex"),
        "A, FailedMeteringRecordsIndex come or go in one deployment",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_named_with_its_remedy(now: Names, change: str) -> None:
    make, said = CHANGES[change]
    make(now)
    (fault,) = faults(recorded(), now)
    assert re.search(said, fault), fault


def test_what_is_new_is_no_fault(now: Names) -> None:
    now["tables"]["MoreTable"] = table(now) | {"name": "yawl-more"}
    now["stages"]["another"] = {"suffix": "-another", "region": "eu-west-1"}
    now["stacks"].append("More")
    table(now)["indexes"]["New"] = INDEX
    assert list(faults(recorded(), now)) == []
