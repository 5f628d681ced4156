"""Whom each alarm calls."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from stacks import synth
from tests.stacks.alarm_facts import Alarm, alarms, on, speaker
from tests.stacks.conftest import IRISH_KEY
from tests.synthesized import Assembly, shipped


@pytest.fixture(params=["Watch", "Notices"])
def some(request: pytest.FixtureRequest, abroad: Assembly) -> Mapping[str, Alarm]:
    """All alarms of a stage abroad, stack by stack."""
    return alarms(abroad, stack=request.param)


def mails(assembly: Assembly, stack: str) -> dict[str, str]:
    """Addresses by the topic's logical id."""
    return {
        subscription["Properties"]["TopicArn"]["Ref"]: subscription["Properties"]["Endpoint"]
        for _, subscription in assembly.resources("AWS::SNS::Subscription", stack=stack)
        if subscription["Properties"]["Protocol"] == "email"
    }


def test_an_alarm_goes_where_its_severity_goes_and_says_when_it_is_over(
    some: Mapping[str, Alarm], abroad: Assembly
) -> None:
    for alarm in some.values():
        if alarm.severity == "Silent":
            assert not alarm.actions
            continue
        (action,) = alarm.actions
        assert alarm.properties["OKActions"] == [action]
        routes = abroad.stage.alarms.page if alarm.severity == "Page" else abroad.stage.alarms.ticket
        assert (mails(abroad, alarm.stack)[action["Ref"]],) == routes


def test_no_alarm_is_without_a_listener(engines: Assembly) -> None:
    """A silent one is a part of an alarm that is not."""
    for alarm in alarms(engines).values():
        assert speaker(engines, alarm).actions, alarm.name
        assert speaker(engines, alarm).severity in ("Page", "Ticket")


def test_existing_topics_are_used_in_their_own_region_only(tmp_path: Path) -> None:
    here, there = "arn:aws:sns:eu-west-1:111122223333:oncall", "arn:aws:sns:us-east-1:111122223333:oncall"
    stage = shipped("prod")
    routes = replace(stage.alarms, page=(here, there), ticket=())
    assembly = Assembly.of(replace(stage, region="eu-west-1", alarms=routes), tmp_path)

    def actions(stack: str, severity: str) -> set[str]:
        found = [alarm for alarm in alarms(assembly, stack=stack).values() if alarm.severity == severity]
        assert found or stack == "Notices"
        return {action for alarm in found for action in alarm.actions}

    assert actions("Watch", "Page") == {here}
    assert actions("Notices", "Page") == {there}
    assert actions("Watch", "Ticket") == set()
    # There is no topic of our own whose mail could fail.
    assert not assembly.properties("AWS::SNS::Topic")
    assert not on(assembly, "NumberOfNotificationsFailed")


# --- delivery of the alarms themselves --------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", ["Watch", "Notices"])
def test_undelivered_mail_of_one_severity_calls_the_people_of_the_other(abroad: Assembly, stack: str) -> None:
    found = [
        a
        for a in alarms(abroad, stack=stack).values()
        if a.metrics and a.metrics[0].name == "NumberOfNotificationsFailed"
    ]
    told = {mails(abroad, stack)[_topic(alarm)]: mails(abroad, stack)[alarm.actions[0]["Ref"]] for alarm in found}
    (page,), (ticket,) = abroad.stage.alarms.page, abroad.stage.alarms.ticket
    assert told == {page: ticket, ticket: page}
    assert {(alarm.properties["Threshold"], alarm.metrics[0].statistic) for alarm in found} == {(1, "Sum")}


def _topic(alarm: Alarm) -> str:
    return str(alarm.metrics[0].dimensions["TopicName"])


def test_undelivered_mail_calls_its_own_severity_if_the_other_has_no_destination(first: Assembly) -> None:
    (alarm,) = on(first, "NumberOfNotificationsFailed")
    assert alarm.severity == "Page"
    assert alarm.actions == [{"Ref": _topic(alarm)}]


# --- the topics -------------------------------------------------------------------------------------------------------


def test_only_cloudwatch_may_publish_and_only_by_tls(prod: Assembly) -> None:
    policies = prod.properties("AWS::SNS::TopicPolicy", stack="Watch")
    assert len(policies) == 2
    for policy in policies:
        deny, allow = sorted(
            policy["PolicyDocument"]["Statement"], key=lambda statement: statement["Effect"], reverse=True
        )
        assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
        assert allow["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert allow["Action"] == "sns:Publish"
        account = prod.stage.account or {"Ref": "AWS::AccountId"}
        assert allow["Condition"] == {"StringEquals": {"aws:SourceAccount": account}}


def test_topics_are_never_encrypted_by_a_key_that_cloudwatch_may_not_use(prod: Assembly, abroad: Assembly) -> None:
    """SNS's own key is one, and an alarm that cannot be published is lost in silence."""
    for assembly in (prod, abroad):
        assert not [topic for topic in assembly.properties("AWS::SNS::Topic") if "KmsMasterKeyId" in topic]


def test_topics_are_encrypted_by_the_stages_own_key_in_its_own_region(dev: Assembly) -> None:
    topics = dev.properties("AWS::SNS::Topic", stack="Watch")
    assert [topic["KmsMasterKeyId"] for topic in topics] == [IRISH_KEY, IRISH_KEY]
    # A key serves its own Region only.
    abroad = dev.properties("AWS::SNS::Topic", stack="Notices")
    assert ["KmsMasterKeyId" in topic for topic in abroad] == [False, False]


def test_the_keys_policy_is_documented() -> None:
    operations = (synth.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for words in ("cloudwatch.amazonaws.com", "kms:Decrypt", "kms:GenerateDataKey*"):
        assert words in operations
