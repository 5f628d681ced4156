"""Differences become findings in ``yawl-audit``, each once: a person closes them, no later audit opens them again."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from archive.conservation.rules import Difference
from ledger.tables import SCHEMA
from runtime.clock import iso

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

DEPTH = "conservation"


def store(table: "Table", customer: str, differences: Iterable[Difference], now: float) -> None:
    """Store a customer's differences, except those that are stored already."""
    for each in differences:
        item: dict[str, Any] = {
            "subject": customer,
            "item": f"finding#{DEPTH}#{each.period}#{each.dimension}#{each.kind}",
            "schema": SCHEMA,
            "findingState": "open",
            "foundAt": iso(int(now)),
            "ours": each.ours,
            "theirs": each.theirs,
        }
        try:
            table.put_item(Item=item, ConditionExpression="attribute_not_exists(subject)")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
