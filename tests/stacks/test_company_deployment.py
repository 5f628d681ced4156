"""What a company asks of every stack: tags, a boundary of all roles, its own bootstrap, a budget."""

import json
from dataclasses import replace

import pytest

from stacks import company as settings
from tests.stacks.conftest import SELLER_ACCOUNT, company_stage
from tests.synthesized import ACCOUNT, Assembly

TAGS = {"CostCenter": "1234", "team:owner": "billing", "yawl-metering-stage": "prod"}
#: The property with a type's tags, if it is not ``Tags``.
OTHERWISE = {
    "AWS::Backup::BackupPlan": "BackupPlanTags",
    "AWS::Backup::BackupVault": "BackupVaultTags",
    "AWS::Budgets::Budget": "ResourceTags",
}
#: Types that CloudFormation cannot tag.
WITHOUT = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Resource",
    "AWS::Events::EventBusPolicy",
    "AWS::Backup::BackupSelection",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::IAM::Policy",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::MetricFilter",
    "AWS::Route53::RecordSet",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
    "AWS::StepFunctions::StateMachineAlias",
    "AWS::StepFunctions::StateMachineVersion",
    "AWS::WAFv2::WebACLAssociation",
}


def test_every_resource_is_tagged(company: Assembly, seller: Assembly) -> None:
    for assembly in (company, seller):
        for stack in assembly.stacks():
            for name, resource in assembly.template(stack)["Resources"].items():
                if resource["Type"] in WITHOUT:
                    continue
                tags = resource["Properties"].get(OTHERWISE.get(resource["Type"], "Tags"), [])
                found = tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
                assert found == TAGS, f"{name} ({resource['Type']})"


def test_every_stack_is_tagged(company: Assembly, seller: Assembly) -> None:
    for assembly in (company, seller):
        manifest = json.loads((assembly.folder / "manifest.json").read_text(encoding="utf-8"))
        stacks = [each for each in manifest["artifacts"].values() if each["type"] == "aws:cloudformation:stack"]
        assert len(stacks) == len(assembly.stacks())
        assert [stack["properties"]["tags"] for stack in stacks] == [TAGS] * len(stacks)


def test_every_role_has_the_boundary(company: Assembly, seller: Assembly, prod: Assembly) -> None:
    for assembly, account in ((company, ACCOUNT), (seller, SELLER_ACCOUNT)):
        roles = assembly.properties("AWS::IAM::Role")
        assert {role.get("PermissionsBoundary") for role in roles} == {
            f"arn:aws:iam::{account}:policy/developers/boundary"
        }
    assert not [role for role in prod.properties("AWS::IAM::Role") if "PermissionsBoundary" in role]


@pytest.mark.parametrize(
    ("boundary", "account", "applies"),
    [
        (f"arn:aws:iam::{ACCOUNT}:policy/boundary", None, True),
        (f"arn:aws:iam::{ACCOUNT}:policy/boundary", SELLER_ACCOUNT, False),
        ("arn:aws:iam::aws:policy/PowerUserAccess", SELLER_ACCOUNT, True),
        ("boundary", SELLER_ACCOUNT, True),
    ],
)
def test_a_boundary_of_another_account_is_not_named_in_the_sellers(
    boundary: str, account: str | None, applies: bool
) -> None:
    stage = replace(company_stage(), permissions_boundary=boundary)
    assert ("permissions_boundary" in settings.stack_settings(stage, account=account)) is applies


def test_a_bootstrap_of_ones_own_is_used_for_everything(company: Assembly, seller: Assembly, prod: Assembly) -> None:
    for assembly, qualifier in ((company, "acme12345"), (seller, "acme12345"), (prod, "hnb659fds")):
        manifest = json.loads((assembly.folder / "manifest.json").read_text(encoding="utf-8"))
        for artifact in manifest["artifacts"].values():
            if artifact["type"] == "aws:cloudformation:stack":
                properties = artifact["properties"]
                assert f"/cdk-{qualifier}-deploy-role-" in properties["assumeRoleArn"]
                assert f"/cdk-{qualifier}-cfn-exec-role-" in properties["cloudFormationExecutionRoleArn"]
                assert properties["bootstrapStackVersionSsmParameter"] == f"/cdk-bootstrap/{qualifier}/version"


def test_a_budget_counts_resources_with_the_stages_tag(company: Assembly, prod: Assembly) -> None:
    (deployed,) = company.properties("AWS::Budgets::Budget")
    budget = deployed["Budget"]
    assert budget["BudgetLimit"] == {"Amount": 250, "Unit": "USD"}
    assert (budget["BudgetType"], budget["TimeUnit"]) == ("COST", "MONTHLY")
    assert budget["CostFilters"] == {"TagKeyValue": ["user:yawl-metering-stage$prod"]}
    # Changed notifications replace a budget, and the old one would hold a given name.
    assert "BudgetName" not in budget
    assert prod.properties("AWS::Budgets::Budget") == []


def test_a_budget_sends_mail_early_when_it_is_spent_and_when_it_will_be(company: Assembly) -> None:
    (deployed,) = company.properties("AWS::Budgets::Budget")
    told = {
        (entry["Notification"]["NotificationType"], entry["Notification"]["Threshold"]): [
            subscriber["Address"] for subscriber in entry["Subscribers"]
        ]
        for entry in deployed["NotificationsWithSubscribers"]
    }
    assert told == {
        told_at: ["finops@vendor.com"] for told_at in (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
    }
