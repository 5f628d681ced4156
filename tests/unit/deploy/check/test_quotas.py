"""The account has the capacity that a stage needs."""

import pytest

from deploy.check.quotas import concurrency_line, concurrency_lines, log_role_line, log_role_lines
from deploy.deployed_stacks import Resource
from deploy.deployed_stage import DeployedStage
from deploy.line import State
from tests.unit.deploy.answers import answering, refused
from tests.unit.deploy.targets import stage, target

ROLE = "arn:aws:iam::123456789012:role/logs"


@pytest.mark.parametrize(
    ("quota", "public", "held", "state"),
    [
        # A new account has this quota.
        (10, 20, 0, State.RED),
        (1000, 20, 0, State.GREEN),
        (122, 20, 0, State.GREEN),
        (121, 20, 0, State.RED),
        (102, None, 0, State.GREEN),
        # The deployed stage's own reservation counts once.
        (122, 20, 22, State.GREEN),
        (121, 20, 2, State.RED),
    ],
)
def test_a_hundred_stay_unreserved(quota: int, public: int | None, held: int, state: State) -> None:
    found = stage(submit_concurrency=2, public_concurrency=public)
    line = concurrency_line(found, quota=quota, unreserved=quota - held, held=held)
    assert line.state is state, line
    if state is State.RED:
        assert f"{122 if public else 102} at least" in line.remedy
        assert ("publicConcurrency" in line.remedy) is bool(public)


def there(*resources: Resource) -> DeployedStage:
    found = DeployedStage(target=target(submit_concurrency=2, public_concurrency=20))
    found.__dict__["resources"] = resources
    return found


def test_the_concurrency_of_the_deployed_functions_counts() -> None:
    limits = {"AccountLimit": {"ConcurrentExecutions": 122, "UnreservedConcurrentExecutions": 100}}
    functions = [Resource("us-east-1", name, "AWS::Lambda::Function", name) for name in ("submit", "public", "other")]
    answers = [{"ReservedConcurrentExecutions": 2}, {"ReservedConcurrentExecutions": 20}, {}]
    with answering({"GetAccountSettings": limits, "GetFunctionConcurrency": answers}):
        (line,) = concurrency_lines(there(*functions))
    assert line.state is State.GREEN, line


@pytest.mark.parametrize(
    ("role", "exists", "deployed", "state"),
    [
        (None, None, False, State.GREEN),
        (None, None, True, State.RED),
        (ROLE, True, True, State.GREEN),
        (ROLE, False, True, State.RED),
        (ROLE, False, False, State.GREEN),
        # The deployment replaces the role of all APIs, which people have to judge.
        (ROLE, True, False, State.YELLOW),
        (ROLE, None, True, State.GREEN),
    ],
)
def test_the_role_for_logs_is_there_when_the_stage_is(
    role: str | None, exists: bool | None, deployed: bool, state: State
) -> None:
    assert log_role_line(role, exists=exists, deployed=deployed).state is state


@pytest.mark.parametrize(("answer", "state"), [({}, State.GREEN), (refused("NoSuchEntity"), State.RED)])
def test_a_deleted_role_is_found(answer: object, state: State) -> None:
    role = {"Role": {"Path": "/", "RoleName": "logs", "RoleId": "AROA", "Arn": ROLE}} if answer == {} else answer
    with answering({"GetAccount": {"cloudwatchRoleArn": ROLE}, "GetRole": role}):
        (line,) = log_role_lines(there(Resource("us-east-1", "A", "AWS::ApiGateway::Account", "A")))
    assert line.state is state
