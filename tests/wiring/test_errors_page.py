"""``docs/errors.md`` has a row for every code that the code, or a service's model, can give, and no row for another."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from aws_cdk.aws_apigateway import ResponseType
from botocore.session import get_session

import yawl_metering
from buyer.notices import rules
from ledger import metering_record
from marketplace import faults
from stacks.synth import ROOT
from usage import judge_event, verdict
from yawl_metering import delivery, transport

PAGE = ROOT / "docs" / "errors.md"
SOURCE = ROOT / "lambda_src"
#: Constructors of the API's errors, and which of their arguments is the code.
API_ERRORS = {"ApiError": 1, "Misconfigured": 1}
ROWS = re.compile(r"^\| (`[^|]+`) \|", re.MULTILINE)


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def codes(section: str) -> list[str]:
    return [code for cell in ROWS.findall(sections()[section]) for code in re.findall(r"`([^`]+)`", cell)]


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCE.rglob("*.py"):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name:
                yield path, node


def text_of(node: ast.expr, where: str) -> str:
    """A code stands as text where the API gives it, so that this test and people who search find it."""
    assert isinstance(node, ast.Constant) and isinstance(node.value, str), f"{where}: write the code itself here"
    return node.value


def exceptions() -> set[str]:
    """Every exception class of the functions' code."""
    found = {"Exception", "RuntimeError", "ValueError"}
    classes = [node for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while more := {c.name for c in classes for base in c.bases if getattr(base, "id", "") in found} - found:
        found |= more
    return found - {"Exception", "RuntimeError", "ValueError"}


def of_the_api() -> set[str]:
    found = set()
    for name, position in API_ERRORS.items():
        for path, call in calls(name):
            code = call.args[position]
            if not (isinstance(code, ast.Attribute) and code.attr == "code"):  # passed on
                found.add(text_of(code, f"{path.name}:{call.lineno}"))
    return found


def of_api_gateway() -> set[str]:
    return {name for name in dir(ResponseType) if name.isupper()}


def of_waiting() -> set[str]:
    return {text_of(call.args[0], f"{path.name}:{call.lineno}") for path, call in calls("Waiting")}


def of_marketplace() -> set[str]:
    model: Any = get_session().get_service_model("meteringmarketplace")
    return {*faults.MODELLED, *faults.GENERIC, *model.shape_for("UsageRecordResultStatus").enum}


def of_notices() -> set[str]:
    """Why one is not applied, and why one is kept: the reason that is given where it is written."""
    kept = set()
    for name in ("keep", "wait", "_put"):
        for path, call in calls(name):
            for given in call.keywords:
                if given.arg == "reason" and not isinstance(given.value, ast.Name):
                    kept.add(text_of(given.value, f"{path.name}:{call.lineno}"))
    return kept | set(get_args(rules.Refusal))


def of_the_client() -> set[str]:
    public = {name: getattr(yawl_metering, name) for name in yawl_metering.__all__}
    raised = {name for name, value in public.items() if inspect.isclass(value) and issubclass(value, Exception)}
    return raised | {delivery.GAVE_UP, "refused"} | transport._QUEUE_REJECTS


COLLECTED = {
    "The HTTP API": of_the_api,
    "API Gateway's own answers": of_api_gateway,
    "Verdicts on events": lambda: set(get_args(verdict.Outcome)),
    "Reasons of refused, of retry_later and of the refused-usage queue": lambda: set(get_args(judge_event.Reason)),
    "Lines of an hour": lambda: {"pending", *metering_record.RANK},
    "Why an hour waits": of_waiting,
    "AWS Marketplace": of_marketplace,
    "Notices": of_notices,
    "Runs and logs": exceptions,
    "The Python client": of_the_client,
}


def test_every_section_is_held_by_a_collection() -> None:
    assert list(sections()) == list(COLLECTED)


@pytest.mark.parametrize("section", COLLECTED)
def test_every_code_has_one_row_and_every_row_a_code(section: str) -> None:
    written = codes(section)
    assert len(written) == len(set(written)), "a code has two rows"
    collected = COLLECTED[section]()
    assert collected - set(written) == set(), "codes without a row in docs/errors.md"
    assert set(written) - collected == set(), "rows of docs/errors.md without a code"


def test_every_row_says_what_happened_and_what_to_do() -> None:
    for title, text in sections().items():
        head, _, *rows = (line.split("|") for line in text.splitlines() if line.startswith("| "))
        told = [n for n, cell in enumerate(head) if cell.strip().startswith(("what happened", "what is", "what to do"))]
        assert len(told) == 2
        for row in rows:
            assert len(row) == len(head), f"{title}: {row[1]}"
            assert all(row[column].strip() for column in told), f"{title}: {row[1]}"


def test_scopes_are_those_of_the_code() -> None:
    scopes = {**faults.MODELLED, **faults.GENERIC}
    for line in sections()["AWS Marketplace"].splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if line.startswith("| `"):
            assert {scopes.get(code, "") for code in re.findall(r"`([^`]+)`", cells[1])} == {cells[2]}, line


def test_every_kind_of_api_error_is_collected() -> None:
    """A new class of errors with a code would otherwise hide its codes."""
    with_code = {
        node.name
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and {getattr(base, "id", "") for base in node.bases} & set(API_ERRORS)
    }
    assert with_code <= set(API_ERRORS)


def test_the_code_gives_every_reason() -> None:
    """mypy holds that there is no other; a reason that no code gives would be an empty row."""
    rooms = "\n".join(path.read_text(encoding="utf-8") for path in (SOURCE / "usage").rglob("*.py"))
    declared = inspect.getsource(judge_event)
    for reason in get_args(judge_event.Reason):
        assert rooms.count(f'"{reason}"') > 1, reason
    assert "Reason = Literal[" in declared


def test_verdicts_of_the_api_are_known_to_the_client() -> None:
    assert set(get_args(verdict.Outcome)) == transport._VERDICTS
