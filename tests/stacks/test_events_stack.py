"""What the app is told, as it is deployed: order, patience, rights, and the limits that the local cloud does not
have."""

import json
from typing import Any

import pytest

from buyer.webhook.patience import DELAYS, TRIES
from tests.synthesized import Assembly, as_list, references

MAPPING = "AWS::Lambda::EventSourceMapping"


def queue(assembly: Assembly, name: str) -> dict[str, Any]:
    """The queue whose construct's path begins so."""
    (found,) = [
        each["Properties"]
        for id_, each in assembly.resources("AWS::SQS::Queue", stack="Events")
        if id_.startswith(name) and "DeadLetters" not in id_
    ]
    return dict(found)


def source(assembly: Assembly, name: str) -> dict[str, Any]:
    (found,) = [each["Properties"] for id_, each in assembly.resources(MAPPING, stack="Events") if id_.startswith(name)]
    return dict(found)


def test_every_change_of_a_subscriber_is_handed_on_by_the_only_reader_that_has_room(engines: Assembly) -> None:
    """At most two processes read a shard (DynamoDB Developer Guide, "Change data capture for DynamoDB Streams"); pipes
    would be readers, too."""
    assert list(engines.resources("AWS::Pipes::Pipe")) == []
    readers = [
        (engines.called(each["FunctionName"]), each.get("FilterCriteria") or {})
        for each in engines.properties(MAPPING)
        if "Subscribers" in str(each["EventSourceArn"])
    ]
    assert sorted(name.partition("Function")[0] for name, _ in readers) == ["archivechanges", "startfinalmetering"]
    (criteria,) = [criteria for name, criteria in readers if name.startswith("start")]
    assert [json.loads(each["Pattern"]) for each in criteria["Filters"]] == [{"eventName": ["INSERT", "MODIFY"]}]
    (table,) = [t for t in engines.properties("AWS::DynamoDB::Table") if t["TableName"] == "yawl-subscribers"]
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    variables = engines.functions()["start-final-metering"]["Environment"]["Variables"]
    assert "Changes" in variables["CHANGES_QUEUE_URL"]["Fn::ImportValue"]


@pytest.mark.parametrize("name", ["Changes", "AppQueue", "Webhooks"])
def test_queues_keep_each_customers_order_at_full_speed(engines: Assembly, name: str) -> None:
    made = queue(engines, name)
    assert (made["FifoQueue"], made["DeduplicationScope"]) == (True, "messageGroup")
    assert made["FifoThroughputLimit"] == "perMessageGroupId", "the same senders, and every message names its own id"
    assert "ContentBasedDeduplication" not in made
    assert made["MessageRetentionPeriod"] == 14 * 86400
    assert made["SqsManagedSseEnabled"] is True


def test_a_change_is_tried_for_hours_and_a_webhook_for_a_day(engines: Assembly) -> None:
    changes, webhooks = queue(engines, "Changes"), queue(engines, "Webhooks")
    assert changes["VisibilityTimeout"] * changes["RedrivePolicy"]["maxReceiveCount"] >= 4 * 3600
    assert webhooks["RedrivePolicy"]["maxReceiveCount"] == TRIES <= 1000
    assert sum(DELAYS) >= 24 * 3600
    for id_, each in engines.resources("AWS::SQS::Queue", stack="Events"):
        if "DeadLetters" in id_ and not id_.startswith("Balances"):
            assert each["Properties"]["FifoQueue"] is True, "SQS wants both to be one"


@pytest.mark.parametrize(("name", "function"), [("Changes", "tell-events"), ("Webhooks", "send-webhooks")])
def test_a_queue_waits_for_its_function(engines: Assembly, name: str, function: str) -> None:
    """At least six times the function's timeout (Lambda Developer Guide, "Using Lambda with Amazon SQS")."""
    assert queue(engines, name)["VisibilityTimeout"] >= 6 * engines.functions()[function]["Timeout"]
    mapping = source(engines, name)
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 2 <= mapping["ScalingConfig"]["MaximumConcurrency"] <= 1000
    assert mapping["BatchSize"] <= 10, "the most of a FIFO queue"
    assert "MaximumBatchingWindowInSeconds" not in mapping, "a FIFO queue takes none"


def test_one_webhook_at_a_time_has_the_functions_whole_time(engines: Assembly) -> None:
    assert source(engines, "Webhooks")["BatchSize"] == 1
    # The secret: two reads of two attempts, three seconds each. The receiver: connecting, handshake and answer.
    assert engines.functions()["send-webhooks"]["Timeout"] >= 2 * 2 * 3 + 3 * 10


def test_only_balances_come_from_the_stream_until_it_forgets_them(engines: Assembly) -> None:
    mapping = source(engines, "Balances")
    (pattern,) = [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]]
    assert pattern == {"dynamodb": {"Keys": {"item": {"S": ["balance"]}}}, "eventName": ["INSERT", "MODIFY"]}
    assert "MaximumRetryAttempts" not in mapping
    assert 20 * 3600 <= mapping["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"


def test_the_bus_has_a_name_that_rules_can_rest_on_and_is_open_to_nobody(engines: Assembly, local: Assembly) -> None:
    for assembly, name in ((engines, "yawl-marketplace"), (local, "yawl-marketplace-local")):
        (bus,) = assembly.properties("AWS::Events::EventBus")
        assert bus["Name"] == name
        assert "Policy" not in bus
        assert list(assembly.resources("AWS::Events::EventBusPolicy", stack="Events")) == []
    putting = [name for name in engines.functions() if "events:PutEvents" in _actions(engines, name)]
    assert putting == ["tell-events"]


def _actions(assembly: Assembly, function: str) -> set[str]:
    return {action for statement in assembly.policies_of(function) for action in as_list(statement["Action"])}


def test_only_the_named_take_from_the_apps_queue(engines: Assembly) -> None:
    policies = {
        reference: policy["PolicyDocument"]["Statement"]
        for policy in engines.properties("AWS::SQS::QueuePolicy", stack="Events")
        for reference in references(policy["Queues"])
    }
    (statements,) = [found for name, found in policies.items() if name.startswith("AppQueue")]
    (allowed,) = [each for each in statements if each["Effect"] == "Allow"]
    assert allowed["Principal"] == {"AWS": "arn:aws:iam::444455556666:role/app"}
    assert set(allowed["Action"]) == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
    }
    for name, found in policies.items():
        if not name.startswith("AppQueue"):
            assert {each["Effect"] for each in found if "AWS" in each["Principal"]} <= {"Deny"}, name


def test_every_event_goes_to_every_queue_of_the_stage(engines: Assembly) -> None:
    variables = engines.functions()["tell-events"]["Environment"]["Variables"]
    assert {name[:8] for name in references(variables["EVENT_QUEUE_URLS"])} == {"AppQueue", "Webhooks"}
    assert variables["THRESHOLDS"] == "50"


def test_a_stage_that_says_nothing_has_the_bus_alone(prod: Assembly) -> None:
    assert prod.stage.webhook is None
    assert "send-webhooks" not in prod.functions()
    assert prod.functions()["tell-events"]["Environment"]["Variables"]["EVENT_QUEUE_URLS"] == ""
    ids = {id_ for id_, _ in prod.resources("AWS::SQS::Queue", stack="Events")}
    assert {id_.partition("DeadLetters")[0].partition("Queue")[0] for id_ in ids} == {"Changes", "Balances"}
    assert list(prod.resources("AWS::SecretsManager::Secret", stack="Events")) == []


def test_the_webhook_goes_to_the_stages_address_and_to_public_ones_alone(engines: Assembly) -> None:
    variables = engines.functions()["send-webhooks"]["Environment"]["Variables"]
    assert variables["WEBHOOK_URL"] == "https://app.vendor.com/aws-marketplace"
    assert variables["WEBHOOK_ADDRESSES"] == "public"


def test_the_secret_is_made_by_secrets_manager_and_is_a_key_in_base64(engines: Assembly) -> None:
    (secret,) = engines.properties("AWS::SecretsManager::Secret", stack="Events")
    made = secret["GenerateSecretString"]
    assert (made["ExcludePunctuation"], made["PasswordLength"]) == (True, 64)
    assert "SecretString" not in secret
    reading = [
        name
        for name in engines.functions()
        for statement in engines.policies_of(name)
        if "secretsmanager:GetSecretValue" in as_list(statement["Action"])
        and any(each.startswith("WebhookSecret") for each in references(statement["Resource"]))
    ]
    assert reading == ["send-webhooks"]
