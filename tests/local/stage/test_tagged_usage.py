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
