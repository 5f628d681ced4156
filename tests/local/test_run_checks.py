"""Each check of a run fails where its statement does not hold: a lost or doubled unit cannot pass all of them."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger.metering_record import Line, MeteringRecord
from local.replay.checks import Evidence, checks
from local.replay.send_usage import Tally
from marketplace.dimensions import Dimension

HOUR = 1794729600
DIMENSIONS = {
    "calls": Dimension(name="calls", unit="call"),
    "users": Dimension(name="users", unit="user", aggregation="distinct"),
}


def event(dimension: str, quantity: int, counted: int, **content: Any) -> dict[str, Any]:
    said = {"dimension": dimension, "quantity": Decimal(quantity), **content}
    return {"customerIdentifier": "ann", "billedHour": HOUR, "counted": Decimal(counted), "content": said}


def evidence() -> Evidence:
    """Seven calls, of which two are included; a user who came twice."""
    tally = Tally()
    tally.by_verdict["recorded"] |= {("ann", "calls"): Decimal(7), ("ann", "users"): Decimal(2)}
    tally.answers["normal"]["recorded"] = 4
    tally.answers["refusal:bad_id"]["refused bad_id"] = 1
    lines = {
        name: Line(
            dimension=name, quantity=Decimal(units), counted=Decimal(units), verdict="billed", metering_record_id=name
        )
        for name, units in (("calls", 5), ("users", 1))
    }
    record = MeteringRecord(
        customer_identifier="ann",
        hour=HOUR,
        state="sealed",
        version=1,
        counted={("calls", "2026-11"): Decimal(7), ("users", "2026-11"): Decimal(1)},
        included={"calls": Decimal(2), "users": Decimal(0)},
        lines=lines,
    )
    accepted = [
        {"buyer": "ann", "hour": "2026-11-15T08:00:00Z", "dimension": name, "quantity": str(line.quantity)}
        for name, line in lines.items()
    ]
    return Evidence(
        tally=tally,
        events=[
            *(event("calls", quantity, quantity) for quantity in (3, 4)),
            *(event("users", 1, counted, userHash="x") for counted in (1, 0)),
        ],
        records=[record],
        accepted=accepted,
        billed_twice=0,
        dimensions=DIMENSIONS,
        allowances={"ann": {"calls": Decimal(2)}},
    )


def failing(found: Evidence) -> set[str]:
    return {check.statement for check in checks(found) if not check.holds}


def test_all_hold_where_nothing_is_wrong() -> None:
    assert failing(evidence()) == set()


def answer(found: Evidence, purpose: str, word: str) -> Evidence:
    found.tally.answers[purpose][word] += 1
    return found


def with_record(found: Evidence, **changes: Any) -> Evidence:
    return replace(found, records=[replace(found.records[0], **changes)])


def with_users(found: Evidence, *counted: int) -> Evidence:
    return replace(found, events=[*found.events[:2], *(event("users", 1, n, userHash="x") for n in counted)])


@pytest.mark.parametrize(
    ("tamper", "statement"),
    [
        (lambda e: answer(e, "normal", "refused bad_id"), "Every event got"),
        (lambda e: answer(e, "normal", "duplicate"), "Every event got"),
        (lambda e: answer(e, "late", "retry_later not_active_yet"), "Every event got"),
        (lambda e: answer(e, "refusal:bad_id", "recorded"), "Every event got"),
        (lambda e: replace(e, events=e.events[1:]), "What the API confirmed"),
        (lambda e: with_record(e, hour=HOUR + 3600), "Each hour's counters"),
        (
            lambda e: replace(e, events=[*e.events[:2], *(event("users", 1, 0, userHash="x"),) * 2]),
            "Each user is counted",
        ),
        (
            lambda e: replace(e, events=[*e.events[:2], *(event("users", 1, 1, userHash="x"),) * 2]),
            "Each user is counted",
        ),
        (lambda e: with_record(e, included={"calls": Decimal(3)}), "Each contract covers"),
        (lambda e: with_record(e, included={}), "Each contract covers"),
        (lambda e: replace(e, accepted=[*e.accepted, e.accepted[0]]), "No line was accepted twice"),
        (lambda e: replace(e, billed_twice=1), "No line was accepted twice"),
        (lambda e: replace(e, accepted=e.accepted[1:]), "The ledger's billed lines"),
        (
            lambda e: with_record(e, lines=dict.fromkeys(("calls", "users"), e.records[0].lines["calls"])),
            "Each accepted line has",
        ),
        (lambda e: with_record(e, pending="true"), "Nothing is pending"),
        (lambda e: with_record(e, marked_failed=True), "Nothing is pending"),
    ],
)
def test_a_wrong_unit_is_seen(tamper: Callable[[Evidence], Evidence], statement: str) -> None:
    assert any(found.startswith(statement) for found in failing(tamper(evidence())))
