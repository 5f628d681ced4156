"""Marketplace's messages as its guide prints them, and the SQS records in which they reach a function."""

import json
from collections.abc import Mapping
from typing import Any

from runtime.clock import iso

PRODUCT = "8y1zq7w4local0yawl2metering"
ARN = "arn:aws:license-manager::444455556666:license:l-0123456789abcdef"
LICENSE_ID = "l-0123456789abcdef"
AGREEMENT = "agmt-1a2b3c4d5e6f7a8b9"
ACCOUNT = "444455556666"
T0 = 1_794_700_800.0  # 2026-11-15T00:00:00Z


def sns(action: str, at: float, *, customer: str = "custA1", id_: str | None = None, **fields: Any) -> str:
    """An SNS envelope with its double-encoded message."""
    message = {"action": action, "customer-identifier": customer, "product-code": PRODUCT} | fields
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": id_ or f"sns-{action}-{at}",
            "Message": json.dumps(message),
            "Timestamp": iso(at),
        }
    )


def event(detail_type: str, at: float, *, id_: str | None = None, detail: Mapping[str, Any] | None = None) -> str:
    """An EventBridge event about the agreement; without a licence."""
    return json.dumps(
        {
            "version": "0",
            "id": id_ or f"event-{detail_type}-{at}",
            "detail-type": detail_type,
            "source": "aws.agreement-marketplace",
            "time": iso(int(at)),
            "detail": {"acceptor": {"accountId": ACCOUNT}, "agreement": {"id": AGREEMENT}} | dict(detail or {}),
        }
    )


def license_event(what: str, at: float, *, arn: str = ARN, product: str = PRODUCT, id_: str | None = None) -> str:
    """``License Updated`` or ``License Deprovisioned``."""
    detail = {"license": {"arn": arn}, "product": {"code": product, "id": "prod-1"}, "offer": {"id": "offer-1"}}
    return event(f"License {what} - Manufacturer", at, id_=id_, detail=detail)


def agreement_ended(status: str, at: float, *, id_: str | None = None) -> str:
    """``Purchase Agreement Ended`` as the proposing seller gets it."""
    detail = {"agreement": {"id": AGREEMENT, "status": status}}
    return event("Purchase Agreement Ended - Proposer", at, id_=id_, detail=detail)


def queue(*bodies: str, sent: float = T0) -> dict[str, Any]:
    """The event of an SQS trigger; message ids are m0, m1, …."""
    return {
        "Records": [
            {
                "messageId": f"m{index}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {"SentTimestamp": str(int(sent * 1000)), "ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:queue",
                "awsRegion": "us-east-1",
            }
            for index, body in enumerate(bodies)
        ]
    }


def failed(answer: Any) -> list[str]:
    """The ids of the records that come again."""
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


class Context:
    """What Lambda tells a handler about its invocation."""

    function_name = "function"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:111122223333:function:function"
    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 28_000
