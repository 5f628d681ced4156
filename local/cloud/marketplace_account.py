"""AWS Marketplace's account on the local cloud: it owns notification topics and sends agreement events.

The metering and entitlement APIs are not here: the local Marketplace, a server of its own, has them.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from local.cloud.accounts import MARKETPLACE_ACCOUNT, SELLER_ACCOUNT, Accounts

#: The Region of the topics and the events, whichever Region the seller uses.
MARKETPLACE_REGION = "us-east-1"
AGREEMENT_SOURCE = "aws.agreement-marketplace"


class EventRefused(RuntimeError):
    """EventBridge refused an event; the message is its error code and text."""


class MarketplaceAccount:
    """Publishes to the seller, as Marketplace does, what happens to buyers."""

    def __init__(self, accounts: Accounts) -> None:
        session = accounts.root(MARKETPLACE_ACCOUNT, MARKETPLACE_REGION)
        self._sns = session.client("sns")
        self._events = session.client("events")

    def create_topics(self, product_code: str) -> None:
        """Creates a product's two topics, each with the policy that lets the seller's account subscribe.

        The deployment of the stack with the subscriptions needs them.
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
        """Publishes, for example, ``{"action": "subscribe-success", "customer-identifier": ...}``; returns its id."""
        return self._publish("subscription", product_code, message)

    def publish_entitlement_notice(self, product_code: str, message: Mapping[str, Any]) -> str:
        """Publishes, for example, ``{"action": "entitlement-updated", "customer-identifier": ...}``; returns its id."""
        return self._publish("entitlement", product_code, message)

    def put_agreement_event(self, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = ()) -> str:
        """Puts an event on the default bus of the seller's account and returns its id. Raises EventRefused."""
        (answer,) = self._events.put_events(
            Entries=[
                {
                    "Source": AGREEMENT_SOURCE,
                    "DetailType": detail_type,
                    "Detail": json.dumps(dict(detail)),
                    "Resources": list(resources),
                }
            ]
        )["Entries"]
        if "EventId" not in answer:
            raise EventRefused(f"{answer.get('ErrorCode')}: {answer.get('ErrorMessage')}")
        return answer["EventId"]
