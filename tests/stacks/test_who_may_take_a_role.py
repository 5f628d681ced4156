"""A service takes a role for resources of this account only (the confused deputy)."""

from typing import Any

import pytest

from tests.synthesized import Assembly, as_list

#: Services that use an account's roles for many accounts at once.
FOR_OTHERS = {"scheduler.amazonaws.com", "events.amazonaws.com", "states.amazonaws.com"}


@pytest.mark.parametrize("stage", ["prod", "abroad"])
def test_every_role_of_a_service_that_works_for_others_names_the_account(
    stage: str, request: pytest.FixtureRequest
) -> None:
    assembly: Assembly = request.getfixturevalue(stage)
    taken: dict[str, int] = {}
    for name, role in assembly.resources("AWS::IAM::Role"):
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
            for service in FOR_OTHERS & set(as_list(statement["Principal"].get("Service", []))):
                condition: dict[str, Any] = statement.get("Condition", {})
                assert "aws:SourceAccount" in condition.get("StringEquals", {}), name
                taken[service] = taken.get(service, 0) + 1
    # Two machines, two schedules of one workflow, and the schedule of look-after-leavers.
    assert taken["states.amazonaws.com"] == taken["scheduler.amazonaws.com"] == 2
    assert taken.get("events.amazonaws.com", 0) == (1 if stage == "abroad" else 0)
