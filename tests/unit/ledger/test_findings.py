"""A finding is one item: found again it is the same, it closes by itself, and a person's word holds."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ledger import tables
from ledger.audit_progress import AuditProgress, Progress
from ledger.findings import AGREES, Finding, Findings
from local.dynamodb.store import MemoryDynamoDB

FOUND = Finding(
    subject="c",
    depth="calls",
    period="2026-11-15T14:00Z",
    dimension="a#b",
    kind="only_here",
    ours="5",
    detail={"x": "y"},
)
NOW = 1_795_000_000.0


@pytest.fixture
def findings(dynamodb: MemoryDynamoDB) -> Findings:
    return Findings(dynamodb.Table(tables.AUDIT.name))  # type: ignore[arg-type]


def test_found_again_it_is_one_item(findings: Findings) -> None:
    assert findings.found(FOUND, NOW)
    assert not findings.found(FOUND, NOW + 60)
    ((found, checked),) = findings.open("calls")
    assert (found, checked) == (FOUND, "2026-11-18T11:07:40Z")
    assert list(findings.open("usage")) == []


def test_it_closes_and_opens_again_by_itself(findings: Findings) -> None:
    findings.found(FOUND, NOW)
    assert findings.resolve(FOUND, AGREES, "reconciliation", NOW + 60)
    assert list(findings.open("calls")) == [] and not findings.resolve(FOUND, AGREES, "x", NOW)
    assert findings.found(FOUND, NOW + 120)


def test_what_a_person_closed_stays_closed_while_its_amounts_stay(findings: Findings) -> None:
    findings.found(FOUND, NOW)
    findings.resolve(FOUND, "a private offer", "arn:aws:iam::1:user/ann", NOW + 60)
    assert not findings.found(FOUND, NOW + 120)
    assert list(findings.open("calls")) == []
    assert findings.found(replace(FOUND, ours="6"), NOW + 180)


def test_a_look_is_noted_on_open_ones_only(findings: Findings) -> None:
    findings.looked_at(FOUND, NOW)
    assert list(findings.open("calls")) == []
    findings.found(FOUND, NOW)
    findings.looked_at(FOUND, NOW + 3600)
    ((_, checked),) = findings.open("calls")
    assert checked == "2026-11-18T12:06:40Z"


@pytest.fixture
def progress(dynamodb: MemoryDynamoDB) -> Iterator[AuditProgress]:
    yield AuditProgress(dynamodb.Table(tables.AUDIT.name), "calls")  # type: ignore[arg-type]


def test_progress_begins_once_and_goes_on(progress: AuditProgress) -> None:
    assert progress.read(7200, NOW) == Progress(following=7200, completed_at=int(NOW))
    assert progress.read(9999, NOW + 60).following == 7200
    after = Progress(
        following=10_800, completed_at=1, cursor={"status": "active", "after": {"customerIdentifier": "c"}}
    )
    progress.store(after)
    assert progress.read(0, NOW) == after
