"""The condition on a subscriber that creating an open record carries in its transaction."""

from ledger.transaction import Operation


def accepts_usage(table_name: str, customer_identifier: str, now: float) -> Operation:
    """The customer is active, or cancelled and still before ``acceptsUntil``.

    Adding to an open record needs no such condition: final metering first makes this one fail, then looks for records.
    """
    return {
        "ConditionCheck": {
            "TableName": table_name,
            "Key": {"customerIdentifier": customer_identifier},
            "ConditionExpression": (
                "subscriptionStatus = :active OR (subscriptionStatus = :leaving AND acceptsUntil > :now)"
            ),
            "ExpressionAttributeValues": {":active": "active", ":leaving": "pending_cancellation", ":now": int(now)},
        }
    }
