"""``python -m tests.local.rights`` writes docs/rights.md: each right of each function, and whether a run used it.

It runs the tests of the deployed stage, in which the local cloud writes down each right that it was asked for, and
holds the roles' own policies, as they are deployed, against that.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from local.stage import LocalStage
from stacks.synth import ROOT

PAGE = ROOT / "docs" / "rights.md"
#: A run of the tests leaves its rights here if this variable names a file.
VARIABLE = "RIGHTS_FILE"
FOLDER = ROOT / "build" / "rights"

POLLED = "the event source mapping uses it; the local cloud polls without asking the role"
FAILED = "Lambda sends there what it gave up; no run shows that"
#: Function and action, with ``*`` for any → why the role has a right that no run used. The first that matches counts.
REASONS: dict[tuple[str, str], str] = {
    ("*", "xray:*"): "Lambda writes the traces; the local cloud has no X-Ray",
    ("*", "logs:*"): "Lambda writes the log lines; the local cloud does not ask the role",
    ("*", "dynamodb:*Stream*"): POLLED,
    ("*", "dynamodb:GetRecords"): POLLED,
    ("*", "dynamodb:GetShardIterator"): POLLED,
    ("*", "sqs:ReceiveMessage"): POLLED,
    ("*", "sqs:DeleteMessage"): POLLED,
    ("*", "sqs:ChangeMessageVisibility"): POLLED,
    ("archive-changes", "sqs:*"): FAILED,
    ("start-final-metering", "sqs:*"): FAILED,
    ("*", "sqs:GetQueue*"): POLLED,
}


@dataclass(frozen=True, order=True)
class Right:
    """A right of a deployed function. resource: without Region, account, and what CloudFormation makes up."""

    function: str
    action: str
    resource: str
    used: bool = False


def reason(right: Right) -> str | None:
    """Why the right stays although no run used it; None if there is no reason."""
    for (function, action), why in REASONS.items():
        if fnmatchcase(right.function, function) and fnmatchcase(right.action, action):
            return why
    return None


def recorded(file: Path) -> list[dict[str, str]]:
    """What callers were asked for, with the name of a session's role as ``role``."""
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [{**line, "role": line["caller"].split("/")[1]} for line in lines if ":assumed-role/" in line["caller"]]


def functions_by_role(stage: LocalStage) -> dict[str, str]:
    """Name of a role → the function that has it, as the code calls it."""
    pages = stage.cloud.seller.client("lambda").get_paginator("list_functions").paginate()
    return {
        # Its log group has the name that the code gives it.
        function["Role"].rsplit("/", 1)[-1]: function["LoggingConfig"]["LogGroup"].rsplit("/", 1)[-1]
        for page in pages
        for function in page["Functions"]
    }


def rights(stage: LocalStage, file: Path) -> list[Right]:
    """Every right of every function of a stage, compared with what was recorded."""
    asked = [line for line in recorded(file) if line["decision"] == "Allow"]
    iam = stage.cloud.seller.client("iam")
    found = set()
    for role, function in functions_by_role(stage).items():
        own = [(line["action"], line["resource"]) for line in asked if line["role"] == role]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for action, pattern in _allowed(document["Statement"]):
                used = any(fnmatchcase(act, action) and fnmatchcase(resource, pattern) for act, resource in own)
                found.add(Right(function, action, _short(pattern), used))
    return sorted(found)


def _allowed(statements: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for statement in statements:
        for action in _as_list(statement["Action"]):
            for resource in _as_list(statement["Resource"]):
                yield action, resource


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _short(arn: str) -> str:
    if arn == "*":
        return "everything"
    name = re.sub(r"/stream/[0-9].*", "/stream/*", arn.split(":", 5)[-1])
    # What CloudFormation makes up: the hash of a logical id, and random characters behind it.
    made_up = r"([A-Za-z])[0-9A-F]{8}(-[0-9A-Za-z]+)*(?=$|[:/])"
    return re.sub(made_up, r"\1", re.sub("^YawlMetering-local-", "", name, flags=re.I), flags=re.I)


def page(found: Iterable[Right]) -> str:
    """The page as Markdown."""
    rows = [
        (right.function, right.action, right.resource, "used" if right.used else reason(right) or "**not used**")
        for right in found
    ]
    return "\n".join(
        (
            "# Every right of every function, and whether it is used",
            "",
            "The tests of the deployed stage run with IAM enforced. This is what the roles allow there, and what was",
            "asked for meanwhile: a right is *used*, or it says why it stays. No role was refused anything.",
            "`python -m tests.local.rights` runs the tests and writes this page.",
            "",
            "| function | action | on | |",
            "| --- | --- | --- | --- |",
            *(f"| `{function}` | `{action}` | `{on}` | {use} |" for function, action, on, use in rows),
            "",
        )
    )


def save(found: Iterable[Right], file: Path) -> None:
    """Write the rights where the command finds them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([vars(right) for right in found], indent=1), encoding="utf-8")


def main() -> int:
    """Run the tests of the deployed stage and write the page; returns the tests' exit code, or 1 for a right that is
    neither used nor has a reason."""
    file = FOLDER / "rights.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "tests/local/stage", *sys.argv[1:]]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, VARIABLE: str(file)}, check=False).returncode
    found = [Right(**each) for each in json.loads(file.read_text(encoding="utf-8"))]
    PAGE.write_text(page(found), encoding="utf-8")
    idle = [right for right in found if not right.used and reason(right) is None]
    for right in idle:
        print(f"not used: {right.function} {right.action} {right.resource}")
    return code or int(bool(idle))


if __name__ == "__main__":
    sys.exit(main())
