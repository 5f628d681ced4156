"""Marketplace's notices as they lie in a queue: SNS messages and EventBridge events become one ``Notice``. Pure.

Both are delivered at least once and unordered. Every message becomes a notice: what cannot be read is one of kind
``unreadable``, which says why, so that people learn of it at once and not after some deliveries.
"""

from collections.abc import Mapping
from typing import Any

from marketplace import agreement_event, sns_message
from marketplace.notice import Notice, Source
from marketplace.notice_text import Unreadable, account, milliseconds, opened, part, text


def parse(body: str, *, message_id: str, sent_ms: int) -> Notice:
    """The notice in an SQS message's body: an SNS envelope, a raw SNS message or an EventBridge event, encoded once or
    more, or passed on by a topic of one's own.

    message_id and sent_ms (the SQS message's own) stand in for id and time where raw delivery drops SNS's.
    """
    message: Mapping[str, Any] = {}
    try:
        message, envelope = _unwrapped(body)
        if "detail-type" in message:
            return agreement_event.notice(message)
        at_ms = milliseconds(envelope["Timestamp"], "Timestamp") if "Timestamp" in envelope else sent_ms
        notice_id = text(envelope, "MessageId") or message_id
        return sns_message.notice(message, notice_id=notice_id, at_ms=at_ms)
    except Unreadable as error:
        return _unreadable(message, str(error), message_id=message_id, sent_ms=sent_ms)


def _unwrapped(body: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The innermost message and its SNS envelope, which is empty for raw delivery. Raises Unreadable."""
    envelope: Mapping[str, Any] = {}
    value = opened(body)
    for _ in range(3):
        if not isinstance(value, dict):
            raise Unreadable("it is not a JSON object")
        if "detail-type" in value or sns_message.is_message(value):
            return value, envelope
        if value.get("Type") in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
            raise Unreadable(f"it is SNS's {value['Type']}, about a subscription to a topic and not about a buyer")
        if "Message" not in value:
            break
        envelope, value = value, opened(value["Message"])
    raise Unreadable("it is neither an SNS message with an action nor an EventBridge event")


def _unreadable(message: Mapping[str, Any], why: str, *, message_id: str, sent_ms: int) -> Notice:
    """The notice of a message that cannot be read, with its product and buyer as far as the message names them."""
    detail = part(message, "detail")
    source: Source = "eventbridge" if "detail-type" in message else "sns"
    try:
        product = text(part(detail, "product"), "code") if detail else sns_message.product_of(message)
    except Unreadable:
        product = None
    try:
        buyer = account(part(detail, "acceptor"), "accountId", called="")
    except Unreadable:
        buyer = None
    return Notice(
        id=message_id,
        source=source,
        action="unreadable",
        kind="unreadable",
        at_ms=sent_ms,
        product_code=product,
        account_id=buyer,
        why=why,
    )
