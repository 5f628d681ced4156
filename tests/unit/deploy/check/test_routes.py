"""Notices and alarms reach their receivers."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deploy.check.routes import (
    e_mail_lines,
    e_mail_route_lines,
    no_route_lines,
    subscription_line,
    subscription_lines,
    topic_route_line,
    topic_route_lines,
)
from deploy.check.topics import topic_line, topic_lines
from deploy.deployed_stacks import Resource
from deploy.deployed_stage import DeployedStage
from deploy.line import State
from stacks.stage import Stage
from tests.unit.deploy.answers import answering, refused
from tests.unit.deploy.targets import stage, target

ANN, BOB = "ann@yawl-vendor.com", "bob@yawl-vendor.com"
TOPIC = "arn:aws:sns:us-east-1:123456789012:pager"
CONFIRMED = f"{TOPIC}:0e1f"


def routed(page: tuple[str, ...] = (), ticket: tuple[str, ...] = ()) -> Stage:
    found = stage()
    return replace(found, alarms=replace(found.alarms, page=page, ticket=ticket))


def subscribed(address: str, arn: str = CONFIRMED) -> dict[str, str]:
    return {"Endpoint": address, "SubscriptionArn": arn, "Protocol": "email"}


@pytest.mark.parametrize(
    ("subscriptions", "state"),
    [
        ([subscribed(ANN)], State.GREEN),
        ([subscribed(ANN, "PendingConfirmation")], State.RED),
        ([subscribed(ANN, "Deleted")], State.RED),
        ([subscribed(BOB)], State.RED),
        ([], State.RED),
    ],
)
def test_an_unconfirmed_address_is_red(subscriptions: list[dict[str, str]], state: State) -> None:
    (line,) = e_mail_lines(routed(page=(ANN,)), "us-east-1", subscriptions)
    assert line.state is state and ANN in line.about


def test_an_address_in_both_lists_has_to_confirm_twice() -> None:
    both = routed(page=(ANN,), ticket=(ANN,))
    (line,) = e_mail_lines(both, "us-east-1", [subscribed(ANN), subscribed(ANN, "PendingConfirmation")])
    assert line.state is State.RED
    (line,) = e_mail_lines(both, "us-east-1", [subscribed(ANN), subscribed(ANN)])
    assert line.state is State.GREEN


def test_addresses_are_looked_for_in_each_region_that_has_alarms() -> None:
    abroad = target(region="eu-west-1", test_accounts=("111122223333",), alarms=routed(page=(ANN,)).alarms)
    there = DeployedStage(target=abroad)
    alarm = Resource("eu-west-1", "A", "AWS::CloudWatch::Alarm", "A")
    topics = [Resource(region, "T", "AWS::SNS::Topic", TOPIC) for region in ("eu-west-1", "us-east-1")]
    there.__dict__["resources"] = (alarm, *topics)
    with answering({"ListSubscriptionsByTopic": [{"Subscriptions": [subscribed(ANN)]}, {"Subscriptions": []}]}):
        lines = list(e_mail_route_lines(there))
    assert [(line.about.rsplit(" ", 1)[-1], line.state) for line in lines] == [
        ("eu-west-1", State.GREEN),
        ("us-east-1", State.RED),
    ]


def test_a_stage_that_is_not_deployed_has_no_subscriptions_to_look_at() -> None:
    there = DeployedStage(target=target())
    there.__dict__["resources"] = ()
    assert list(e_mail_route_lines(there)) == list(subscription_lines(there)) == []


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"Attributes": {"TopicArn": TOPIC}}, State.GREEN),
        (refused("NotFound"), State.RED),
        (refused("InvalidParameter"), State.RED),
        (refused("AuthorizationError"), State.YELLOW),
    ],
)
def test_a_topic_is_asked_for_in_its_own_region(answer: Any, state: State) -> None:
    arn = TOPIC.replace("us-east-1", "eu-west-1")
    with answering({"GetTopicAttributes": answer}) as calls:
        (line,) = topic_route_lines(DeployedStage(target=target()), (ANN, arn, arn))
    assert line.state is state
    assert [call.region for call in calls] == ["eu-west-1"]
    assert topic_route_line(arn, None).state is State.GREEN


def test_an_empty_list_of_receivers_is_yellow() -> None:
    assert [line.about for line in no_route_lines(routed())] == ["alarms.page", "alarms.ticket"]
    assert list(no_route_lines(routed((ANN,), (TOPIC,)))) == []


def test_a_subscription_that_is_gone_or_pending_is_red() -> None:
    assert subscription_line("Topic", {"PendingConfirmation": "false", "TopicArn": TOPIC}).state is State.GREEN
    assert subscription_line("Topic", {"PendingConfirmation": "true", "TopicArn": TOPIC}).state is State.RED
    assert subscription_line("Topic", None).state is State.RED


def test_subscriptions_to_marketplaces_topics_are_asked_where_the_topics_are() -> None:
    there = DeployedStage(target=target(region="eu-west-1"))
    pending = Resource("eu-west-1", "Mail", "AWS::SNS::Subscription", "pending confirmation")
    queue = Resource("eu-west-1", "Topic", "AWS::SNS::Subscription", CONFIRMED)
    there.__dict__["resources"] = (pending, queue)
    attributes = {"Attributes": {"PendingConfirmation": "false", "TopicArn": TOPIC, "Protocol": "sqs"}}
    with answering({"GetSubscriptionAttributes": attributes}) as calls:
        (line,) = subscription_lines(there)
    assert line.state is State.GREEN
    assert [call.region for call in calls] == ["us-east-1"]
    with answering({"GetSubscriptionAttributes": refused("NotFound")}):
        assert [line.state for line in subscription_lines(there)] == [State.RED]


@pytest.mark.parametrize(
    ("refusal", "state"),
    [
        (None, State.GREEN),
        (refused("NotFound"), State.RED),
        # SNS answers the same for a topic that exists and for one that does not.
        (refused("AuthorizationError"), State.YELLOW),
        (refused("Throttled"), State.YELLOW),
    ],
)
def test_a_refusal_of_sns_is_red_only_where_it_is_certain(refusal: ClientError | None, state: State) -> None:
    assert topic_line(TOPIC, refusal).state is state


def test_a_stage_without_topics_asks_for_none() -> None:
    with answering({}) as calls:
        (line,) = topic_lines(DeployedStage(target=target(notices=("eventbridge",))))
    assert line.state is State.GREEN and not calls


def test_topics_are_in_us_east_1_wherever_the_stage_is() -> None:
    taking = target(region="eu-west-1", notices=("eventbridge", "sns"), test_accounts=("111122223333",))
    with answering({"GetTopicAttributes": refused("NotFound")}) as calls:
        lines = list(topic_lines(DeployedStage(target=taking)))
    assert [line.state for line in lines] == [State.RED, State.RED]
    assert {call.region for call in calls} == {"us-east-1"}
