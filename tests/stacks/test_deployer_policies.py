"""The two policies that a company gives out instead of an administrator's, held against what is deployed and how."""

import ast
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from botocore import xform_name
from botocore.session import get_session

from stacks import synth
from tests.synthesized import Assembly, as_list

#: IAM quotas: a managed policy, without white space
LARGEST_POLICY = 6_144
#: the registry's schemas of resource types, as AWS publishes them, with what each handler calls
SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas" / "resources"
HANDLERS = ("create", "read", "update", "delete")
#: Which of what the handlers may call they never do for these templates: service (or action) → what is not used.
NOT_USED = {
    "amplify:*": "web ACLs of other services",
    "apprunner:*": "web ACLs of other services",
    "appsync:*": "web ACLs of other services",
    "bedrock-agentcore:*": "web ACLs of other services",
    "cognito-idp:*": "web ACLs of other services",
    "elasticloadbalancing:*": "web ACLs of other services",
    "ec2:*VerifiedAccess*": "web ACLs of other services",
    "elasticfilesystem:*": "no file systems",
    "s3files:*": "no file systems",
    "codedeploy:*": "aliases move at once",
    "firehose:*": "no delivery streams",
    "kinesis:*": "no Kinesis streams",
    "payments:*": "no managed rules that are paid for",
    "billing:*": "no billing views",
    "iam:*GroupPolicy": "no groups",
    "iam:*UserPolicy": "no users",
    "dynamodb:*TableReplica": "no global tables",
    "dynamodb:*KinesisStreamingDestination": "no Kinesis streams",
    "dynamodb:ImportTable": "no imports",
    "dynamodb:*Item": "items are the functions'; the handlers want them for imports",
    "dynamodb:Query": "items are the functions'",
    "dynamodb:Scan": "items are the functions'",
    "lambda:AssociateRuntimeAlias": "no runtime aliases",
    "lambda:PassCapacityProvider": "no capacity providers",
    "lambda:PutFunctionCodeSigningConfig": "no signed code",
    "lambda:PutFunctionScalingConfig": "no capacity providers",
    "lambda:PutProvisionedConcurrencyConfig": "no provisioned concurrency",
    "logs:CreateLogStream": "the handlers want them for imports of tables",
    "logs:PutLogEvents": "the handlers want them for imports of tables",
    "s3:GetObjectMetadata": "no imports",
    "s3:ListBucket": "no imports",
    "s3:REST.PUT.OBJECT": "no delivery to buckets",
    "s3:AbortMultipartUpload": "no results of queries in a bucket of ours",
    "s3:ListBucketMultipartUploads": "no results of queries in a bucket of ours",
    "s3:ListMultipartUploadParts": "no results of queries in a bucket of ours",
    "s3:DeleteObject": "no objects",
    "s3:PutObject": "no objects",
    "s3:PutObjectAcl": "no objects",
    "s3tables:*": "no metadata tables",
    "glue:*Connection": "no federated databases",
    "glue:GetSchemaVersion": "no schema registry",
    "lakeformation:*": "no rights of Lake Formation",
    "secretsmanager:RemoveRegionsFromReplication": "no replicas",
    "sns:PutDataProtectionPolicy": "no data protection policies",
    "kms:GenerateDataKeyWithoutPlaintext": "no bus is encrypted with a key of its own: its events hold no contact data",
    "kms:ReEncrypt*": "no bus is encrypted with a key of its own",
    "kms:ListAliases": "the key is named by its ARN",
    # no action of IAM's: the handlers' authors have named the API's HTTP verbs
    "wafv2:listWebACLs": "for lists",
}


def policy(name: str) -> dict[str, Any]:
    return dict(json.loads((synth.ROOT / "docs" / f"{name}-policy.json").read_text(encoding="utf-8")))


def allows(name: str) -> list[str]:
    return [action for statement in policy(name)["Statement"] for action in as_list(statement["Action"])]


def is_covered(action: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


@cache
def handlers() -> dict[str, set[str]]:
    """Resource type → all that its handlers call, in any Region's version of it."""
    found: dict[str, set[str]] = {}
    for path in SCHEMAS.glob("*.json"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        called = [schema.get("handlers", {}).get(handler, {}).get("permissions", []) for handler in HANDLERS]
        called.append((schema.get("tagging") or {}).get("permissions", []))
        found.setdefault(schema.get("typeName", ""), set()).update(action for each in called for action in each)
    return found


@pytest.mark.parametrize("name", ["deployer", "cloudformation"])
def test_a_policy_fits_and_allows_nothing_that_is_everything(name: str) -> None:
    document = policy(name)
    assert len(json.dumps(document, separators=(",", ":"))) <= LARGEST_POLICY
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert "NotResource" not in statement
        # a service as a whole only where its resources are named
        if "*" in as_list(statement["Resource"]):
            assert not [action for action in as_list(statement["Action"]) if action.endswith(":*")]
    assert "*" not in allows(name)
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(sids) == len(set(sids))


def test_cloudformation_may_make_every_type_that_a_template_has(
    engines: Assembly, abroad: Assembly, company: Assembly, seller: Assembly
) -> None:
    patterns = allows("cloudformation")
    types = {
        resource["Type"]
        for assembly in (engines, abroad, company, seller)
        for stack in assembly.stacks()
        for resource in assembly.template(stack)["Resources"].values()
    }
    missing = {
        f"{kind}: {action}"
        for kind in types
        for action in handlers()[kind]
        if not is_covered(action, patterns) and not is_covered(action, list(NOT_USED))
    }
    assert missing == set()


def test_what_is_said_to_be_unused_is_not_allowed() -> None:
    """Of whole services at least: a policy is not made wider than its reasons."""
    services = {action.split(":")[0] for action in allows("cloudformation")}
    assert not {entry.split(":")[0] for entry in NOT_USED if entry.endswith(":*")} & services


def test_nobody_deploys_with_a_policy_that_reads_the_ledger() -> None:
    for name in ("deployer", "cloudformation"):
        for action in ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PutItem", "sqs:ReceiveMessage"):
            assert not is_covered(action, allows(name)), f"{name}: {action}"
    assert not is_covered("aws-marketplace:BatchMeterUsage", [*allows("deployer"), *allows("cloudformation")])


#: botocore's name of a service, where IAM has another
PREFIXES = {"stepfunctions": "states"}
#: IAM's names of operations that have another one (Service Authorization Reference, Amazon S3).
NAMED_OTHERWISE = {"s3:ListObjectVersions": "s3:ListBucketVersions", "s3:DeleteObjects": "s3:DeleteObjectVersion"}


def called_by(path: Path) -> Iterator[str]:
    """The IAM actions of a file's calls: of those that it names (``ask("lambda", "get_alias")``), and of the operations
    of a client that it makes, by method or by name (``get_waiter("stack_delete_complete")``)."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    words = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    words |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for node in nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in ("client", "ask"):
            continue
        # The only calls without texts are in ``deploy.aws``, which makes the client for ``ask``.
        texts = [str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)]
        for operation in get_session().get_service_model(texts[0]).operation_names if texts else ():
            asked = words if node.func.attr == "client" else texts[1:]
            if xform_name(operation) in asked:
                action = f"{PREFIXES.get(texts[0], texts[0])}:{operation}"
                yield NAMED_OTHERWISE.get(action, action)


def test_the_deployer_may_call_what_the_commands_call() -> None:
    called = {action for path in (synth.ROOT / "deploy").glob("*.py") for action in called_by(path)}
    assert {"cloudformation:DescribeStacks", "lambda:UpdateAlias", "states:UpdateStateMachineAlias"} <= called
    assert {action for action in called if not is_covered(action, allows("deployer"))} == set()


def test_the_deployer_reaches_the_roles_of_any_bootstrap(company: Assembly, seller: Assembly, prod: Assembly) -> None:
    (statement,) = [each for each in policy("deployer")["Statement"] if "sts:AssumeRole" in as_list(each["Action"])]
    for assembly in (company, seller, prod):
        manifest = (assembly.folder / "manifest.json").read_text(encoding="utf-8")
        for artifact in json.loads(manifest)["artifacts"].values():
            properties = artifact.get("properties", {})
            if artifact["type"] == "aws:cloudformation:stack" and assembly.stage.account:
                for arn in (properties["assumeRoleArn"], properties["lookupRole"]["arn"]):
                    named = arn.replace("${AWS::Partition}", "aws")
                    assert is_covered(named, statement["Resource"]), named
                assert not is_covered(
                    properties["cloudFormationExecutionRoleArn"].replace("${AWS::Partition}", "aws"),
                    statement["Resource"],
                ), "CloudFormation alone acts with it"
