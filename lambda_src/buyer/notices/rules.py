"""Which notices a stage applies, and to which customers."""

from dataclasses import dataclass
from typing import Literal

from buyer.allowed_buyers import EVERYBODY, AllowedBuyers
from ledger.subscribers import Subscribers
from marketplace.notice import LIFE, Notice
from marketplace.products import Products

#: Why a notice is not applied.
#: unreadable: it lacks a field on which its meaning depends. unknown: this version does not know its meaning.
#: wrong_product: it is about another product.
#: other_integration: it is about a legacy customer, and the stage bills licences only.
#: not_a_test_account: the stage applies the notices of its test buyers only, and this buyer is none of them.
#: account_unknown: the same, for a legacy customer whose account is not known before the registration.
Refusal = Literal[
    "unreadable", "unknown", "wrong_product", "other_integration", "not_a_test_account", "account_unknown"
]
#: The refusals after which people can read the notice in the table. A foreign buyer's notice is not kept.
KEPT: tuple[Refusal, ...] = ("unreadable", "unknown", "wrong_product", "other_integration")


@dataclass(frozen=True, kw_only=True)
class NoticeRules:
    """The rules of one stage."""

    subscribers: Subscribers
    products: Products
    allowed: AllowedBuyers = EVERYBODY

    def refusal(self, notice: Notice) -> Refusal | None:
        """Why the notice is not applied; None if it is. Agreement events name no product: the agreement decides."""
        integration = self._integration(notice)
        others = self._other_names(notice)
        allowed = self.allowed.allow(notice.account_id, notice.license_id, notice.customer_identifier, *others)
        if not allowed and (notice.account_id is not None or others):
            return "not_a_test_account"
        if notice.product_code is not None and notice.product_code not in self.products.codes:
            return "wrong_product"
        if notice.kind == "unreadable":
            return "unreadable"
        if not allowed:
            may_register = notice.customer_identifier is not None and integration != "license"
            return "account_unknown" if may_register and notice.kind in (*LIFE, "entitlement") else "not_a_test_account"
        if notice.kind == "unknown":
            return "unknown"
        return "other_integration" if notice.source == "sns" and integration == "license" else None

    def affected(self, notice: Notice) -> tuple[str, ...]:
        """The billing keys of the customers that the notice is about; empty for an agreement that binds none of them.

        A legacy product's licence must not become a subscriber of its own, since its hours would be sent both ways. So
        an unknown licence is affected, which creates its row, only where licences are billed.
        """
        if notice.customer_identifier is not None:
            return (notice.customer_identifier,)
        integration = self._integration(notice)
        if integration == "license" and notice.license_id is not None:
            return (notice.license_id,)
        bound = self.subscribers.with_agreement(notice.agreement_id) if notice.agreement_id else ()
        if notice.license_id is None:
            return bound
        own = tuple(key for key in bound if key == notice.license_id or self._is_legacy(key))
        return own or ((self._billed_as(notice.license_id),) if integration == "mixed" else ())

    def _other_names(self, notice: Notice) -> tuple[str, ...]:
        """The names of a buyer that its notice lacks, where only some buyers are allowed: the legacy customer's
        account, or the billing keys that are bound to the agreement."""
        if not self.allowed.limited or notice.license_id is not None:
            return ()
        if notice.customer_identifier is not None:
            found = self.subscribers.get(notice.customer_identifier)
            return (found.account_id,) if found is not None and found.account_id else ()
        return self.subscribers.with_agreement(notice.agreement_id) if notice.agreement_id else ()

    def _integration(self, notice: Notice) -> str | None:
        """The integration setting of the notice's product; None where it names none and there are several."""
        product = self.products.of(notice.product_code)
        return product.integration if product else None

    def _billed_as(self, license_key: str) -> str:
        """The licence's own key, or that of the legacy customer whose registration superseded it."""
        found = self.subscribers.get(license_key)
        return (found.superseded_by if found else None) or license_key

    def _is_legacy(self, key: str) -> bool:
        found = self.subscribers.get(key)
        return found is not None and found.integration == "legacy"
