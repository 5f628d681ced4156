"""The roles of the people who operate a stage: who may take them, and what each may do, right by right."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ledger import tables
from ledger.findings import Finding, Findings
from ops.read.queues import QUEUES
from ops.repair.redrive import WAYS
from stacks.stage import Operators
from tests.stacks.conftest import KEY
from tests.synthesized import Assembly, as_list, references, shipped

#: What a person may do with tables. Neither role may scan.
READ: dict[str, set[str]] = {
    "Subscribers": {"GetItem"},
    "Subscribers/index/StatusIndex": {"Query"},
    "UsageEvents": {"GetItem"},
    "MeteringRecords": {"GetItem", "BatchGetItem", "Query"},
    "MeteringRecords/index/PendingMeteringRecordsIndex": {"Query"},
    "MeteringRecords/index/FailedMeteringRecordsIndex": {"Query"},
    "MeteringState": {"GetItem", "Query"},
    "Audit": {"Query"},
    "Audit/index/OpenFindingsIndex": {"Query"},
}
REPAIR: dict[str, set[str]] = {
    "Subscribers": {"ConditionCheckItem"},
    "UsageEvents": {"BatchGetItem", "UpdateItem"},
    "MeteringRecords": {"UpdateItem"},
    "MeteringState": {"UpdateItem", "DeleteItem"},
    "Audit": {"PutItem", "UpdateItem"},
}
LOOKS = {
    "sqs:GetQueueAttributes",
    "states:ListExecutions",
    "states:DescribeExecution",
    "cloudwatch:DescribeAlarms",
    "logs:FilterLogEvents",
    "cloudformation:DescribeStacks",
}
MOVES = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:SendMessage"}
ADJUSTS = {"aws-marketplace:ListAgreementInvoiceLineItems", "aws-marketplace:BatchCreateBillingAdjustmentRequest"}

ADJUSTS = {"aws-marketplace:ListAgreementInvoiceLineItems", "aws-marketplace:BatchCreateBillingAdjustmentRequest"}


def statements(assembly: Assembly, role: str) -> list[dict[str, Any]]:
    """The statements of a role, by the beginning of its logical id."""
    policies = assembly.properties("AWS::IAM::Policy", stack="Operators")
    mine = [policy for policy in policies if policy["Roles"][0]["Ref"].startswith(role)]
    return [statement for policy in mine for statement in policy["PolicyDocument"]["Statement"]]


def test_the_rights_fit_into_inline_policies(company: Assembly) -> None:
    """Managed policies would need further rights of the role with which CloudFormation deploys."""
    assert company.properties("AWS::IAM::ManagedPolicy", stack="Operators") == []


def outputs(node: Any) -> set[str]:
    """The outputs of other stacks that a part of a template takes."""
    if isinstance(node, dict):
        if "Fn::GetStackOutput" in node:
            return {node["Fn::GetStackOutput"]["OutputName"]}
        return set().union(*map(outputs, node.values()))
    return set().union(*map(outputs, node)) if isinstance(node, list) else set()


def behind(assembly: Assembly, output: str) -> set[str]:
    """The logical ids that an output of any stack is made of."""
    found: set[str] = set()
    for stack in assembly.stacks():
        value = assembly.template(stack).get("Outputs", {}).get(output)
        found |= set(references(value)) if value else set()
    return found


def on_tables(assembly: Assembly, role: str) -> dict[str, set[str]]:
    """DynamoDB actions by table, or table and index."""
    found: dict[str, set[str]] = {}
    for statement in statements(assembly, role):
        actions = {a.removeprefix("dynamodb:") for a in as_list(statement["Action"]) if a.startswith("dynamodb:")}
        for resource in as_list(statement["Resource"]) if actions else ():
            (table,) = {id_ for output in outputs(resource) for id_ in behind(assembly, output)}
            name = table.split("Table")[0]
            parts = resource["Fn::Join"][1] if "Fn::Join" in resource else []
            index = "".join(part for part in parts if isinstance(part, str) and "/index/" in part)
            found.setdefault(name + index, set()).update(actions)
    return found


def services(assembly: Assembly, role: str) -> set[str]:
    every = {action for statement in statements(assembly, role) for action in as_list(statement["Action"])}
    return {action for action in every if not action.startswith(("dynamodb:", "kms:"))}


def test_operator_read_sees_and_changes_nothing(company: Assembly) -> None:
    assert on_tables(company, "OperatorRead") == READ
    assert services(company, "OperatorRead") == LOOKS


def test_operator_repair_changes_what_ops_changes(company: Assembly) -> None:
    both = {name: READ.get(name, set()) | REPAIR.get(name, set()) for name in READ | REPAIR}
    assert on_tables(company, "OperatorRepair") == both
    assert services(company, "OperatorRepair") == LOOKS | MOVES | ADJUSTS


@pytest.mark.parametrize("role", ["OperatorRead", "OperatorRepair"])
def test_contact_data_cannot_be_read(company: Assembly, role: str) -> None:
    """A request without a list of attributes selects all of them, so the condition on Select refuses it."""
    reading = [s for s in statements(company, role) if "Select" in str(s.get("Condition"))]
    (statement,) = reading
    assert set(as_list(statement["Action"])) == {"dynamodb:GetItem"}
    allowed = set(statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:Attributes"])
    assert allowed == set(tables.SUBSCRIBER_FACTS)
    assert not allowed & {"email", "company", "name"}
    assert statement["Condition"]["StringEqualsIfExists"] == {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}


def test_only_a_pause_is_deleted_and_only_a_finding_changed(company: Assembly) -> None:
    conditions = {
        action: statement["Condition"]["ForAllValues:StringEquals"]
        for statement in statements(company, "OperatorRepair")
        for action in as_list(statement["Action"])
        if "Condition" in statement and "Select" not in str(statement["Condition"])
    }
    assert conditions == {
        "dynamodb:DeleteItem": {"dynamodb:LeadingKeys": [tables.PAUSED]},
        "dynamodb:UpdateItem": {"dynamodb:Attributes": list(tables.CLOSES_FINDING)},
    }


def test_a_finding_is_closed_with_the_attributes_that_the_role_may_change() -> None:
    """A request that names any other attribute is refused (DynamoDB Developer Guide, "Using IAM policy conditions for
    fine-grained access control")."""
    finding = Finding(subject="c", depth="calls", period="p", dimension="d", kind="only_here", ours="1", theirs=None)
    table: Any = SimpleNamespace(name="yawl-audit")
    request = Findings(table).closing(finding, "closed", "a person", 0.0)["Update"]
    named = {*request["ExpressionAttributeNames"].values(), *request["Key"]}
    assert named == set(tables.CLOSES_FINDING)
    assert not named & {"who", "why", "command", "target", "change"}


def queues_of(assembly: Assembly, role: str, action: str) -> set[str]:
    """Logical ids of the queues on which an action is allowed."""
    named = [s["Resource"] for s in statements(assembly, role) if action in as_list(s["Action"])]
    return {id_ for output in outputs(named) for id_ in behind(assembly, output)}


def test_every_queue_that_is_shown_may_be_counted(company: Assembly) -> None:
    shown = {id_ for queue in QUEUES for id_ in behind(company, queue.output)}
    assert len(shown) == len(QUEUES), "each output has its queue"
    (named,) = [
        s["Resource"] for s in statements(company, "OperatorRead") if "sqs:GetQueueAttributes" in as_list(s["Action"])
    ]
    *_, beginning = named["Fn::Join"][1]
    assert beginning.endswith(":YawlMetering-prod-*")
    made = dict(company.resources("AWS::SQS::Queue"))
    for id_ in shown:
        # CloudFormation makes the name, which begins with the stack's.
        assert "QueueName" not in made[id_]["Properties"]


def test_messages_are_moved_on_the_ways_of_redrive_and_on_no_other(company: Assembly) -> None:
    sources = {id_ for way in WAYS.values() for id_ in behind(company, way.source)}
    targets = {id_ for way in WAYS.values() for id_ in behind(company, way.target)}
    assert len(sources) == len(WAYS)
    for action in ("ReceiveMessage", "DeleteMessage"):
        assert queues_of(company, "OperatorRepair", f"sqs:{action}") == sources
    # Of other messages nothing is unreadable, so none is left.
    usage = {id_ for way in WAYS.values() if way.kind != "other" for id_ in behind(company, way.source)}
    assert queues_of(company, "OperatorRepair", "sqs:ChangeMessageVisibility") == usage
    assert queues_of(company, "OperatorRepair", "sqs:SendMessage") == targets


def test_the_roles_are_taken_by_whom_the_stage_names(company: Assembly) -> None:
    taken = {
        name[:-8]: {
            principal
            for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            for principal in as_list(statement["Principal"]["AWS"])
        }
        for name, role in company.resources("AWS::IAM::Role", stack="Operators")
    }
    assert company.stage.operators is not None
    read, repair = company.stage.operators.read, company.stage.operators.repair
    assert taken == {"OperatorRead": {*read, *repair}, "OperatorRepair": set(repair)}


def test_each_role_may_use_the_stages_key(company: Assembly) -> None:
    for role in ("OperatorRead", "OperatorRepair"):
        (statement,) = [s for s in statements(company, role) if "kms" in str(s["Action"])]
        assert statement["Resource"] == KEY


def test_a_stage_that_names_nobody_has_no_such_roles(prod: Assembly) -> None:
    assert "Operators" not in prod.stacks()


def test_a_stage_without_repairers_has_the_reading_role_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    stage = replace(shipped("prod"), operators=Operators(read=("arn:aws:iam::111122223333:role/oncall",)))
    assembly = Assembly.of(stage, tmp_path_factory.mktemp("readers"))
    assert [name[:12] for name, _ in assembly.resources("AWS::IAM::Role", stack="Operators")] == ["OperatorRead"]
