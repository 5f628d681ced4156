"""Loops of functions and queues: Lambda stops what it does not know to be meant, after sixteen rounds."""

from collections import defaultdict

import pytest

from tests.synthesized import Assembly, as_list, references
from usage.drain_queue import PATIENCE

FUNCTION = "AWS::Lambda::Function"


@pytest.fixture(scope="module")
def prod(engines: Assembly) -> Assembly:
    """The stage with all functions takes the place of the shipped one."""
    return engines


def handed_on(assembly: Assembly) -> dict[str, set[str]]:
    """Function → functions that receive from a queue or a topic that it may send to.

    These, and calls of functions, are what Lambda looks at (Lambda Developer Guide, "Use Lambda recursive loop
    detection"); nothing here sends to a bucket.
    """
    takers: dict[str, set[str]] = defaultdict(set)
    for mapping in assembly.properties("AWS::Lambda::EventSourceMapping"):
        for source in references(mapping["EventSourceArn"]):
            takers[source].add(assembly.called(mapping["FunctionName"]))
    for name, alias in assembly.resources("AWS::Lambda::Alias"):
        takers[name].add(alias["Properties"]["FunctionName"]["Ref"])
    roles = {f["Properties"]["Role"]["Fn::GetAtt"][0]: name for name, f in assembly.resources(FUNCTION)}
    found: dict[str, set[str]] = defaultdict(set)
    for policy in assembly.properties("AWS::IAM::Policy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            if not {"sqs:SendMessage", "sns:Publish", "lambda:InvokeFunction"} & set(as_list(statement["Action"])):
                continue
            for role in policy["Roles"]:
                if role.get("Ref") in roles:
                    for target in references(as_list(statement["Resource"])):
                        found[roles[role["Ref"]]] |= takers[target]
    return found


def loops(assembly: Assembly) -> set[str]:
    """Functions that something which they sent may come back to, whatever lies between."""
    edges = handed_on(assembly)

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [start]
        while ahead:
            new = edges.get(ahead.pop(), set()) - seen
            seen |= new
            ahead += new
        return seen

    return {function for function, _ in assembly.resources(FUNCTION) if function in reached(function)}


def test_only_the_function_with_a_loop_may_loop(prod: Assembly) -> None:
    """Usage that waits comes round every quarter of an hour for a day: 96 rounds, of which Lambda would allow 16, and
    put it to the dead letters, without a reason, when its buyer may be about to arrive."""
    allowed = {name for name, f in prod.resources(FUNCTION) if f["Properties"].get("RecursiveLoop") == "Allow"}
    assert allowed == loops(prod)
    (function,) = allowed
    assert function.startswith("usagequeue")


def test_the_loop_ends_by_itself(prod: Assembly) -> None:
    (delay,) = {queue["DelaySeconds"] for queue in prod.properties("AWS::SQS::Queue") if "DelaySeconds" in queue}
    assert 16 < PATIENCE / delay <= 100
