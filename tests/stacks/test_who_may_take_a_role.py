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
    taken = set()
    for name, role in assembly.resources("AWS::IAM::Role"):
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
            for service in FOR_OTHERS & set(as_list(statement["Principal"].get("Service", []))):
                condition: dict[str, Any] = statement.get("Condition", {})
                assert "aws:SourceAccount" in condition.get("StringEquals", {}), name
                taken.add(service)
    # Only a stage abroad has rules that send events to another Region, with a role.
    assert taken == (FOR_OTHERS if stage == "abroad" else FOR_OTHERS - {"events.amazonaws.com"})
