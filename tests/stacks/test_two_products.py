"""Two products in one deployment, as templates: topics of each, one pattern of events for both, and AWS's limits."""

import json
from dataclasses import replace
from typing import Any

import pytest

from marketplace.products import Product, Products
from stacks.stage import Stage
from tests.synthesized import PRODUCT_CODE, Assembly, as_list, shipped

#: EventBridge takes patterns of so many characters, SQS policies of so many statements, Lambda so many bytes of
#: environment (their quotas).
PATTERN, STATEMENTS, ENVIRONMENT = 2_048, 20, 4_096
SECOND = "secondproduct1234567890"
#: As many accounts as a stage may name, so that the pattern is as long as it gets.
ACCOUNTS = tuple(f"4444555566{number:02}" for number in range(20))


def both(region: str = "us-east-1") -> Stage:
    stage = shipped("dev")
    (first,) = stage.products
    second = Product(
        code=SECOND,
        title="Second",
        integration="legacy",
        pricing_model="subscription",
        dimensions={"api_calls": first.dimensions["api_calls"]},
    )
    return replace(
        stage,
        region=region,
        test_accounts=ACCOUNTS,
        products=Products((first, second)),
        lists_products=True,
        notices={first.code: ("eventbridge", "sns"), second.code: ("sns",)},
        currencies={first.code: "USD", second.code: "USD"},
    )


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return Assembly.of(both(), tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return Assembly.of(both("me-central-1"), tmp_path_factory.mktemp("far"))


def topic(kind: str, code: str) -> str:
    return f"arn:aws:sns:us-east-1:287250355862:aws-mp-{kind}-notification-{code}"


def test_each_product_s_topics_are_subscribed_and_no_topic_that_it_has_not(assembly: Assembly) -> None:
    found = sorted(
        (entry["Endpoint"]["Fn::GetAtt"][0].split("Queue")[0], entry["TopicArn"])
        for entry in assembly.properties("AWS::SNS::Subscription", stack="Doors")
    )
    # A product without contracts has no entitlement topic.
    assert found == [
        ("Entitlement", topic("entitlement", PRODUCT_CODE)),
        ("Entitlement", topic("subscription", PRODUCT_CODE)),
        ("Subscription", topic("subscription", PRODUCT_CODE)),
        ("Subscription", topic("subscription", SECOND)),
    ]


def test_a_subscription_keeps_its_name_when_products_come_and_go(assembly: Assembly) -> None:
    """CloudFormation makes one of another name first, which SNS takes for the same, and then removes it."""
    names = {
        resource["Properties"]["TopicArn"]: name
        for name, resource in assembly.resources("AWS::SNS::Subscription", stack="Doors")
    }
    assert all(arn.rsplit("-", 1)[-1] in name for arn, name in names.items())


def test_every_topic_may_send_to_the_queue_that_is_subscribed_to_it(assembly: Assembly, far: Assembly) -> None:
    for each in (assembly, far):
        for entry in each.properties("AWS::SNS::Subscription", stack="Doors"):
            queue = entry["Endpoint"]["Fn::GetAtt"][0]
            senders = [s for s in statements(each, queue) if "sns" in json.dumps(s.get("Principal", ""))]
            allowed = {arn for s in senders for arn in as_list(s["Condition"]["ArnEquals"]["aws:SourceArn"])}
            assert entry["TopicArn"] in allowed


def test_policies_and_patterns_are_within_the_services_limits(assembly: Assembly, far: Assembly) -> None:
    for each in (assembly, far):
        for policy in each.properties("AWS::SQS::QueuePolicy"):
            assert len(policy["PolicyDocument"]["Statement"]) <= STATEMENTS
        rules = [rule for rule in each.properties("AWS::Events::Rule") if "EventPattern" in rule]
        assert rules
        for rule in rules:
            assert len(json.dumps(rule["EventPattern"], separators=(",", ":"))) <= PATTERN


def test_one_pattern_takes_the_events_of_both(assembly: Assembly) -> None:
    """An agreement's event names no product: a pattern by product would leave it out."""
    for rule in assembly.properties("AWS::Events::Rule", stack="Doors"):
        assert "product" not in rule["EventPattern"].get("detail", {})


def test_the_environment_of_every_function_has_room(assembly: Assembly) -> None:
    told = 0
    for name, function in assembly.functions().items():
        variables = function["Environment"]["Variables"]
        # A reference becomes an ARN or a name of at most some 150 characters.
        size = sum(len(key) + (len(value) if isinstance(value, str) else 150) for key, value in variables.items())
        assert size <= ENVIRONMENT, name
        if "PRODUCTS" in variables:
            assert Products.from_json(variables["PRODUCTS"]) == assembly.stage.products
            told += 1
        if "PRODUCT_CODE" in variables:
            assert variables["PRODUCT_CODE"] == f"{PRODUCT_CODE},{SECOND}"
    assert told > 5


def test_a_dimension_of_both_is_shown_for_each(assembly: Assembly) -> None:
    (dashboard,) = assembly.properties("AWS::CloudWatch::Dashboard")
    shown = json.dumps(dashboard)
    assert f"api_calls ({PRODUCT_CODE})" in shown and f"api_calls ({SECOND})" in shown
    assert "active_users" in shown and "active_users (" not in shown


def statements(assembly: Assembly, queue: str) -> list[dict[str, Any]]:
    return [
        statement
        for policy in assembly.properties("AWS::SQS::QueuePolicy")
        if {"Ref": queue} in policy["Queues"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
