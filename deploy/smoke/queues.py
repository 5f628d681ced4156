"""Who may send to the queues, as their policies say it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.line import Line, green, red
from deploy.stage_there import StageThere
from marketplace.regions import OPT_IN_REGIONS
from stacks.stage import Stage

SERVICES = {"sns": "sns.amazonaws.com", "eventbridge": "events.amazonaws.com"}


def senders_of(stage: Stage, *, entitlements: bool) -> frozenset[str]:
    """Services that have to be let in to a queue of notices (``stacks.doors``)."""
    if not stage.takes_notices or (entitlements and not stage.has_contracts):
        return frozenset()
    services = {SERVICES[way] for way in stage.notices}
    if "sns" in stage.notices and stage.region in OPT_IN_REGIONS:
        # under this name SNS delivers from another Region (``marketplace.regions``)
        services.add(f"sns.{stage.region}.amazonaws.com")
    return frozenset(services)


def queue_line(name: str, policy: Mapping[str, Any] | None, senders: frozenset[str]) -> Line:
    """policy: the queue's. senders: services that have to be let in."""
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


def queue_lines(there: StageThere) -> Iterator[Line]:
    notices = {
        there.output("Doors", "SubscriptionQueueUrl"): senders_of(there.stage, entitlements=False),
        there.output("Doors", "EntitlementQueueUrl"): senders_of(there.stage, entitlements=True),
    }
    for queue in there.of_type("AWS::SQS::Queue"):
        answer = there.reader.ask(
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
