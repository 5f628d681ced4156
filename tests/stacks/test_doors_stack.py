"""What comes in: routes, notices, and what is written down about them."""

import json
from typing import Any

from tests.stacks.queue_policies import statements
from tests.synthesized import Assembly, as_list


def routes(assembly: Assembly) -> dict[str, str]:
    """``POST /usage`` → authorization type."""
    resources = dict(assembly.resources("AWS::ApiGateway::Resource"))

    def path(resource_id: Any) -> str:
        if "Fn::GetAtt" in resource_id:
            return ""
        properties = resources[resource_id["Ref"]]["Properties"]
        return f"{path(properties['ParentId'])}/{properties['PathPart']}"

    return {
        f"{method['HttpMethod']} {path(method['ResourceId'])}": method["AuthorizationType"]
        for method in assembly.properties("AWS::ApiGateway::Method")
    }


def test_only_routes_for_a_buyers_browser_are_public(prod: Assembly) -> None:
    assert routes(prod) == {
        "POST /register": "NONE",
        "GET /register": "NONE",
        "HEAD /register": "NONE",
        "POST /registrations": "NONE",
        "GET /registrations": "NONE",
        "HEAD /registrations": "NONE",
        "GET /health": "NONE",
        "GET /subscribers/{customerIdentifier}": "AWS_IAM",
        "GET /subscribers/{customerIdentifier}/entitlements": "AWS_IAM",
        "GET /subscribers/{customerIdentifier}/usage": "AWS_IAM",
        "GET /subscribers/{customerIdentifier}/access": "AWS_IAM",
        "GET /subscribers/{customerIdentifier}/usage-summary": "AWS_IAM",
        "POST /subscribers/{customerIdentifier}/usage-link": "AWS_IAM",
        "DELETE /subscribers/{customerIdentifier}/usage-link": "AWS_IAM",
        "POST /subscribers/{customerIdentifier}/link": "AWS_IAM",
        "POST /handovers/redeem": "AWS_IAM",
        "POST /usage": "AWS_IAM",
    }


def method_settings(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """``POST /usage`` → its settings, ``* /*`` → those of all other routes."""
    (stage,) = assembly.properties("AWS::ApiGateway::Stage")
    return {
        f"{entry['HttpMethod']} /{entry['ResourcePath'].lstrip('/').replace('~1', '/').lstrip('/')}": entry
        for entry in stage["MethodSettings"]
    }


def test_the_api_is_regional_throttled_and_traced(prod: Assembly) -> None:
    (api,) = prod.properties("AWS::ApiGateway::RestApi")
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    (stage,) = prod.properties("AWS::ApiGateway::Stage")
    assert stage["TracingEnabled"] is True
    settings = method_settings(prod)["* /*"]
    assert settings["ThrottlingRateLimit"] == prod.stage.requests_per_second
    assert settings["ThrottlingBurstLimit"] == prod.stage.request_burst


def test_public_routes_and_only_they_have_a_lower_throttle(prod: Assembly) -> None:
    public = {route for route, authorization in routes(prod).items() if authorization == "NONE"}
    settings = method_settings(prod)
    assert set(settings) == {"* /*"} | public
    for route in public:
        assert settings[route]["ThrottlingRateLimit"] == prod.stage.requests_per_second // 5
        assert settings[route]["ThrottlingBurstLimit"] == prod.stage.request_burst // 5


def test_a_small_stage_still_lets_the_public_in(modest: Assembly) -> None:
    settings = method_settings(modest)["POST /register"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (5, 5)


def test_every_route_has_metrics_and_logs_of_its_errors(prod: Assembly) -> None:
    # A route's own settings replace those of all routes.
    for settings in method_settings(prod).values():
        assert settings["MetricsEnabled"] is True
        assert settings["LoggingLevel"] == "ERROR"


def test_logs_of_the_api_hold_neither_token_nor_personal_data(prod: Assembly) -> None:
    assert not [route for route, settings in method_settings(prod).items() if settings["DataTraceEnabled"]]
    (stage,) = prod.properties("AWS::ApiGateway::Stage")
    fields = json.loads(stage["AccessLogSetting"]["Format"]).values()
    # $context.path holds path values and $context.requestOverride, $input and stage variables may hold anything
    assert "$context.resourcePath" in fields
    assert not [
        field
        for field in fields
        if field == "$context.path" or not field.startswith("$context.") or "authorizer" in field or "apiKey" in field
    ]


def test_every_queue_is_encrypted_and_refuses_plain_http(prod: Assembly) -> None:
    for name, resource in prod.resources("AWS::SQS::Queue"):
        assert resource["Properties"]["SqsManagedSseEnabled"] is True
        denied = [entry for entry in statements(prod, name) if entry["Effect"] == "Deny"]
        assert [entry["Condition"] for entry in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_a_poisonous_message_ends_in_a_dead_letter_queue_that_keeps_it_for_two_weeks(prod: Assembly) -> None:
    queues = dict(prod.resources("AWS::SQS::Queue", stack="Doors"))
    fed = {id_: queue["Properties"] for id_, queue in queues.items() if "RedrivePolicy" in queue["Properties"]}
    receives = {id_: properties["RedrivePolicy"]["maxReceiveCount"] for id_, properties in fed.items()}
    assert {number for id_, number in receives.items() if id_.startswith(("Subscription", "Entitlement"))} == {5}
    # Usage mostly fails by a moment's contention, which must not wake people.
    assert [number for id_, number in receives.items() if id_.startswith("UsageQueue")] == [10, 10]
    for properties in fed.values():
        dead = properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        assert queues[dead]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_batch_may_fail_in_part_and_is_invisible_long_enough(prod: Assembly) -> None:
    functions = dict(prod.resources("AWS::Lambda::Function"))
    queues = dict(prod.resources("AWS::SQS::Queue"))
    mappings = prod.properties("AWS::Lambda::EventSourceMapping", stack="Doors")
    assert mappings
    for mapping in mappings:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        timeout = functions[prod.called(mapping["FunctionName"])]["Properties"]["Timeout"]
        queue = queues[mapping["EventSourceArn"]["Fn::GetAtt"][0]]["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * timeout


def test_no_flood_of_messages_takes_the_accounts_functions(prod: Assembly) -> None:
    for mapping in prod.properties("AWS::Lambda::EventSourceMapping", stack="Doors"):
        assert 2 <= mapping["ScalingConfig"]["MaximumConcurrency"] <= 50


def usage_queues(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """The logical id without its hash → properties, of the usage queue and what belongs to it."""
    return {
        id_[:-8]: queue["Properties"]
        for id_, queue in assembly.resources("AWS::SQS::Queue", stack="Doors")
        if id_.startswith("UsageQueue")
    }


def test_usage_is_ordered_by_customer_and_parallel_between_them(prod: Assembly) -> None:
    queues = usage_queues(prod)
    assert set(queues) == {
        "UsageQueue",
        "UsageQueueDeadLettersQueue",
        "UsageQueueWaiting",
        "UsageQueueWaitingDeadLettersQueue",
        "UsageQueueRefused",
    }
    assert {name for name, queue in queues.items() if queue.get("FifoQueue")} == {
        "UsageQueue",
        "UsageQueueDeadLettersQueue",
    }
    high_throughput = (queues["UsageQueue"]["FifoThroughputLimit"], queues["UsageQueue"]["DeduplicationScope"])
    assert high_throughput == ("perMessageGroupId", "messageGroup")
    assert {queue["MessageRetentionPeriod"] for queue in queues.values()} == {14 * 24 * 3600}
    mappings = {
        mapping["EventSourceArn"]["Fn::GetAtt"][0][:-8]: mapping
        for mapping in prod.properties("AWS::Lambda::EventSourceMapping", stack="Doors")
    }
    # Lambda takes no larger batch from a FIFO queue.
    assert mappings["UsageQueue"]["BatchSize"] == 10
    assert mappings["UsageQueue"]["ScalingConfig"] == {"MaximumConcurrency": 50}
    assert mappings["UsageQueueWaiting"]["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert "UsageQueueRefused" not in mappings


def test_a_message_that_is_passed_on_fits_the_next_queue(prod: Assembly) -> None:
    queues = usage_queues(prod)
    comes_in = queues["UsageQueue"]["MaximumMessageSize"]
    assert comes_in == 256 * 1024
    # JSON's escapes make six bytes of two
    for name in ("UsageQueueWaiting", "UsageQueueRefused"):
        assert queues[name]["MaximumMessageSize"] > 3 * comes_in


def test_waiting_usage_is_tried_again_as_often_as_the_stage_says(prod: Assembly, local: Assembly) -> None:
    assert usage_queues(prod)["UsageQueueWaiting"]["DelaySeconds"] == 900
    assert usage_queues(local)["UsageQueueWaiting"]["DelaySeconds"] == local.stage.waiting_usage_seconds < 10


def test_outputs_for_callers(prod: Assembly) -> None:
    assert {"ApiUrl", "RestApiId", "ApiStage", "SubscriptionDeadLettersUrl", "EntitlementDeadLettersUrl"} <= set(
        prod.template("Doors")["Outputs"]
    )
    for output, queue in {
        "UsageQueueUrl": "UsageQueue",
        "WaitingUsageQueueUrl": "UsageQueueWaiting",
        "RefusedUsageQueueUrl": "UsageQueueRefused",
        "UsageDeadLettersUrl": "UsageQueueDeadLettersQueue",
        "WaitingUsageDeadLettersUrl": "UsageQueueWaitingDeadLettersQueue",
    }.items():
        assert prod.template("Doors")["Outputs"][output]["Value"]["Ref"][:-8] == queue
    assert prod.template("Doors")["Outputs"]["UsageQueueArn"]["Value"]["Fn::GetAtt"][0][:-8] == "UsageQueue"
    assert as_list(prod.template("Doors")["Outputs"]["ApiStage"]["Value"]) == ["v1"]
