"""An event of EventBridge (source ``aws.agreement-marketplace``), which names a licence or agreement, as a ``Notice``.
Pure.

Source: AWS Marketplace user guide, "Amazon EventBridge events" and "Managing SaaS subscription events with Amazon
EventBridge". A seller gets one copy of an agreement's event only, ``- Proposer`` or ``- Manufacturer``.
"""

import re
from collections.abc import Mapping
from typing import Any

from marketplace.billing_identity import IdentityError, license_id
from marketplace.notice import Kind, Notice
from marketplace.notice_text import Unreadable, account, milliseconds, needed, part, text

#: Detail-types without their role. License Updated starts a licence and is also sent for later updates of a live one.
STEMS: dict[str, Kind] = {
    "License Updated": "start",
    "License Deprovisioned": "end",
    "Purchase Agreement Ended": "end",
    "Purchase Agreement Created": "fact",
    "Purchase Agreement Amended": "fact",
    "Purchase Agreement Ending": "fact",
    "Purchase Agreement Renewal Terms Finalized": "fact",
    "Purchase Agreement Renewal Upcoming": "fact",
}
#: Events that tell people how an agreement stands: stem → topic, and what may follow it → state. An advisory says that
#: AWS suspects the buyer's account of closure, compromise, abuse or fraud; a spend threshold, that AWS vets its card.
STANDING: dict[str, tuple[str, tuple[str, ...]]] = {
    "Purchase Agreement Advisory": ("advisory", ("Issued", "Resolved")),
    "Spend Threshold": ("spend_threshold", ("Reached", "Vet Succeeded", "Vet Failed")),
    "Agreement Cancellation Request": (
        "cancellation_request",
        ("Pending Approval", "Approved", "Rejected", "Cancelled", "Validation Failed"),
    ),
    "Purchase Agreement Billing Adjustment": ("billing_adjustment", ("Completed", "Failed")),
}
_STANDING_OF = {
    f"{stem} {state}": (topic, state.lower().replace(" ", "_"))
    for stem, (topic, states) in STANDING.items()
    for state in states
}
#: What ``agreement.status`` of Purchase Agreement Ended means (user guide; AgreementStatus of the Agreement API): the
#: buyer leaves, or another agreement follows and the buyer stays.
ENDS = ("CANCELLED", "EXPIRED", "TERMINATED")
FOLLOWED = ("RENEWED", "REPLACED", "SUPERSEDED")
#: AgreementStatus of the Agreement API's model. An agreement that was rolled back or archived never began to count.
STATUSES = ("ACTIVE", *ENDS, *FOLLOWED, "ARCHIVED", "ROLLED_BACK")
_AGREEMENT_ID = re.compile(r"[A-Za-z0-9_/-]{1,64}")
_STATUS = re.compile(r"[A-Z_]{1,40}")


def notice(event: Mapping[str, Any]) -> Notice:
    """The notice in an event. Raises Unreadable."""
    stem = needed(text(event, "detail-type"), "detail-type").split(" - ")[0].strip()
    detail = part(event, "detail")
    agreement = part(detail, "agreement")
    kind, why = _meaning(stem, agreement)
    topic, state = _STANDING_OF.get(stem, (None, None))
    product = text(part(detail, "product"), "code", called="product.code")
    arn = text(part(detail, "license"), "arn", called="license.arn", longest=1200)
    agreement_id = _agreement_id(agreement)
    if kind != "unknown" and stem.startswith("License "):
        needed(product, "product.code")
        needed(arn, "license.arn")
    elif kind != "unknown":
        needed(agreement_id, "agreement.id")
    return Notice(
        id=needed(text(event, "id"), "id"),
        source="eventbridge",
        action=stem,
        kind=kind,
        at_ms=milliseconds(event.get("time"), "time"),
        product_code=product,
        product_id=text(part(detail, "product"), "id", called="product.id")
        or text(agreement, "productId", called="agreement.productId"),
        license_arn=arn,
        license_id=_license_id(arn),
        agreement_id=agreement_id,
        account_id=account(part(detail, "acceptor"), "accountId", called="acceptor.accountId")
        or account(agreement, "acceptorId", called="agreement.acceptorId"),
        offer_id=text(part(detail, "offer"), "id", called="offer.id"),
        agreement_status=_agreement_status(agreement) if stem.startswith("Purchase Agreement ") and not topic else None,
        previous_agreement_id=_agreement_id(agreement, "previousAgreementId"),
        contract_start=_second(agreement, "startTime"),
        contract_end=_second(agreement, "endTime"),
        topic=topic,
        state=state,
        why=why,
    )


def _meaning(stem: str, agreement: Mapping[str, Any]) -> tuple[Kind, str | None]:
    """What an event means, and why that is not known."""
    if stem in _STANDING_OF:
        return "standing", None
    if stem == "Purchase Agreement Ended":
        return _ending(agreement.get("status"))
    return (STEMS[stem], None) if stem in STEMS else ("unknown", "its detail-type is not known")


def _ending(status: Any) -> tuple[Kind, str | None]:
    normalized = status.strip().upper() if isinstance(status, str) else ""
    if normalized in ENDS:
        return "end", None
    if normalized in FOLLOWED:
        return "fact", None
    named = normalized if _STATUS.fullmatch(normalized) else "missing or not a status"
    return "unknown", f"agreement.status is {named}, which does not say whether the buyer leaves"


def _agreement_id(agreement: Mapping[str, Any], name: str = "id") -> str | None:
    found = text(agreement, name, called=f"agreement.{name}")
    if found is not None and not _AGREEMENT_ID.fullmatch(found):
        raise Unreadable(f"agreement.{name} is not one")
    return found


def _agreement_status(agreement: Mapping[str, Any]) -> str | None:
    """``agreement.status``, if it is one of the Agreement API's."""
    status = agreement.get("status")
    normalized = status.strip().upper() if isinstance(status, str) else ""
    return normalized if normalized in STATUSES else None


def _second(agreement: Mapping[str, Any], name: str) -> int | None:
    """A time of the agreement's term; None where it names none that counts (an agreement without an end says 9999)."""
    try:
        return milliseconds(agreement[name], name) // 1000 if agreement.get(name) else None
    except Unreadable:
        return None


def _license_id(arn: str | None) -> str | None:
    try:
        return license_id(arn) if arn is not None else None
    except IdentityError as error:
        raise Unreadable("license.arn does not end in the id of a licence, which begins with l- or lic-") from error
