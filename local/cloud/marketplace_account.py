"""AWS Marketplace's own account, as far as it acts in ours: notification topics, and agreement events.

The metering and entitlement APIs are another thing: the local Marketplace, a server of its own.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from local.cloud.accounts import MARKETPLACE_ACCOUNT, SELLER_ACCOUNT, Accounts

#: where the topics and the events are, whatever Region the seller lives in
MARKETPLACE_REGION = "us-east-1"
AGREEMENT_SOURCE = "aws.agreement-marketplace"


class EventRefused(RuntimeError):
    """EventBridge did not take an event; the message is its error code and text."""


class MarketplaceAccount:
    """Plays the account that owns the topics of a product and tells the seller about buyers."""

    def __init__(self, accounts: Accounts) -> None:
        session = accounts.root(MARKETPLACE_ACCOUNT, MARKETPLACE_REGION)
        self._sns = session.client("sns")
        self._events = session.client("events")

    def create_topics(self, product_code: str) -> None:
        """The two topics of a product, each with the policy that lets the seller's account subscribe.

        Needed before the stack with the subscriptions is deployed.
        """
        for kind in ("subscription", "entitlement"):
            arn = self._sns.create_topic(Name=f"aws-mp-{kind}-notification-{product_code}")["TopicArn"]
            statement = {
                "Sid": "SellerMaySubscribe",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{SELLER_ACCOUNT}:root"},
                "Action": ["sns:Subscribe", "sns:GetTopicAttributes"],
                "Resource": arn,
            }
            policy = {"Version": "2012-10-17", "Statement": [statement]}
            self._sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy))

    def _publish(self, kind: str, product_code: str, message: Mapping[str, Any]) -> str:
        arn = f"arn:aws:sns:{MARKETPLACE_REGION}:{MARKETPLACE_ACCOUNT}:aws-mp-{kind}-notification-{product_code}"
        return self._sns.publish(TopicArn=arn, Message=json.dumps(dict(message)))["MessageId"]

    def publish_subscription_notice(self, product_code: str, message: Mapping[str, Any]) -> str:
        """For example ``{"action": "subscribe-success", "customer-identifier": ..., "product-code": ...}``; its id."""
        return self._publish("subscription", product_code, message)

    def publish_entitlement_notice(self, product_code: str, message: Mapping[str, Any]) -> str:
        """For example ``{"action": "entitlement-updated", "customer-identifier": ..., "product-code": ...}``."""
        return self._publish("entitlement", product_code, message)

    def put_agreement_event(self, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = ()) -> str:
        """An event of Marketplace on the default bus of the seller's account; its id. Raises EventRefused."""
        answer = self._events.put_events(
            Entries=[
                {
                    "Source": AGREEMENT_SOURCE,
                    "DetailType": detail_type,
                    "Detail": json.dumps(dict(detail)),
                    "Resources": list(resources),
                }
            ]
        )
        entry = answer["Entries"][0]
        if "EventId" not in entry:
            raise EventRefused(f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")
        return entry["EventId"]
