"""The product is another account's: its role is assumed, its events are let in, and it has a stack that makes both."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from stacks import synth
from stacks.stage import StageError
from tests.stacks.conftest import SELLER_ACCOUNT, company_stage
from tests.synthesized import ACCOUNT, Assembly, as_list, shipped

ROLE = f"arn:aws:iam::{SELLER_ACCOUNT}:role/marketplace/Metering"
CALLERS = {
    "registration",
    "entitlement-notices",
    "submit-batch",
    "reconcile-calls",
    "reconcile-usage",
    "reconcile-invoices",
    "search-agreements",
}


def test_functions_that_call_marketplace_may_only_assume_the_sellers_role(company: Assembly) -> None:
    for function in company.functions():
        allowed = {
            action: as_list(statement["Resource"])
            for statement in company.policies_of(function)
            for action in as_list(statement["Action"])
        }
        assert not [action for action in allowed if action.startswith("aws-marketplace:")]
        assert allowed.get("sts:AssumeRole") == ([ROLE] if function in CALLERS else None)


def test_they_have_the_role_and_the_external_id_as_settings(company: Assembly, prod: Assembly) -> None:
    for assembly, told in ((company, (ROLE, "yawl-metering:prod")), (prod, ("", ""))):
        for name, function in assembly.functions().items():
            variables = function["Environment"]["Variables"]
            said = (variables.get("SELLER_ROLE_ARN"), variables.get("EXTERNAL_ID"))
            assert said == (told if name in CALLERS else (None, None))


def test_the_sellers_stack_makes_the_role_that_the_stage_names(seller: Assembly) -> None:
    (role,) = [each for each in seller.properties("AWS::IAM::Role") if "RoleName" in each]
    assert (role["Path"], role["RoleName"]) == ("/marketplace/", "Metering")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert statement["Condition"]["StringEquals"] == {"sts:ExternalId": "yawl-metering:prod"}


def test_only_roles_of_our_stacks_may_assume_it(seller: Assembly, company: Assembly) -> None:
    (role,) = [each for each in seller.properties("AWS::IAM::Role") if "RoleName" in each]
    pattern = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["ArnLike"]["aws:PrincipalArn"]
    assert pattern.startswith(f"arn:*:iam::{ACCOUNT}:role/")
    of_names = pattern.rsplit("/", 1)[-1]
    # CloudFormation makes a role's name of its stack's, which it cuts where both are long
    for stack in ("Audit", "Doors", "Metering"):
        for name, deployed in company.resources("AWS::IAM::Role", stack=stack):
            assert "RoleName" not in deployed["Properties"]
            assert re.fullmatch(of_names.replace("*", ".*"), f"YawlMetering-prod-{stack}"[:20] + f"-{name}"[:20])


def test_the_role_may_make_these_calls_and_no_other(seller: Assembly) -> None:
    policies = [each for each in seller.properties("AWS::IAM::Policy") if "MeteringRole" in each["PolicyName"]]
    calls, search, *feeds = [entry for policy in policies for entry in policy["PolicyDocument"]["Statement"]]
    assert [entry["Action"] for entry in feeds] == ["s3:ListBucket", "s3:GetObject"]
    assert all("*" not in as_list(entry["Resource"]) for entry in feeds)
    assert sorted(search["Action"]) == [
        *("aws-marketplace:DescribeAgreement", "aws-marketplace:GetAgreementEntitlements"),
        "aws-marketplace:SearchAgreements",
    ]
    assert search["Condition"] == {
        "StringEqualsIfExists": {"aws-marketplace:PartyType": "Proposer"},
        "ForAllValues:StringEquals": {"aws-marketplace:AgreementType": ["PurchaseAgreement"]},
    }
    assert set(calls["Action"]) == {
        "aws-marketplace:BatchMeterUsage",
        "aws-marketplace:ResolveCustomer",
        "aws-marketplace:GetEntitlements",
        "aws-marketplace:ListAgreementInvoiceLineItems",
        "cloudtrail:LookupEvents",
    }


def test_the_sellers_events_go_straight_to_the_stages_bus(seller: Assembly, company: Assembly) -> None:
    """An event that came from another account is not passed on again, so us-east-1 of our own account has no part."""
    assert seller.stacks() == ["Seller"]
    manifest = json.loads((seller.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["artifacts"]["YawlMetering-prod-Seller"]["environment"] == f"aws://{SELLER_ACCOUNT}/us-east-1"
    assert "Notices" not in company.stacks()
    (rule,) = seller.properties("AWS::Events::Rule")
    (target,) = rule["Targets"]
    assert f":events:eu-central-1:{ACCOUNT}:event-bus/default" in json.dumps(target["Arn"])
    # A rule reaches another account's bus only with a role. Undelivered events are kept, and have an alarm.
    assert "RoleArn" in target
    assert "DeadLetterConfig" in target
    assert seller.properties("AWS::CloudWatch::Alarm")


def test_the_stages_bus_lets_the_sellers_marketplace_events_in_and_nothing_else(
    company: Assembly, prod: Assembly
) -> None:
    (policy,) = company.properties("AWS::Events::EventBusPolicy")
    assert policy["EventBusName"] == "default"
    statement = policy["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{SELLER_ACCOUNT}:root"}
    assert statement["Action"] == "events:PutEvents"
    assert statement["Condition"] == {"StringEquals": {"events:source": "aws.agreement-marketplace"}}
    assert prod.properties("AWS::Events::EventBusPolicy") == []


def test_rules_match_only_the_sellers_events_and_those_that_the_seller_passes_on(
    company: Assembly, seller: Assembly, prod: Assembly
) -> None:
    rules = company.properties("AWS::Events::Rule", stack="Doors")
    # A rule of the stage's own bus hears no Marketplace.
    patterns = [rule["EventPattern"] for rule in rules if "source" in rule.get("EventPattern", {})]
    assert [pattern["account"] for pattern in patterns] == [[SELLER_ACCOUNT]] * 2
    (passed_on,) = seller.properties("AWS::Events::Rule")
    wanted = {kind for pattern in patterns for kind in pattern["detail-type"]}
    assert wanted == set(passed_on["EventPattern"]["detail-type"])
    assert not [rule for rule in prod.properties("AWS::Events::Rule") if "account" in rule.get("EventPattern", {})]


def test_a_role_of_the_stages_own_account_changes_nothing_of_notices() -> None:
    own = replace(company_stage(), seller_role_arn=f"arn:aws:iam::{ACCOUNT}:role/Metering")
    assert own.seller_account is None
    assert own.notices_region_is_elsewhere()


@pytest.mark.parametrize(
    ("context", "line"),
    [
        (
            {"seller": "yes"},
            "-c seller=yes: is neither true nor false: leave it out, which makes the stage's own stacks",
        ),
        (
            {"seller": "true"},
            "stages/dev.toml: sellerRoleArn names no role of another account: -c seller=true makes the stack of the"
            " seller's account, which only such a stage has",
        ),
    ],
)
def test_a_stack_that_the_stage_has_no_seller_for_is_refused_by_one_line(context: dict[str, Any], line: str) -> None:
    given = {"stage": "dev", "productCode": "1234567890abcdefghijklmno", **context}
    with pytest.raises(StageError) as raised:
        synth.stage_of(given)
    assert str(raised.value) == line


def test_production_has_no_seller_but_itself() -> None:
    assert shipped("prod").seller_account is None
