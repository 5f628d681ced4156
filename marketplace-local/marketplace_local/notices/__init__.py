"""The notices that AWS Marketplace sends a seller: SNS message bodies and EventBridge events, as dictionaries.

Sources: user guide, SaaS notifications (SNS) and Amazon EventBridge integration (``aws.agreement-marketplace``, on the
seller's default bus in us-east-1). SNS carries neither account nor licence; agreement events carry no licence and no
product code; licence events join them by ``agreement.id``.
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any, Literal

from marketplace_local.catalogue import Buyer
from marketplace_local.clock import iso

SELLER_ACCOUNT = "111122223333"
#: AWS Marketplace's own account, whose topics live in us-east-1.
TOPIC_ACCOUNT = "287250355862"
SubscriptionAction = Literal["subscribe-success", "subscribe-fail", "unsubscribe-pending", "unsubscribe-success"]
EndStatus = Literal["CANCELLED", "EXPIRED", "TERMINATED", "RENEWED", "REPLACED", "SUPERSEDED"]
Role = Literal["Proposer", "Manufacturer"]
JsonObject = dict[str, Any]

#: Events carry this end time for an agreement without an end (pay as you go).
_NO_END = "9999-01-01T00:00:00Z"
_EVENT_IDS = uuid.UUID("0f8f4a3e-0a5d-4d0a-9c43-1f5d6c0c6f51")


def subscription_topic(product_code: str) -> str:
    """The ARN of the product's SNS topic of subscriptions."""
    return f"arn:aws:sns:us-east-1:{TOPIC_ACCOUNT}:aws-mp-subscription-notification-{product_code}"


def entitlement_topic(product_code: str) -> str:
    """The ARN of the product's SNS topic of entitlements."""
    return f"arn:aws:sns:us-east-1:{TOPIC_ACCOUNT}:aws-mp-entitlement-notification-{product_code}"


def subscription_notice(
    action: SubscriptionAction,
    customer_identifier: str,
    product_code: str,
    *,
    offer_identifier: str | None = None,
    free_trial: bool | None = None,
) -> JsonObject:
    """A message of the subscription topic. The offer comes with subscribe-success and subscribe-fail only."""
    body = {"action": action, "customer-identifier": customer_identifier, "product-code": product_code}
    if offer_identifier is not None and action in ("subscribe-success", "subscribe-fail"):
        body["offer-identifier"] = offer_identifier
    if free_trial is not None:
        body["isFreeTrialTermPresent"] = "true" if free_trial else "false"  # AWS sends a string.
    return body


def entitlement_notice(customer_identifier: str, product_code: str) -> JsonObject:
    """A message of the entitlement topic, the same for a new contract, an upgrade, a renewal and an expiry."""
    return {
        "action": "entitlement-updated",
        "customer-identifier": customer_identifier,
        "product-code": product_code,
    }


def sns_envelope(body: JsonObject, topic_arn: str, *, message_id: str, at: float) -> JsonObject:
    """The message that SNS puts into a queue without raw delivery, with the body as a text. ``at``: epoch seconds."""
    return {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": topic_arn,
        "Message": json.dumps(body),
        "Timestamp": f"{iso(int(at))[:-1]}.{int(at % 1 * 1000):03d}Z",
        "SignatureVersion": "1",
    }


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """The facts that events carry about one agreement."""

    agreement_id: str
    account_id: str
    license_arn: str
    product_code: str
    offer_id: str
    product_id: str = "prod-local0yawl001"
    seller: str = SELLER_ACCOUNT

    @classmethod
    def of(cls, buyer: Buyer) -> "Agreement":
        """The facts of a buyer's agreement."""
        return cls(
            agreement_id=buyer.agreement_id,
            account_id=buyer.account_id,
            license_arn=buyer.license_arn,
            product_code=buyer.product_code,
            offer_id=buyer.offer_id,
        )

    @classmethod
    def of_buyer(cls, buyer: JsonObject) -> "Agreement":
        """From a buyer as the admin interface describes it."""
        return cls(
            agreement_id=buyer["agreementId"],
            account_id=buyer["accountId"],
            license_arn=buyer["licenseArn"],
            product_code=buyer["productCode"],
            offer_id=buyer["offerId"],
        )


def license_updated(agreement: Agreement, at: float) -> JsonObject:
    """The licence was created or changed: usage may be metered, entitlements are to be fetched."""
    return _license_event("License Updated - Manufacturer", agreement, at)


def license_deprovisioned(agreement: Agreement, at: float) -> JsonObject:
    """The licence ended: final records are taken for one hour."""
    return _license_event("License Deprovisioned - Manufacturer", agreement, at)


def agreement_created(
    agreement: Agreement,
    at: float,
    *,
    intent: Literal["NEW", "RENEW", "REPLACE"] = "NEW",
    end_time: str = _NO_END,
    previous_agreement_id: str | None = None,
    role: Role = "Proposer",
) -> JsonObject:
    """An agreement begins. ``previous_agreement_id`` comes with intent RENEW only. A direct sale sends the Proposer's
    copy."""
    terms: JsonObject = {
        "id": agreement.agreement_id,
        "intent": intent,
        "status": "ACTIVE",
        "acceptanceTime": iso(at),
        "startTime": iso(at),
        "endTime": end_time,
    }
    if previous_agreement_id is not None:
        terms["previousAgreementId"] = previous_agreement_id
    detail = {"agreement": terms, "resaleAuthorization": {"id": None}, "offer": {"id": agreement.offer_id}}
    return agreement_event(f"Purchase Agreement Created - {role}", agreement, at, detail)


def agreement_ended(
    agreement: Agreement, at: float, status: EndStatus = "CANCELLED", *, role: Role = "Proposer"
) -> JsonObject:
    """An agreement ends. With RENEWED, REPLACED and SUPERSEDED the buyer stays: another agreement follows."""
    detail = {
        "agreement": {"id": agreement.agreement_id, "status": status},
        "resaleAuthorization": {"id": None},
        "offer": {"id": agreement.offer_id},
    }
    return agreement_event(f"Purchase Agreement Ended - {role}", agreement, at, detail)


def _license_event(detail_type: str, agreement: Agreement, at: float) -> JsonObject:
    detail = {
        "agreement": {"id": agreement.agreement_id},
        "product": {"id": agreement.product_id, "code": agreement.product_code},
        "license": {"arn": agreement.license_arn},
        "offer": {"id": agreement.offer_id},
    }
    return agreement_event(detail_type, agreement, at, detail)


def agreement_event(detail_type: str, agreement: Agreement, at: float, detail: JsonObject) -> JsonObject:
    """An event. Its id follows from its content, so that an event sent twice has one id."""
    event_id = uuid.uuid5(_EVENT_IDS, f"{detail_type}|{agreement.agreement_id}|{int(at)}")
    return {
        "version": "0",
        "id": str(event_id),
        "detail-type": detail_type,
        "source": "aws.agreement-marketplace",
        "account": agreement.seller,
        "time": iso(int(at)),  # EventBridge has whole seconds.
        "region": "us-east-1",
        "resources": [f"arn:aws:aws-marketplace::aws:agreement:{agreement.agreement_id}"],
        "detail": {
            "requestId": str(uuid.uuid5(event_id, "request")),
            "catalog": "AWSMarketplace",
            "acceptor": {"accountId": agreement.account_id},
            "proposer": {"accountId": agreement.seller},
            **detail,
        },
    }
