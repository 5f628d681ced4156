"""A customer-managed key: on all that holds data, and with rights for exactly those who need it."""

import json
from typing import Any

from stacks import synth
from tests.stacks.conftest import KEY
from tests.synthesized import Assembly, as_list

#: Each type, and the property with its key.
HOLDS_DATA: dict[str, tuple[str, ...]] = {
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::S3::Bucket": (
        *("BucketEncryption", "ServerSideEncryptionConfiguration", "ServerSideEncryptionByDefault", "KMSMasterKeyID"),
    ),
    "AWS::Backup::BackupVault": ("EncryptionKeyArn",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::Lambda::Function": ("KmsKeyArn",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
    "AWS::StepFunctions::StateMachine": ("EncryptionConfiguration", "KmsKeyId"),
}


def key_of(kind: str, properties: dict[str, Any]) -> Any:
    value: Any = properties
    for name in HOLDS_DATA[kind]:
        value = value.get(name, {})
        value = value[0] if isinstance(value, list) else value
    return value


def test_every_resource_that_holds_data_carries_the_key(company: Assembly) -> None:
    for kind in HOLDS_DATA:
        resources = dict(company.resources(kind))
        assert resources, kind
        assert {name: key_of(kind, each["Properties"]) for name, each in resources.items()} == dict.fromkeys(
            resources, KEY
        )


def test_without_a_key_nothing_names_one(prod: Assembly) -> None:
    for kind in HOLDS_DATA:
        assert not [each for each in prod.properties(kind) if key_of(kind, each)], kind
    assert not [action for uses in rights(prod).values() for action in uses]


def test_a_queue_has_one_kind_of_encryption(company: Assembly) -> None:
    assert not [queue for queue in company.properties("AWS::SQS::Queue") if "SqsManagedSseEnabled" in queue]


def test_no_kind_of_resource_that_could_carry_a_key_was_forgotten(company: Assembly) -> None:
    """What comes new and holds data has to be decided on here."""
    others = {
        resource["Type"] for stack in company.stacks() for resource in company.template(stack)["Resources"].values()
    }
    assert not {
        kind
        for kind in others - set(HOLDS_DATA) - {"AWS::S3::BucketPolicy"}
        if not kind.startswith(("AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection"))
        if kind.split("::")[1] in ("DynamoDB", "S3", "Kinesis", "KinesisFirehose", "RDS", "EFS", "Backup")
    }


def rights(assembly: Assembly) -> dict[str, set[str]]:
    """Role → what it may do with keys."""
    found: dict[str, set[str]] = {}
    for policy in assembly.properties("AWS::IAM::Policy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            uses = {action for action in as_list(statement["Action"]) if action.startswith("kms:")}
            if uses:
                assert statement["Resource"] == KEY, "of this key only"
            found.setdefault(policy["Roles"][0]["Ref"], set()).update(uses)
    return found


def allowed(assembly: Assembly) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for policy in assembly.properties("AWS::IAM::Policy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            found.setdefault(policy["Roles"][0]["Ref"], set()).update(as_list(statement["Action"]))
    return found


def test_readers_decrypt_senders_have_a_data_key_and_no_others_use_the_key(company: Assembly) -> None:
    of_keys, of_data = rights(company), allowed(company)
    machines = {
        machine["RoleArn"]["Fn::GetAtt"][0] for machine in company.properties("AWS::StepFunctions::StateMachine")
    }
    assert machines
    for role, actions in of_data.items():
        sends = role in machines or actions & {
            "sqs:SendMessage",
            "sns:Publish",
            "states:StartExecution",
            "s3:PutObject",
        }
        reads = sends or any(
            action.startswith(("dynamodb:", "sqs:Receive", "secretsmanager:GetSecretValue")) for action in actions
        )
        expected = {"kms:Decrypt", "kms:GenerateDataKey"} if sends else {"kms:Decrypt"} if reads else set()
        assert of_keys[role] == expected, role


def test_every_function_may_read_what_it_works_on(company: Assembly) -> None:
    of_keys = rights(company)
    for name, function in company.functions().items():
        assert "kms:Decrypt" in of_keys[function["Role"]["Fn::GetAtt"][0]], name


# --- the key's own policy, which the company writes -------------------------------------------------------------------


def services_let_in() -> set[str]:
    policy = json.loads((synth.ROOT / "docs" / "key-policy.json").read_text(encoding="utf-8"))
    return {service for entry in policy["Statement"] for service in as_list(entry["Principal"].get("Service", []))}


def test_the_documented_key_policy_lets_in_the_services_that_send_to_encrypted_resources(
    company: Assembly, local: Assembly
) -> None:
    """A service that may send to a queue and not use its key drops what it sends, without a word."""
    senders = {
        service
        for assembly in (company, local)
        for kind in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
        for policy in assembly.properties(kind)
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for service in as_list(statement["Principal"].get("Service", []))
    }
    assert senders
    assert senders <= services_let_in()


def test_the_documented_key_policy_lets_in_the_logs(company: Assembly) -> None:
    assert {f"logs.{company.stage.region}.amazonaws.com", "delivery.logs.amazonaws.com"} <= services_let_in()
    policy = (synth.ROOT / "docs" / "key-policy.json").read_text(encoding="utf-8")
    for group in company.properties("AWS::Logs::LogGroup"):
        start = group["LogGroupName"].split("/prod/")[0]
        assert f":log-group:{start}/*" in policy, start
