"""Whom a notice is about: the subscribers it names, and those that it must not be applied to."""

from typing import Literal

from ledger.allowed_buyers import EVERYBODY, AllowedBuyers
from ledger.subscribers import Subscribers
from marketplace.notice import LIFE, Notice

#: why a notice is not applied. unreadable: it lacks what its meaning hangs on. unknown: nobody here knows its meaning.
#: wrong_product: it is about another product. other_integration: it is about a legacy customer while the stage bills
#: licences only. not_a_test_account, account_unknown: the stage takes notices of its test accounts only, and this one
#: is about another, or about a legacy customer whose account is not known before he registers
Refusal = Literal[
    "unreadable", "unknown", "wrong_product", "other_integration", "not_a_test_account", "account_unknown"
]
#: what is kept for people; of a buyer who is none of this stage's nothing is
KEPT: tuple[Refusal, ...] = ("unreadable", "unknown", "wrong_product", "other_integration")


def refusal(
    notice: Notice,
    *,
    product_code: str,
    integration: str,
    allowed: AllowedBuyers = EVERYBODY,
    known: tuple[str, ...] = (),
) -> Refusal | None:
    """Why a notice is not applied; None if it may be. Agreement events carry no product code: the agreement decides.

    known: what else names the buyer, see ``known_names``.
    """
    taken = allowed.allow(notice.account_id, notice.license_id, notice.customer_identifier, *known)
    if not taken and (notice.account_id is not None or known):
        return "not_a_test_account"
    if notice.product_code is not None and notice.product_code != product_code:
        return "wrong_product"
    if notice.kind == "unreadable":
        return "unreadable"
    if not taken:
        may_register = notice.customer_identifier is not None and integration != "license"
        return "account_unknown" if may_register and notice.kind in (*LIFE, "entitlement") else "not_a_test_account"
    if notice.kind == "unknown":
        return "unknown"
    return "other_integration" if notice.source == "sns" and integration == "license" else None


def known_names(notice: Notice, subscribers: Subscribers, allowed: AllowedBuyers) -> tuple[str, ...]:
    """Where only some buyers' notices are taken: what a notice does not say, the account of the legacy customer that it
    names, or the billing keys that are bound to its agreement. Empty where nothing is known."""
    if not allowed.limited or notice.license_id is not None:
        return ()
    if notice.customer_identifier is not None:
        found = subscribers.get(notice.customer_identifier)
        return (found.account_id,) if found is not None and found.account_id else ()
    return subscribers.with_agreement(notice.agreement_id) if notice.agreement_id else ()


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
