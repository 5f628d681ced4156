"""The way of a mail: the stage's bus, a queue, a function that may publish to one topic and send as one address."""

import json
from typing import Any

import pytest

from buyer.people.moments import FROM_THE_BUS
from tests.synthesized import Assembly, as_list, imported

#: Amazon EventBridge quotas: characters of a pattern.
LONGEST_PATTERN = 2048


def rules(assembly: Assembly) -> dict[str, dict[str, Any]]:
    found = assembly.resources("AWS::Events::Rule", stack="Doors")
    return {name: rule["Properties"] for name, rule in found if name.startswith("Mails")}


def statements(assembly: Assembly, service: str) -> list[dict[str, Any]]:
    return [
        each
        for each in assembly.policies_of("tell-people")
        if any(action.startswith(f"{service}:") for action in as_list(each["Action"]))
    ]


def test_moments_come_from_the_stages_own_bus_and_the_look_by_the_clock(engines: Assembly) -> None:
    made = rules(engines)
    (bus,) = [name for name, _ in engines.resources("AWS::Events::EventBus")]
    (listens,) = [rule for rule in made.values() if "EventPattern" in rule]
    (looks,) = [rule for rule in made.values() if "ScheduleExpression" in rule]
    assert imported(listens["EventBusName"]["Fn::ImportValue"]) == bus
    assert listens["EventPattern"] == {"detail-type": list(FROM_THE_BUS)}
    assert len(json.dumps(listens["EventPattern"])) < LONGEST_PATTERN
    # A schedule works on the account's default bus alone (EventBridge User Guide, "Creating a scheduled rule").
    assert "EventBusName" not in looks
    assert looks["ScheduleExpression"] == "rate(1 hour)"
    (queue,) = {target["Arn"]["Fn::GetAtt"][0] for rule in made.values() for target in rule["Targets"]}
    assert queue.startswith("MailsQueue") and "DeadLetters" not in queue
    assert all("DeadLetterConfig" in target for rule in made.values() for target in rule["Targets"])


def test_the_queue_lets_both_rules_in(engines: Assembly) -> None:
    sources = {
        json.dumps(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
        for policy in engines.properties("AWS::SQS::QueuePolicy", stack="Doors")
        if any(each["Ref"].startswith("MailsQueue") and "DeadLetters" not in each["Ref"] for each in policy["Queues"])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"}
    }
    assert sources == {json.dumps({"Fn::GetAtt": [name, "Arn"]}) for name in rules(engines)}


def test_the_function_publishes_to_the_vendors_topic_alone(engines: Assembly) -> None:
    (topic,) = [name for name, _ in engines.resources("AWS::SNS::Topic", stack="Doors")]
    (publishes,) = statements(engines, "sns")
    assert (publishes["Action"], publishes["Resource"]) == ("sns:Publish", {"Ref": topic})
    subscribed = engines.properties("AWS::SNS::Subscription", stack="Doors")
    assert [each["Endpoint"] for each in subscribed if each["TopicArn"] == {"Ref": topic}] == ["sales@vendor.com"]


def test_it_sends_as_one_address_of_one_identity(engines: Assembly) -> None:
    (sends,) = statements(engines, "ses")
    assert sends["Action"] == "ses:SendEmail"
    assert sends["Condition"] == {"StringEquals": {"ses:FromAddress": "hello@vendor.com"}}
    assert [each["Fn::Join"][1][-1] for each in sends["Resource"]] == [
        ":identity/hello@vendor.com",
        ":identity/vendor.com",
    ]


def test_no_other_function_sends_or_publishes(engines: Assembly) -> None:
    may = {
        function
        for function in engines.functions()
        for statement in engines.policies_of(function)
        if any(action.startswith(("ses:", "sns:")) for action in as_list(statement["Action"]))
    }
    assert may == {"tell-people"}


def test_a_stage_that_tells_nobody_has_none_of_it(prod: Assembly) -> None:
    assert rules(prod) == {}
    assert "tell-people" not in prod.functions()
    assert prod.functions()["subscriber-api"]["Environment"]["Variables"]["PEOPLE_QUEUE_URL"] == ""


def test_a_stage_whose_buyers_get_none_may_not_send(local: Assembly) -> None:
    assert statements(local, "ses") == []
    assert local.functions()["tell-people"]["Environment"]["Variables"]["BUYER_FROM"] == ""


@pytest.mark.parametrize("function", ["registration", "subscriber-api", "tell-people"])
def test_the_environment_fits_into_a_function(engines: Assembly, function: str) -> None:
    """4,096 bytes (Lambda quotas), of which 150 are kept for each value that only a deployment knows."""
    variables = engines.functions()[function]["Environment"]["Variables"]
    size = sum(
        len(name) + (len(value.encode()) if isinstance(value, str) else 150) for name, value in variables.items()
    )
    assert size < 4096
