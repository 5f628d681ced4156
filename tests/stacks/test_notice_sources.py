"""Where notices come from: Marketplace's topics and the event bus, as the product has them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.products import selling
from tests.stacks.queue_policies import statements
from tests.synthesized import PRODUCT_CODE, Assembly, as_list, shipped

MARKETPLACE_TOPIC = f"arn:aws:sns:us-east-1:287250355862:aws-mp-{{}}-notification-{PRODUCT_CODE}"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """A legacy product without contracts."""
    stage = selling(shipped("dev"), integration="legacy", notices=("sns",), pricing_model="subscription", tiers=())
    return Assembly.of(replace(stage, test_accounts=("444455556666",)), tmp_path_factory.mktemp("plain"))


def test_the_topics_of_a_product_with_contracts_are_subscribed_without_raw_delivery(local: Assembly) -> None:
    every = local.properties("AWS::SNS::Subscription", stack="Doors")
    # People subscribe to mails about buyers by e-mail.
    subscriptions = [each for each in every if each["Protocol"] != "email"]
    # The entitlement queue gets subscriptions, too: an hour is sealed by entitlements newer than the last start.
    topics = sorted(
        (entry["Endpoint"]["Fn::GetAtt"][0].split("Queue")[0], entry["TopicArn"]) for entry in subscriptions
    )
    assert topics == [
        ("Entitlement", MARKETPLACE_TOPIC.format("entitlement")),
        ("Entitlement", MARKETPLACE_TOPIC.format("subscription")),
        ("Subscription", MARKETPLACE_TOPIC.format("subscription")),
    ]
    for subscription in subscriptions:
        assert subscription["Protocol"] == "sqs"
        assert subscription["Region"] == "us-east-1"
        assert "RawMessageDelivery" not in subscription
        assert "deadLetterTargetArn" in subscription["RedrivePolicy"]


def test_a_queue_abroad_still_hears_us_east_1(abroad: Assembly) -> None:
    for subscription in abroad.properties("AWS::SNS::Subscription", stack="Doors"):
        assert subscription["Region"] == "us-east-1"
        # SNS wants a subscription's dead-letter queue in the topic's Region
        assert "RedrivePolicy" not in subscription


def test_an_opt_in_regions_own_name_of_sns_may_send_as_well(abroad: Assembly, local: Assembly) -> None:
    """SNS delivers into a Region that was switched on under another name: without it notices are dropped in silence."""
    for assembly, names in (
        (abroad, {"sns.amazonaws.com", "sns.me-central-1.amazonaws.com"}),
        (local, {"sns.amazonaws.com"}),
    ):
        queues = [id_ for id_, _ in assembly.resources("AWS::SQS::Queue", stack="Doors")]
        allowed = [entry for queue in queues for entry in statements(assembly, queue) if entry["Effect"] == "Allow"]
        services = {service for entry in allowed for service in as_list(entry["Principal"]["Service"])}
        assert services == {*names, "events.amazonaws.com"}


def test_a_product_of_licences_has_no_topics_to_subscribe_to(prod: Assembly) -> None:
    assert [each.integration for each in prod.stage.products] == ["license"]
    assert prod.properties("AWS::SNS::Subscription", stack="Doors") == []


def test_a_plain_subscription_has_no_entitlement_topic(plain: Assembly) -> None:
    (subscription,) = plain.properties("AWS::SNS::Subscription", stack="Doors")
    assert subscription["TopicArn"] == MARKETPLACE_TOPIC.format("subscription")


def test_events_of_a_legacy_product_have_no_rule(plain: Assembly) -> None:
    assert rules(plain, "Doors") == {}


def test_only_marketplaces_topics_and_our_rule_may_send_to_a_notice_queue(local: Assembly) -> None:
    for name, kinds in (("SubscriptionQueue", {"subscription"}), ("EntitlementQueue", {"subscription", "entitlement"})):
        (queue,) = (
            id_
            for id_, resource in local.resources("AWS::SQS::Queue")
            if id_.startswith(name) and "RedrivePolicy" in resource["Properties"]
        )
        allowed = [entry for entry in statements(local, queue) if entry["Effect"] == "Allow"]
        topics = set()
        for entry in allowed:
            source = entry["Condition"]["ArnEquals"]["aws:SourceArn"]
            if entry["Principal"]["Service"] == "sns.amazonaws.com":
                topics.update(as_list(source))
            else:
                assert entry["Principal"]["Service"] == "events.amazonaws.com"
                assert source["Fn::GetAtt"][0] in dict(local.resources("AWS::Events::Rule"))
        assert topics == {MARKETPLACE_TOPIC.format(kind) for kind in kinds}


def rules(assembly: Assembly, stack: str) -> dict[str, dict[str, Any]]:
    """The queue that is fed (``elsewhere`` if none) → rule."""
    found = {}
    for rule in assembly.properties("AWS::Events::Rule", stack=stack):
        assert "EventBusName" not in rule, "Marketplace's events arrive on the default bus"
        assert rule["EventPattern"]["source"] == ["aws.agreement-marketplace"]
        (target,) = rule["Targets"]
        assert "DeadLetterConfig" in target
        fed = target["Arn"].get("Fn::GetAtt", ["elsewhereQueue"])[0]
        found[fed.split("Queue")[0]] = rule
    return found


def test_events_of_agreements_and_licences_reach_the_queues(prod: Assembly, abroad: Assembly) -> None:
    for assembly in (prod, abroad):
        fed = rules(assembly, "Doors")
        assert set(fed) == {"Subscription", "Entitlement"}
        kinds = fed["Subscription"]["EventPattern"]["detail-type"]
        assert {"License Updated - Manufacturer", "License Deprovisioned - Manufacturer"} < set(kinds)
        for what in ("Created", "Amended", "Ended"):
            assert f"Purchase Agreement {what} - Proposer" in kinds
            assert f"Purchase Agreement {what} - Manufacturer" in kinds
        assert fed["Entitlement"]["EventPattern"]["detail-type"] == ["License Updated - Manufacturer"]


def test_only_a_stage_abroad_has_a_stack_in_us_east_1_and_it_passes_the_same_events_on(
    prod: Assembly, abroad: Assembly
) -> None:
    assert "Notices" not in prod.stacks()
    there = rules(abroad, "Notices")["elsewhere"]
    passed_on = set(there["EventPattern"]["detail-type"])
    wanted = {kind for rule in rules(abroad, "Doors").values() for kind in rule["EventPattern"]["detail-type"]}
    assert passed_on == wanted
    (target,) = there["Targets"]
    assert ":events:me-central-1:" in json.dumps(target["Arn"])
    assert ":event-bus/default" in json.dumps(target["Arn"])
    manifest = json.loads((abroad.folder / "manifest.json").read_text(encoding="utf-8"))
    environments = {name: entry.get("environment") for name, entry in manifest["artifacts"].items()}
    assert environments["YawlMetering-prod-Notices"].endswith("/us-east-1")
    assert environments["YawlMetering-prod-Doors"].endswith("/me-central-1")


def test_a_stage_that_is_not_live_hears_of_its_test_accounts_only(prod: Assembly, dev: Assembly) -> None:
    """Stages share the seller's account and its bus: each would store every real buyer's notice."""
    patterns = [rule["EventPattern"] for stack in ("Doors", "Notices") for rule in rules(dev, stack).values()]
    assert len(patterns) == 3
    assert [pattern["detail"] for pattern in patterns] == [{"acceptor": {"accountId": ["444455556666"]}}] * 3
    assert all("detail" not in rule["EventPattern"] for rule in rules(prod, "Doors").values())
    for function in ("registration", "subscription-notices", "entitlement-notices"):
        # SNS names no account, so the functions pick by themselves
        assert dev.functions()[function]["Environment"]["Variables"]["NOTICES_OF"] == "444455556666"
