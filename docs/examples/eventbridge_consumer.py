"""A Lambda function that keeps who has access to the app, from AWS Marketplace events on the stage's bus.

EventBridge delivers an event at least once and in no promised order, so an event changes only what no later one has
changed already: ``sequence`` only rises for a customer. Needs a table with the key ``customerIdentifier`` (its name in
CUSTOMERS_TABLE) and boto3, which Lambda has. The rule's pattern: ``{"source": ["yawl.marketplace"]}``.
"""

import os
from typing import Any

import boto3
from botocore.exceptions import ClientError

#: What each event is about. Events about one thing are put into their order; those about others do not wait for them.
ABOUT = {
    "SubscriptionActivated": "access",
    "AccessRevoked": "access",
    "EntitlementChanged": "plan",
    "SubscriptionEnding": "ending",
}
#: How often another copy of this function may be faster.
ATTEMPTS = 8

Customer = dict[str, Any]


def apply(customer: Customer, event: dict[str, Any]) -> Customer:
    """What the app knows of a customer after an event; the same object if the event says nothing new. Pure."""
    about = ABOUT.get(event["type"])
    sequences = customer.get("sequences", {})
    if about is None or event["sequence"] <= sequences.get(about, -1):
        return customer
    changed = {**customer, "sequences": {**sequences, about: event["sequence"]}}
    if about == "access":
        changed["access"] = event["type"] == "SubscriptionActivated"
    elif about == "plan":
        changed["tier"] = event["data"]["tier"]
    else:
        # Send the last usage before then, and tell the buyer.
        changed["sendUsageUntil"] = event["data"]["acceptsUsageUntil"]
    if "linkedAccount" in event:
        changed["account"] = event["linkedAccount"]
    return changed


def keep(table: Any, event: dict[str, Any]) -> None:
    """Apply an event to the stored customer, on condition that no other event did meanwhile."""
    key = {"customerIdentifier": event["customerIdentifier"]}
    for _ in range(ATTEMPTS):
        stored = table.get_item(Key=key, ConsistentRead=True).get("Item", key)
        changed = apply(stored, event)
        if changed is stored:
            return
        revision = stored.get("revision", 0)
        try:
            table.put_item(
                Item={**changed, "revision": revision + 1},
                ConditionExpression="attribute_not_exists(revision) OR revision = :revision",
                ExpressionAttributeValues={":revision": revision},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
        else:
            return
    # Lambda and EventBridge deliver the event again.
    raise RuntimeError("the customer changed in every attempt")


def handler(event: dict[str, Any], _context: Any) -> None:
    """An event of the bus."""
    keep(boto3.resource("dynamodb").Table(os.environ["CUSTOMERS_TABLE"]), event["detail"])
