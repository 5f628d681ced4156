"""Usage with tags through the deployed stage: its functions may do what recording, sealing and sending it take."""

from decimal import Decimal

import pytest

from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]


def test_a_line_is_billed_with_its_split_by_tags(acting: Acting) -> None:
    [buyer] = acting.arrive(1)
    acting.record(
        acting.event(buyer, "workflow_executions", 9, tags={"team": "blue", "site": "x"}),
        acting.event(buyer, "workflow_executions", 7, tags={"team": "red"}),
        acting.event(buyer, "workflow_executions", 4),
        acting.event(buyer, "worklet_invocations", 9),
    )
    acting.close_hour()
    acting.stage.meter()
    assert sum(acting.billed(buyer).values()) == Decimal(20 - 5 + 9 - 1)
    (seen,) = acting.get(buyer, "/usage")["hours"]
    lines = {line["dimension"]: (line["verdict"], line.get("tagSets")) for line in seen["lines"]}
    assert lines == {"workflow_executions": ("billed", 2), "worklet_invocations": ("billed", None)}


def test_what_is_taken_back_is_neither_billed_nor_shown(acting: Acting) -> None:
    """The function may do what a void takes; nothing is deleted, which no function may."""
    [buyer] = acting.arrive(1)
    wrong = acting.event(buyer, "workflow_executions", 90, tags={"team": "red"})
    right = acting.event(buyer, "workflow_executions", 9, tags={"team": "blue"})
    acting.record(wrong, right)
    void = {"void": wrong["id"], "customerIdentifier": buyer.customer_identifier, "source": "operator"}
    assert [verdict["verdict"] for verdict in acting.send(void, void)] == ["voided", "duplicate"]
    assert [verdict.get("reason") for verdict in acting.send(wrong)] == ["voided"]
    (shown,) = acting.get(buyer, "/usage")["hours"]
    assert [usage["counted"] for usage in shown["usage"]] == ["9"]
    acting.close_hour()
    acting.stage.meter()
    assert sum(acting.billed(buyer).values()) == Decimal(9 - 5)
    (shown,) = acting.get(buyer, "/usage")["hours"]
    assert [line.get("tagSets") for line in shown["lines"]] == [1]
    kept = {item["eventId"]: item for item in acting.stored()["yawl-usage-events"]}
    assert kept[f"event#{wrong['id']}"]["voidedBy"] == "operator"
    assert [verdict["reason"] for verdict in acting.send({**void, "void": right["id"]})] == ["hour_sealed"]
