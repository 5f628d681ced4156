"""A message of Marketplace's SNS topics ``aws-mp-subscription-notification-…`` and
``aws-mp-entitlement-notification-…``, which names a legacy customer, as a ``Notice``. Pure.

Source: AWS Marketplace user guide, "Amazon SNS notifications for SaaS products". Its example has a blank before the
identifier; older documentation writes ``CustomerIdentifier`` and ``ProductCode``.
"""

import re
from collections.abc import Mapping
from typing import Any

from marketplace.billing_identity import BILLING_KEY
from marketplace.notice import Kind, Notice
from marketplace.notice_text import Unreadable, needed, text

#: ``entitlement-expired`` is our own alias of ``entitlement-updated``.
ACTIONS: dict[str, Kind] = {
    "subscribe-success": "start",
    "unsubscribe-pending": "end",
    "unsubscribe-success": "end",
    "subscribe-fail": "fail",
    "entitlement-updated": "entitlement",
    "entitlement-expired": "entitlement",
}
_UNLIKE = re.compile(r"[-_ ]")


def notice(message: Mapping[str, Any], *, notice_id: str, at_ms: int) -> Notice:
    """The notice in a message. Raises Unreadable."""
    fields = _spelled_alike(message)
    action = needed(text(fields, "action"), "action").lower()
    kind = ACTIONS.get(action, "unknown")
    product = text(fields, "productcode", called="product-code")
    customer = text(fields, "customeridentifier", called="customer-identifier")
    if customer is not None and not BILLING_KEY.fullmatch(customer):
        raise Unreadable("customer-identifier is not one")
    if kind != "unknown":
        needed(product, "product-code")
        needed(customer, "customer-identifier")
    trial = str(fields.get("isfreetrialtermpresent")).strip().lower()
    return Notice(
        id=notice_id,
        source="sns",
        action=action,
        kind=kind,
        at_ms=at_ms,
        product_code=product,
        customer_identifier=customer,
        offer_id=text(fields, "offeridentifier", called="offer-identifier"),
        free_trial={"true": True, "false": False}.get(trial),
        why="its action is not known" if kind == "unknown" else None,
    )


def product_of(message: Mapping[str, Any]) -> str | None:
    """The product code of a message. Raises Unreadable."""
    return text(_spelled_alike(message), "productcode", called="product-code")


def is_message(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object is such a message: it names an action, known or not."""
    return any(_alike(name) == "action" for name in value)


def _spelled_alike(message: Mapping[str, Any]) -> dict[str, Any]:
    """The fields under their names in lower case without hyphens. Raises Unreadable where two spellings disagree."""
    fields: dict[str, Any] = {}
    for name, value in message.items():
        alike = _alike(name)
        if alike in fields and fields[alike] != value:
            raise Unreadable("a field is there twice, spelled differently and with different values")
        fields[alike] = value
    return fields


def _alike(name: str) -> str:
    return _UNLIKE.sub("", name).lower()
