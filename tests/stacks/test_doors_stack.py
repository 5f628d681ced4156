"""What comes in: routes, notices, and what is written down about them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.synthesized import PRODUCT_CODE, Assembly, as_list, shipped

MARKETPLACE_TOPIC = f"arn:aws:sns:us-east-1:287250355862:aws-mp-{{}}-notification-{PRODUCT_CODE}"


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


def statements(assembly: Assembly, queue: str) -> list[dict[str, Any]]:
    return [
        statement
        for policy in assembly.properties("AWS::SQS::QueuePolicy")
        if policy["Queues"] == [{"Ref": queue}]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_only_what_a_buyers_browser_calls_is_public(prod: Assembly) -> None:
    assert routes(prod) == {
        "POST /register": "NONE",
        "POST /registrations": "NONE",
        "GET /health": "NONE",
        "GET /subscribers/{customerIdentifier}": "AWS_IAM",
        "GET /subscribers/{customerIdentifier}/entitlements": "AWS_IAM",
        "GET /subscribers/{customerIdentifier}/usage": "AWS_IAM",
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


def test_the_public_may_still_come_in_at_a_small_stage(tmp_path: Path) -> None:
    small = Assembly.of(replace(shipped("prod"), requests_per_second=12, request_burst=14), tmp_path)
    settings = method_settings(small)["POST /register"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (5, 5)


def test_every_route_has_metrics_and_logs_of_its_errors(prod: Assembly) -> None:
    # a route's own settings replace those of all routes
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


def test_both_topics_of_marketplace_are_subscribed_without_raw_delivery(prod: Assembly) -> None:
    subscriptions = prod.properties("AWS::SNS::Subscription", stack="Doors")
    # the entitlement queue hears of subscriptions too: an hour is sealed by entitlements newer than the last start
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


def test_only_marketplaces_topics_and_our_rule_may_send_to_a_notice_queue(prod: Assembly) -> None:
    for name, kinds in (("SubscriptionQueue", {"subscription"}), ("EntitlementQueue", {"subscription", "entitlement"})):
        (queue,) = (
            id_
            for id_, resource in prod.resources("AWS::SQS::Queue")
            if id_.startswith(name) and "RedrivePolicy" in resource["Properties"]
        )
        allowed = [entry for entry in statements(prod, queue) if entry["Effect"] == "Allow"]
        topics = set()
        for entry in allowed:
            source = entry["Condition"]["ArnEquals"]["aws:SourceArn"]
            if entry["Principal"]["Service"] == "sns.amazonaws.com":
                topics.update(as_list(source))
            else:
                assert entry["Principal"]["Service"] == "events.amazonaws.com"
                assert source["Fn::GetAtt"][0] in dict(prod.resources("AWS::Events::Rule"))
        assert topics == {MARKETPLACE_TOPIC.format(kind) for kind in kinds}


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
    # what fails of usage is mostly a moment's contention, which must not cost somebody's sleep
    assert [number for id_, number in receives.items() if id_.startswith("UsageQueue")] == [10, 10]
    assert len(fed) == 4
    for properties in fed.values():
        dead = properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        assert queues[dead]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_batch_may_fail_in_part_and_is_invisible_long_enough(prod: Assembly) -> None:
    functions = dict(prod.resources("AWS::Lambda::Function"))
    queues = dict(prod.resources("AWS::SQS::Queue"))
    mappings = prod.properties("AWS::Lambda::EventSourceMapping", stack="Doors")
    assert len(mappings) == 4
    for mapping in mappings:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        timeout = functions[prod.called(mapping["FunctionName"])]["Properties"]["Timeout"]
        queue = queues[mapping["EventSourceArn"]["Fn::GetAtt"][0]]["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * timeout


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
    # the largest batch that Lambda takes of a FIFO queue
    assert mappings["UsageQueue"]["BatchSize"] == 10
    assert mappings["UsageQueue"]["ScalingConfig"] == {"MaximumConcurrency": 50}
    assert mappings["UsageQueueWaiting"]["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert "UsageQueueRefused" not in mappings


def test_what_is_passed_on_fits_the_next_queue(prod: Assembly) -> None:
    queues = usage_queues(prod)
    comes_in = queues["UsageQueue"]["MaximumMessageSize"]
    assert comes_in == 256 * 1024
    # JSON's escapes make six bytes of two
    for name in ("UsageQueueWaiting", "UsageQueueRefused"):
        assert queues[name]["MaximumMessageSize"] > 3 * comes_in


def test_what_waits_is_tried_again_as_often_as_the_stage_says(prod: Assembly, local: Assembly) -> None:
    assert usage_queues(prod)["UsageQueueWaiting"]["DelaySeconds"] == 900
    assert usage_queues(local)["UsageQueueWaiting"]["DelaySeconds"] == local.stage.waiting_usage_seconds < 10


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
    assert ":events:eu-west-1:" in json.dumps(target["Arn"])
    assert ":event-bus/default" in json.dumps(target["Arn"])
    manifest = json.loads((abroad.folder / "manifest.json").read_text(encoding="utf-8"))
    environments = {name: entry.get("environment") for name, entry in manifest["artifacts"].items()}
    assert environments["YawlMetering-prod-Notices"].endswith("/us-east-1")
    assert environments["YawlMetering-prod-Doors"].endswith("/eu-west-1")


def test_outputs_for_whoever_calls(prod: Assembly) -> None:
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
