"""A request to DynamoDB: its operation and its tables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TARGET = "DynamoDB_20120810."


@dataclass(frozen=True)
class Request:
    """operation: its name in the API. items: how many a transaction has, else 1. text: the body."""

    operation: str
    tables: frozenset[str]
    items: int
    text: str

    @classmethod
    def of(cls, target: str, body: bytes) -> "Request":
        """Reads the header ``X-Amz-Target`` and the body; a body that is not a JSON object names no table."""
        text = body.decode("utf-8", errors="replace")
        try:
            content = json.loads(text or "{}")
        except ValueError:
            content = {}
        if not isinstance(content, dict):
            content = {}
        steps = [step for item in content.get("TransactItems", ()) for step in item.values()]
        named = {content.get("TableName"), *content.get("RequestItems", ()), *(step.get("TableName") for step in steps)}
        tables = frozenset(name for name in named if isinstance(name, str))
        return cls(target.removeprefix(TARGET), tables, max(1, len(steps)), text)


def error_body(name: str, message: str, **more: Any) -> Mapping[str, Any]:
    """The body of an error in DynamoDB's JSON protocol."""
    return {"__type": f"com.amazonaws.dynamodb.v20120810#{name}", "message": message, **more}
