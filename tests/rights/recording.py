"""What a run of the deployed stage has used: the local cloud's record, held against the roles as they are deployed.

``recorded.json`` keeps it, so that the page can be written, and looked at, without a running cloud.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from local.stage import LocalStage
from tests.rights.roles import Grant, Right, Roles
from tests.synthesized import Assembly, as_list

RECORDED = Path(__file__).with_name("recorded.json")
#: A run of the stage's tests leaves its record here if this variable names a file.
VARIABLE = "RIGHTS_FILE"
#: Tests that are kept of each right, the first ones; the rest is counted.
KEPT = 3


@dataclass
class Use:
    """The tests in which a right was used: the first of them by name, and how many they were."""

    tests: list[str] = field(default_factory=list)
    count: int = 0


Uses = dict[Right, Use]


def during(test: str) -> str:
    """``PYTEST_CURRENT_TEST`` without folder, parameters and phase: ``test_leaving.py::test_a_buyer_leaves``."""
    return test.rsplit(" ", 1)[0].rsplit("/", 1)[-1].split("[")[0]


@contextmanager
def recorded(stage: LocalStage, file: Path, config: pytest.Config) -> Iterator[None]:
    """Record what the tests of this running stage use; ``file``: where the local cloud writes down what it is asked.

    At the end nothing may have been refused to a role that a service of AWS takes.
    """
    recorder = Recorder(stage, file)
    recorder.begin(os.environ["PYTEST_CURRENT_TEST"])
    config.pluginmanager.register(recorder)
    yield
    config.pluginmanager.unregister(recorder)
    if wished := os.environ.get(VARIABLE):
        add(recorder.uses(), Path(wished))
    refused = recorder.refused()
    assert refused == [], f"a role was refused what it asked for: {refused}"


class Recorder:
    """Names the running test to the local cloud, and takes down which of the Marketplace's calls were made in it.

    A plugin of pytest while the stage runs. The local Marketplace asks no policy: its calls are held against the
    callers' roles here.
    """

    def __init__(self, stage: LocalStage, file: Path) -> None:
        """file: where the local cloud writes down what it is asked."""
        self._stage = stage
        self._file = file
        self._calls: list[dict[str, str]] = []

    def pytest_runtest_setup(self, item: Any) -> None:
        self.begin(item.nodeid)

    def begin(self, test: str) -> None:
        """The test runs from now on; its node id."""
        self._take_calls()
        self._file.with_suffix(".test").write_text(test, encoding="utf-8")

    def _take_calls(self) -> None:
        marker = self._file.with_suffix(".test")
        test = marker.read_text(encoding="utf-8") if marker.exists() else ""
        for call in list(self._stage.marketplace.calls())[len(self._calls) :]:
            service = "cloudtrail" if call["operation"] == "LookupEvents" else "aws-marketplace"
            line = {"action": f"{service}:{call['operation']}", "resource": "*", "during": test, "key": call["caller"]}
            self._calls.append(line)

    @cached_property
    def asked(self) -> list[dict[str, str]]:
        """All that roles were asked for, with the name of the role. Only at the end."""
        self._take_calls()
        lines = [json.loads(line) for line in self._file.read_text(encoding="utf-8").splitlines()]
        found = [{**line, "role": line["caller"].split("/")[1]} for line in lines if ":assumed-role/" in line["caller"]]
        roles = {line["key"]: line["role"] for line in found if line["key"]}
        return found + [{**call, "role": roles[call["key"]]} for call in self._calls if call["key"] in roles]

    def refused(self) -> list[str]:
        """What a role was asked for and does not allow, of the roles that AWS's services take."""
        deployed = Deployed(self._stage)
        return [
            f"{line['role']}: {line['action']} on {line['resource']}"
            for line in self.asked
            if line["role"] in deployed.of_services
            and (line.get("decision", "Allow") != "Allow" or not deployed.granting(line))
        ]

    def uses(self) -> Uses:
        """Each right that was used, by the tests in which it was."""
        deployed = Deployed(self._stage)
        found: Uses = {}
        for line in self.asked:
            test = during(line["during"])
            for grant in deployed.granting(line) if line.get("decision", "Allow") == "Allow" and test else ():
                use = found.setdefault(grant.right, Use())
                if test not in use.tests:
                    use.tests.append(test)
        return {right: Use(use.tests[:KEPT], len(use.tests)) for right, use in found.items()}


class Deployed:
    """The grants of a running stage, by the names that its roles have there."""

    def __init__(self, stage: LocalStage) -> None:
        self._cloud = stage.cloud.seller
        assembly = Assembly(stage.settings, stage.assembly)
        roles = Roles(assembly)
        self._names: dict[str, dict[str, str]] = {}
        self.of_services: set[str] = set()
        self._grants: dict[str, list[tuple[str, Grant]]] = {}
        for stack, id_ in roles.called:
            trusted = assembly.templates[stack]["Resources"][id_]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            if all("Service" in statement["Principal"] for statement in trusted):
                self.of_services.add(self._name(stage, stack, id_))
        for grant in roles.grants():
            name = self._name(stage, grant.stack, grant.role_id)
            # The template's document and the deployed one have the same order.
            statement = self._document(name, grant.policy)["Statement"][grant.statement]
            assert grant.right.action in as_list(statement["Action"])
            arn = as_list(statement["Resource"])[grant.resource]
            self._grants.setdefault(name, []).append((arn, grant))

    def granting(self, line: dict[str, str]) -> Iterator[Grant]:
        """The grants that allow what was asked for."""
        for arn, grant in self._grants.get(line["role"], ()):
            if grant.right.action == line["action"] and fnmatchcase(line["resource"], arn):
                yield grant

    def _name(self, stage: LocalStage, stack: str, id_: str) -> str:
        full = f"YawlMetering-{stage.settings.name}-{stack}"
        if stack not in self._names:
            pages = self._cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=full)
            summaries = [each for page in pages for each in page["StackResourceSummaries"]]
            self._names[stack] = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in summaries}
        return self._names[stack][id_]

    def _document(self, role: str, policy: str) -> Any:
        if (role, policy) not in self._documents:
            answer = self._cloud.client("iam").get_role_policy(RoleName=role, PolicyName=policy)
            self._documents[role, policy] = answer["PolicyDocument"]
        return self._documents[role, policy]

    @cached_property
    def _documents(self) -> dict[tuple[str, str], Any]:
        return {}


def load(file: Path = RECORDED) -> Uses:
    """What was recorded."""
    entries = json.loads(file.read_text(encoding="utf-8"))
    return {Right(*entry["right"]): Use(entry["tests"], entry["count"]) for entry in entries}


def save(uses: Uses, file: Path = RECORDED) -> None:
    """Write it, a line for each right."""
    lines = [
        json.dumps({"right": [right.role, right.action, right.on], "tests": use.tests, "count": use.count})
        for right, use in sorted(uses.items())
    ]
    file.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def add(uses: Uses, file: Path) -> None:
    """Write it beside what another stage has recorded there: of each right, what more tests used."""
    both = {**(load(file) if file.exists() else {})}
    for right, use in uses.items():
        if right not in both or use.count > both[right].count:
            both[right] = use
    save(both, file)
