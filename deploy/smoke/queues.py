"""Who may send to the queues, by their policies."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.deployed_stage import DeployedStage
from deploy.line import Line, green, red
from marketplace.regions import OPT_IN_REGIONS
from stacks.stage import Stage

SERVICES = {"sns": "sns.amazonaws.com", "eventbridge": "events.amazonaws.com"}


def senders_of(stage: Stage, *, entitlements: bool) -> frozenset[str]:
    """The services that a queue of notices must let in (``stacks.doors``)."""
    if not stage.takes_notices or (entitlements and not stage.has_contracts):
        return frozenset()
    sold = [product for product in stage.products if product.has_contracts or not entitlements]
    ways = {way for product in sold for way in stage.notices[product.code]}
    services = {SERVICES[way] for way in ways | (stage.ways_of_notices & {"eventbridge"})}
    if "sns" in ways and stage.region in OPT_IN_REGIONS:
        # SNS delivers from another Region under this name (``marketplace.regions``).
        services.add(f"sns.{stage.region}.amazonaws.com")
    return frozenset(services)


def queue_line(name: str, policy: Mapping[str, Any] | None, senders: frozenset[str]) -> Line:
    """Whether a queue's policy lets in the right services only. policy: the queue's. senders: the services that it must
    let in."""
    about = f"queue {name}"
    statements = [dict(statement) for statement in _list((policy or {}).get("Statement", ()))]
    if not any(_refuses_plain_http(statement) for statement in statements):
        return red(about, "takes requests without TLS", "deploy again; its policy refuses them")
    for statement in statements:
        if statement["Effect"] == "Allow" and "*" in _principals(statement) and not statement.get("Condition"):
            return red(about, "is open to everybody", "deploy again, and find out who changed its policy")
    let_in = {
        service
        for statement in statements
        if statement["Effect"] == "Allow" and {"sqs:SendMessage", "sqs:*"} & set(_list(statement["Action"]))
        for service in _list((statement.get("Principal") or {}).get("Service", ()))
    }
    if missing := sorted(senders - let_in):
        return red(about, f"does not let in {' and '.join(missing)}: notices of buyers do not come", "deploy again")
    what = f", lets in {' and '.join(sorted(senders))}" if senders else ""
    return green(about, f"asks for TLS{what}, is open to nobody else")


def queue_lines(deployed: DeployedStage) -> Iterator[Line]:
    """A line for the policy of each of the stage's queues."""
    notices = {
        deployed.output("Doors", "SubscriptionQueueUrl"): senders_of(deployed.stage, entitlements=False),
        deployed.output("Doors", "EntitlementQueueUrl"): senders_of(deployed.stage, entitlements=True),
    }
    for queue in deployed.of_type("AWS::SQS::Queue"):
        answer = deployed.aws.ask(
            "sqs", "get_queue_attributes", region=queue.region, QueueUrl=queue.name, AttributeNames=["Policy"]
        )
        policy = json.loads(answer.get("Attributes", {}).get("Policy") or "null")
        yield queue_line(queue.logical_id, policy, notices.get(queue.name, frozenset()))


def _refuses_plain_http(statement: Mapping[str, Any]) -> bool:
    condition = (statement.get("Condition") or {}).get("Bool", {})
    return statement["Effect"] == "Deny" and str(condition.get("aws:SecureTransport")).lower() == "false"


def _principals(statement: Mapping[str, Any]) -> set[str]:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return {each for value in principal.values() for each in _list(value)}
    return set(_list(principal or ()))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
