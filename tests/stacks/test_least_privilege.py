"""What each function may do, and nothing else. The local cloud enforces it (tests/local)."""

from typing import Any

import pytest

from archive.kept import ARCHIVED
from tests.synthesized import Assembly, as_list, imported

ARCHIVED_TABLES = ("Subscribers", "UsageEvents", "MeteringRecords", "MeteringState", "Audit")

#: Function → table (or table/index) → DynamoDB actions.
TABLES: dict[str, dict[str, set[str]]] = {
    "registration": {
        "Subscribers": {"GetItem", "UpdateItem"},
        "Notices": {"UpdateItem"},
        "Notices/index/WaitingAgreementIndex": {"Query"},
    },
    "subscriber-api": {"Subscribers": {"GetItem", "UpdateItem"}, "Notices": {"PutItem"}, "Audit": {"PutItem"}},
    "buyer-usage": {
        "Subscribers": {"GetItem", "UpdateItem"},
        "MeteringRecords": {"Query"},
        "MeteringState": {"GetItem"},
    },
    "access": {"Subscribers": {"GetItem"}},
    "usage-page": {
        "Subscribers": {"GetItem"},
        "MeteringRecords": {"Query"},
        "MeteringState": {"GetItem"},
    },
    "tell-people": {
        "Subscribers": {"GetItem", "BatchGetItem"},
        "Subscribers/index/StatusIndex": {"Query"},
        "Notices": {"GetItem", "PutItem"},
    },
    "subscription-notices": {
        "Subscribers": {"GetItem", "UpdateItem"},
        "Subscribers/index/AgreementIndex": {"Query"},
        "Subscribers/index/StatusIndex": {"Query"},
        "Notices": {"GetItem", "PutItem", "UpdateItem"},
        "Notices/index/WaitingAgreementIndex": {"Query"},
    },
    "entitlement-notices": {
        "Subscribers": {"GetItem", "UpdateItem"},
        "Subscribers/index/AgreementIndex": {"Query"},
        "Notices": {"PutItem"},
    },
    "usage": {
        "Subscribers": {"GetItem", "ConditionCheckItem"},
        "UsageEvents": {"GetItem", "BatchGetItem", "ConditionCheckItem", "PutItem", "UpdateItem"},
        "MeteringRecords": {"GetItem", "Query", "UpdateItem"},
    },
    "put-zero-records": {
        "Subscribers": {"BatchGetItem", "ConditionCheckItem"},
        "Subscribers/index/StatusIndex": {"Query"},
        "MeteringRecords": {"BatchGetItem", "UpdateItem"},
    },
    "usage-queue": {
        "Subscribers": {"GetItem", "ConditionCheckItem"},
        "UsageEvents": {"GetItem", "BatchGetItem", "ConditionCheckItem", "PutItem", "UpdateItem"},
        "MeteringRecords": {"GetItem", "UpdateItem"},
    },
    "find-due-hours": {"MeteringRecords/index/PendingMeteringRecordsIndex": {"Query"}},
    "seal-hours": {
        "Subscribers": {"GetItem"},
        "MeteringRecords": {"GetItem", "BatchGetItem", "UpdateItem"},
        "UsageEvents": {"Query", "PutItem"},
        "MeteringState": {"GetItem", "UpdateItem"},
    },
    "plan-batches": {
        "Subscribers": {"GetItem", "BatchGetItem"},
        "MeteringRecords": {"BatchGetItem"},
        "MeteringState": {"Query"},
    },
    "submit-batch": {
        "Subscribers": {"GetItem"},
        "MeteringRecords": {"BatchGetItem", "UpdateItem"},
        "MeteringState": {"Query", "UpdateItem"},
        "UsageEvents": {"BatchGetItem"},
    },
    "settle-hours": {"MeteringRecords": {"BatchGetItem", "UpdateItem"}},
    "report": {
        "MeteringRecords": {"BatchGetItem", "UpdateItem"},
        "MeteringRecords/index/PendingMeteringRecordsIndex": {"Query"},
        "MeteringRecords/index/FailedMeteringRecordsIndex": {"Query"},
        "MeteringState": {"GetItem", "Query"},
        "Subscribers": {"BatchGetItem"},
    },
    "find-final-hours": {"Subscribers": {"GetItem"}, "MeteringRecords": {"Query"}},
    "refuse-usage": {"Subscribers": {"GetItem", "UpdateItem"}},
    "end-subscription": {
        "Subscribers": {"GetItem", "UpdateItem"},
        "MeteringRecords": {"GetItem", "Query", "UpdateItem"},
        "MeteringState": {"GetItem", "UpdateItem"},
    },
    "tell-events": {
        "Subscribers": {"GetItem"},
        "MeteringState": {"GetItem", "UpdateItem", "DescribeStream", "GetRecords", "GetShardIterator"},
        "yawl-metering-state/stream/*": {"ListStreams"},
    },
    "send-webhooks": {},
    "archive-changes": {
        **{table: {"DescribeStream", "GetRecords", "GetShardIterator"} for table in ARCHIVED_TABLES},
        **{f"{kept.table.name}/stream/*": {"ListStreams"} for kept in ARCHIVED},
    },
    "audit-conservation": {"Audit": {"PutItem"}},
    "reconcile-calls": {
        "Audit": {"GetItem", "UpdateItem"},
        "Audit/index/OpenFindingsIndex": {"Query"},
        "MeteringRecords": {"GetItem", "BatchGetItem", "UpdateItem"},
        "MeteringRecords/index/FailedMeteringRecordsIndex": {"Query"},
        "Subscribers": {"BatchGetItem"},
        "Subscribers/index/StatusIndex": {"Query"},
    },
    "reconcile-usage": {
        "Audit": {"GetItem", "UpdateItem"},
        "Audit/index/OpenFindingsIndex": {"Query"},
        "MeteringRecords": {"Query"},
        "Subscribers": {"BatchGetItem"},
        "Subscribers/index/StatusIndex": {"Query"},
        "Subscribers/index/AWSAccountIndex": {"Query"},
    },
    "reconcile-invoices": {
        "Audit": {"GetItem", "UpdateItem"},
        "Audit/index/OpenFindingsIndex": {"Query"},
        "MeteringRecords": {"Query"},
        "Subscribers": {"BatchGetItem"},
        "Subscribers/index/StatusIndex": {"Query"},
    },
    "search-agreements": {
        "Subscribers": {"GetItem", "UpdateItem"},
        "Subscribers/index/AgreementIndex": {"Query"},
        "Subscribers/index/StatusIndex": {"Query"},
        "Notices": {"GetItem", "PutItem", "UpdateItem"},
        "Notices/index/WaitingAgreementIndex": {"Query"},
        "MeteringState": {"GetItem", "UpdateItem"},
    },
    "start-final-metering": {
        "Subscribers": {"DescribeStream", "GetRecords", "GetShardIterator"},
        "yawl-subscribers/stream/*": {"ListStreams"},
    },
    "look-after-leavers": {"Subscribers": {"GetItem"}, "Subscribers/index/StatusIndex": {"Query"}},
    "engine-gateway": {"Engines": {"PutItem", "UpdateItem"}},
    "reconcile-engine": {"Engines": {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"}},
    "look-after-engines": {"Engines": {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"}},
    "read-access-log": {"Engines": {"BatchGetItem", "Query", "PutItem", "DeleteItem"}},
}

#: Function → actions on executions of final metering.
EXECUTIONS = {"start-final-metering": {"StartExecution"}, "look-after-leavers": {"StartExecution", "ListExecutions"}}

MARKETPLACE = {
    "registration": {"ResolveCustomer", "GetEntitlements"},
    "entitlement-notices": {"GetEntitlements"},
    "submit-batch": {"BatchMeterUsage"},
    "reconcile-invoices": {"ListAgreementInvoiceLineItems"},
    "search-agreements": {
        *("GetEntitlements", "SearchAgreements", "DescribeAgreement", "GetAgreementEntitlements"),
    },
}

TAKE = {"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"}

ENGINE_USAGE = {"EngineUsageQueue": {"SendMessage"}, "EngineUsageUnattributed": {"SendMessage"}}

#: Function → queue → SQS actions.
QUEUES: dict[str, dict[str, set[str]]] = {
    "subscriber-api": {"MailsQueue": {"SendMessage"}},
    "tell-people": {"MailsQueue": TAKE},
    "subscription-notices": {"SubscriptionQueue": TAKE},
    "entitlement-notices": {"EntitlementQueue": TAKE},
    "usage-queue": {
        "UsageQueue": TAKE,
        "UsageQueueWaiting": TAKE | {"SendMessage"},
        "UsageQueueRefused": {"SendMessage"},
        "EngineUsageQueue": TAKE,
    },
    "report": {"FailedLinesQueue": {"SendMessage"}},
    "start-final-metering": {
        "StartFinalMeteringDeadLettersQueue": {"SendMessage"},
        "ChangesQueue": {"SendMessage", "GetQueueAttributes", "GetQueueUrl"},
    },
    "tell-events": {
        "ChangesQueue": TAKE | {"ChangeMessageVisibility"},
        "BalancesDeadLettersQueue": {"SendMessage", "GetQueueAttributes", "GetQueueUrl"},
        "AppQueue": {"SendMessage", "GetQueueAttributes", "GetQueueUrl"},
        "WebhooksQueue": {"SendMessage", "GetQueueAttributes", "GetQueueUrl"},
    },
    "send-webhooks": {"WebhooksQueue": TAKE | {"ChangeMessageVisibility"}},
    "archive-changes": {"StreamsDeadLettersQueue": {"SendMessage"}},
    "reconcile-engine": ENGINE_USAGE,
    # It reads the queue itself: no mapping asks how many messages there are.
    "look-after-engines": {
        **ENGINE_USAGE,
        "EngineUsageUnattributed": {"ReceiveMessage", "DeleteMessage", "SendMessage"},
    },
    "read-access-log": {**ENGINE_USAGE, "AccessLogsQueue": TAKE},
}

#: Function → actions on the engines' parameters, on secrets, on objects and on functions.
ENGINES = "parameter/yawl-metering/prod/engines"
PARAMETERS = {
    function: {ENGINES: {"GetParametersByPath"}}
    for function in ("engine-gateway", "reconcile-engine", "look-after-engines", "read-access-log")
}


#: Function → objects → actions on them.
OBJECTS = {
    "read-access-log": {"s3:::vendor-access-logs/eng-7/AWSLogs/*": {"GetObject"}},
    "archive-changes": {"/table=*": {"PutObject"}},
    "audit-conservation": {"/table=*": {"GetObject"}},
    "reconcile-usage": {"s3:::seller-feeds": {"ListBucket"}, "s3:::seller-feeds/*": {"GetObject"}},
}


def table_of(arn: Any) -> str:
    """``MeteringRecords/index/X`` from a reference to the data stack's export of a table's ARN."""
    if "Fn::Join" in arn:
        first, *rest = arn["Fn::Join"][1]
        if first == "arn:":
            return str(rest[-1]).rpartition(":table/")[2]
        return table_of(first) + "".join(rest)
    return imported(arn["Fn::ImportValue"]).split("Table")[0]


@pytest.fixture(scope="module")
def prod(engines: Assembly) -> Assembly:
    """The stage with all functions takes the place of the shipped one."""
    return engines


def named_by(arn: Any) -> str:
    """The table, or the queue, without the hash of its logical id."""
    if "Fn::ImportValue" in arn and "Queue" in arn["Fn::ImportValue"]:
        return imported(arn["Fn::ImportValue"])[:-8]
    return str(arn["Fn::GetAtt"][0])[:-8] if "Fn::GetAtt" in arn else table_of(arn)


def actions(assembly: Assembly, function: str, service: str) -> dict[str, set[str]]:
    """Resource → actions of one service."""
    found: dict[str, set[str]] = {}
    for statement in assembly.policies_of(function):
        assert statement["Effect"] == "Allow"
        named = {action for action in as_list(statement["Action"]) if action.startswith(f"{service}:")}
        for resource in as_list(statement["Resource"]) if named else []:
            where = resource if isinstance(resource, str) else resource.get("Ref") or named_by(resource)
            found.setdefault(where, set()).update(action.split(":")[1] for action in named)
    return found


def test_the_list_is_complete(prod: Assembly) -> None:
    assert set(prod.functions()) == set(TABLES), "a function is new or gone: change TABLES in this file"


@pytest.mark.parametrize("function", TABLES)
def test_a_function_reaches_its_tables_only(prod: Assembly, function: str) -> None:
    assert actions(prod, function, "dynamodb") == TABLES[function], "if the stack is right, change TABLES in this file"


@pytest.mark.parametrize("function", TABLES)
def test_a_function_reaches_its_queues_only(prod: Assembly, function: str) -> None:
    assert actions(prod, function, "sqs") == QUEUES.get(function, {}), "if the stack is right, change QUEUES"


@pytest.mark.parametrize("function", TABLES)
def test_only_the_starters_of_final_metering_reach_a_workflow_and_only_that_one(prod: Assembly, function: str) -> None:
    (machine,) = [n for n, _ in prod.resources("AWS::StepFunctions::StateMachine") if n.startswith("FinalMetering")]
    expected = {machine: EXECUTIONS[function]} if function in EXECUTIONS else {}
    assert actions(prod, function, "states") == expected, "if the stack is right, change EXECUTIONS"


@pytest.mark.parametrize("function", TABLES)
def test_a_function_makes_its_marketplace_calls_only(prod: Assembly, function: str) -> None:
    expected = {"*": MARKETPLACE[function]} if function in MARKETPLACE else {}
    assert actions(prod, function, "aws-marketplace") == expected, "if the stack is right, change MARKETPLACE"


def ending(assembly: Assembly, function: str, service: str) -> dict[str, set[str]]:
    """The end of each ARN that is put together of parts → actions of one service."""
    found: dict[str, set[str]] = {}
    for statement in assembly.policies_of(function):
        named = {a.split(":")[1] for a in as_list(statement["Action"]) if a.startswith(f"{service}:")}
        # Of a bucket itself there is no such part (test_archive_stack.py).
        for resource in [each for each in as_list(statement["Resource"]) if "Fn::Join" in each] if named else []:
            found.setdefault(resource["Fn::Join"][1][-1].lstrip(":"), set()).update(named)
    return found


@pytest.mark.parametrize("function", TABLES)
def test_a_function_reads_the_engines_parameters_secrets_and_logs_that_it_needs(prod: Assembly, function: str) -> None:
    """Where a secret's ARN ends in six characters of AWS's choice, it is still the one secret."""
    assert ending(prod, function, "ssm") == PARAMETERS.get(function, {})
    secrets = {"secret:yawl/eng-7-??????": {"GetSecretValue"}} if function == "reconcile-engine" else {}
    if function != "registration":
        assert ending(prod, function, "secretsmanager") == secrets
    assert ending(prod, function, "s3") == OBJECTS.get(function, {})


@pytest.mark.parametrize("function", TABLES)
def test_only_the_gateway_calls_a_function(prod: Assembly, function: str) -> None:
    (alias,) = [name for name, _ in prod.resources("AWS::Lambda::Alias") if name.startswith("reconcileengine")]
    expected = {alias: {"InvokeFunction"}} if function == "engine-gateway" else {}
    assert actions(prod, function, "lambda") == expected


@pytest.mark.parametrize("function", TABLES)
def test_nothing_else_is_allowed_on_everything(prod: Assembly, function: str) -> None:
    anywhere = {
        action
        for statement in prod.policies_of(function)
        if "*" in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    }
    tracing = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
    # LookupEvents knows no resources (Service Authorization Reference, AWS CloudTrail).
    looking = {"cloudtrail:LookupEvents"} if function == "reconcile-calls" else set()
    assert {action for action in anywhere if not action.startswith("aws-marketplace:")} == tracing | looking
    assert not [action for action in anywhere if "*" in action]


def test_roles_of_functions_hold_no_managed_policies(prod: Assembly) -> None:
    roles = dict(prod.resources("AWS::IAM::Role"))
    for function in prod.functions().values():
        assert "ManagedPolicyArns" not in roles[function["Role"]["Fn::GetAtt"][0]]["Properties"]
