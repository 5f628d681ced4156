"""Marketplace's notices: SNS messages and EventBridge events become one ``Notice``. Pure.

SNS (``aws-mp-subscription-notification-…``, ``aws-mp-entitlement-notification-…``) names legacy customers; EventBridge
(source ``aws.agreement-marketplace``) names licences and agreements. Both are delivered at least once and unordered.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from marketplace.billing_identity import BILLING_KEY, IdentityError, license_id
from runtime.clock import from_iso

#: start and end: of a subscription or licence. fail: it never began. entitlement: what is held may have changed.
#: fact: known, changes no status. unknown: an action that this version does not know.
Kind = Literal["start", "end", "fail", "entitlement", "fact", "unknown"]
Source = Literal["sns", "eventbridge"]

#: AWS Marketplace user guide, "Amazon SNS notifications for SaaS products"; entitlement-expired is an alias of ours
SNS_ACTIONS: dict[str, Kind] = {
    "subscribe-success": "start",
    "unsubscribe-pending": "end",
    "unsubscribe-success": "end",
    "subscribe-fail": "fail",
    "entitlement-updated": "entitlement",
    "entitlement-expired": "entitlement",
}

#: detail-types without their ``- Proposer`` or ``- Manufacturer``. A seller gets one of the two copies only.
#: License Updated starts a licence and is also sent for later updates of a live one.
EVENT_STEMS: dict[str, Kind] = {
    "License Updated": "start",
    "License Deprovisioned": "end",
    "Purchase Agreement Ended": "end",
    "Purchase Agreement Created": "fact",
    "Purchase Agreement Amended": "fact",
    "Purchase Agreement Ending": "fact",
    "Purchase Agreement Advisory Issued": "fact",
    "Purchase Agreement Advisory Resolved": "fact",
    "Purchase Agreement Renewal Terms Finalized": "fact",
    "Purchase Agreement Renewal Upcoming": "fact",
}
#: an agreement that ended because another one follows it: the buyer stays, nothing ends here
_SUCCEEDED = ("RENEWED", "REPLACED")
_AGREEMENT_ID = re.compile(r"[A-Za-z0-9_/-]{1,64}")


class MalformedNotice(ValueError):
    """A message that is neither a Marketplace SNS message nor an EventBridge event, or lacks what it must carry."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice. ``at_ms``: event time, milliseconds since the epoch (EventBridge cuts to seconds).

    action: SNS's action, or the detail-type without its role suffix. product_code is absent from agreement events.
    license_arn: the event's form, not always one to send. free_trial and offer_id: None where not said.
    """

    id: str
    source: Source
    action: str
    kind: Kind
    at_ms: int
    product_code: str | None = None
    customer_identifier: str | None = None
    license_arn: str | None = None
    license_id: str | None = None
    agreement_id: str | None = None
    account_id: str | None = None
    offer_id: str | None = None
    free_trial: bool | None = None

    @property
    def at(self) -> float:
        """Event time, seconds since the epoch."""
        return self.at_ms / 1000


def parse(body: str, *, message_id: str, sent_ms: int) -> Notice:
    """The notice in an SQS message's body: an SNS envelope, a raw SNS message or an EventBridge event.

    message_id and sent_ms (the SQS message's own) stand in for id and time where raw delivery drops SNS's.
    Raises MalformedNotice.
    """
    outer = _object(body, "the message")
    if "detail-type" in outer:
        return _from_event(outer)
    if "Message" in outer:
        inner = _object(str(outer["Message"]), "the SNS message in its envelope")
        return _from_sns(inner, str(outer.get("MessageId") or message_id), _milliseconds(outer.get("Timestamp")))
    if "action" in outer:
        return _from_sns(outer, message_id, sent_ms)
    raise MalformedNotice("neither an SNS message with an action nor an EventBridge event")


def _from_sns(message: Mapping[str, Any], notice_id: str, at_ms: int) -> Notice:
    action = _text(message, "action")
    customer = message.get("customer-identifier")
    kind = SNS_ACTIONS.get(action, "unknown")
    if kind != "unknown" and (not isinstance(customer, str) or not BILLING_KEY.fullmatch(customer)):
        raise MalformedNotice("customer-identifier is missing or not one")
    trial = {"true": True, "false": False}.get(str(message.get("isFreeTrialTermPresent")).lower())
    return Notice(
        id=notice_id,
        source="sns",
        action=action,
        kind=kind,
        at_ms=at_ms,
        product_code=_optional(message.get("product-code")),
        customer_identifier=_optional(customer),
        offer_id=_optional(message.get("offer-identifier")),
        free_trial=trial,
    )


def _from_event(event: Mapping[str, Any]) -> Notice:
    stem = _text(event, "detail-type").split(" - ")[0].strip()
    detail = _part(event, "detail")
    agreement = _part(detail, "agreement")
    arn = _optional(_part(detail, "license").get("arn"))
    agreement_id = _optional(agreement.get("id"))
    kind = EVENT_STEMS.get(stem, "unknown")
    if stem == "Purchase Agreement Ended" and agreement.get("status") in _SUCCEEDED:
        kind = "fact"
    if stem.startswith("License ") and kind != "unknown" and arn is None:
        raise MalformedNotice("a License event needs license.arn")
    if agreement_id is not None and not _AGREEMENT_ID.fullmatch(agreement_id):
        raise MalformedNotice("agreement.id is not one")
    if kind != "unknown" and arn is None and agreement_id is None:
        raise MalformedNotice("an agreement event needs agreement.id")
    try:
        trailing = license_id(arn) if arn is not None else None
    except IdentityError as error:
        raise MalformedNotice("license.arn is not a licence's") from error
    return Notice(
        id=_text(event, "id"),
        source="eventbridge",
        action=stem,
        kind=kind,
        at_ms=_milliseconds(event.get("time")),
        product_code=_optional(_part(detail, "product").get("code")),
        license_arn=arn,
        license_id=trailing,
        agreement_id=agreement_id,
        account_id=_optional(_part(detail, "acceptor").get("accountId")),
        offer_id=_optional(_part(detail, "offer").get("id")),
    )


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        # without the JSON error: it quotes the message
        raise MalformedNotice(f"{what} is not JSON") from None
    if not isinstance(value, dict):
        raise MalformedNotice(f"{what} is not a JSON object")
    return value


def _part(mapping: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = mapping.get(name)
    return value if isinstance(value, dict) else {}


def _text(mapping: Mapping[str, Any], name: str) -> str:
    value = mapping.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 256:
        raise MalformedNotice(f"{name} is missing or not a text of at most 256 characters")
    return value


def _optional(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 1200 else None


def _milliseconds(value: Any) -> int:
    try:
        return round(from_iso(str(value)) * 1000)
    except (ValueError, OverflowError):
        raise MalformedNotice("the notice carries no time") from None
