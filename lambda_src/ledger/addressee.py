"""Whom a notice is about: the subscribers it names, and those that it must not be applied to."""

from typing import Literal

from ledger.subscribers import Subscribers
from marketplace.notices import Notice

#: why a notice is not applied: its action is unknown, it is about another product, or it is about a legacy customer
#: while the stage bills licences only
Refusal = Literal["unknown", "wrong_product", "other_integration"]


def refusal(notice: Notice, *, product_code: str, integration: str) -> Refusal | None:
    """Why a notice is not applied; None if it may be. Agreement events carry no product code: the agreement decides."""
    if notice.kind == "unknown":
        return "unknown"
    names_product = notice.source == "sns" or notice.license_id is not None
    if (names_product or notice.product_code is not None) and notice.product_code != product_code:
        return "wrong_product"
    return "other_integration" if notice.source == "sns" and integration == "license" else None


def addressees(notice: Notice, subscribers: Subscribers, *, integration: str) -> tuple[str, ...]:
    """The billing keys that a notice is about; none for an agreement that no subscriber is bound to.

    A legacy product's licences must not become subscribers of their own: their hours would be sent both ways. So only
    where licences are billed is an unknown one an addressee, which creates its row.
    """
    if notice.customer_identifier is not None:
        return (notice.customer_identifier,)
    if integration == "license" and notice.license_id is not None:
        return (notice.license_id,)
    bound = subscribers.with_agreement(notice.agreement_id) if notice.agreement_id else ()
    if notice.license_id is None:
        return bound
    own = tuple(key for key in bound if key == notice.license_id or _is_legacy(key, subscribers))
    return own or ((_billed_as(notice.license_id, subscribers),) if integration == "mixed" else ())


def _billed_as(license_key: str, subscribers: Subscribers) -> str:
    """The licence's own key, or that of the legacy buyer whose registration superseded it."""
    found = subscribers.get(license_key)
    return license_key if found is None else str(found.item.get("supersededBy", license_key))


def _is_legacy(key: str, subscribers: Subscribers) -> bool:
    found = subscribers.get(key)
    return found is not None and found.integration == "legacy"
