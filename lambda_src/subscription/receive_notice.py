"""One notice from the queue: whom it is about, and what becomes of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ledger.addressee import KEPT, Refusal, addressees, known_names, refusal
from ledger.allowed_buyers import EVERYBODY, AllowedBuyers
from ledger.notices import Notices
from ledger.product_doubt import doubt
from ledger.subscribers import Change, Subscribers
from ledger.waiting_notices import WaitingNotices, apply, bound_to, registration_of
from marketplace.notice import LIFE, Notice

#: applied: it changed a subscriber. unchanged: it said nothing new. waiting: kept until its agreement is bound.
#: ignored: another room's. A refusal: it changed nothing.
Outcome = Literal["applied", "unchanged", "waiting", "ignored"] | Refusal


@dataclass(frozen=True)
class Received:
    """What became of a notice. statuses: the subscribers it is about, each with the status it wrote, if it wrote one.

    why: a sentence for people: why it cannot be read, or why the stage's product code may be wrong.
    """

    outcome: Outcome
    statuses: dict[str, str | None] = field(default_factory=dict)
    why: str | None = None


@dataclass(frozen=True, kw_only=True)
class NoticeDesk:
    """Where notices are worked on. integration: the stage's setting (license, legacy or mixed)."""

    subscribers: Subscribers
    notices: Notices
    product_code: str
    integration: str
    allowed: AllowedBuyers = EVERYBODY

    def receive(self, notice: Notice, body: str, now: float) -> Received:
        """What became of a notice. body: the message, kept where it changes nothing."""
        refused = self._refusal(notice)
        if refused == "account_unknown" and notice.kind in LIFE and notice.customer_identifier is not None:
            waits_for = registration_of(notice.customer_identifier)
            self._waiting.keep(notice, waits_for, reason="account_unknown", now=now)
            # he may have registered while the notice was put aside
            refused = self._refusal(notice)
        if refused is not None:
            return self._refused(notice, refused, body, now)
        if notice.kind == "entitlement":
            return Received("ignored")
        keys = self._addressees(notice)
        if not keys:
            outcome = self._wait(notice, body, now)
            # the licence may have been bound to the agreement while the notice was put aside
            keys = self._addressees(notice)
            if not keys:
                return Received(outcome)
        bound = bound_to(notice.agreement_id, notice.customer_identifier)
        written = {
            key: [apply(self.subscribers, key, notice, now), *self._waiting.apply(key, bound, now)] for key in keys
        }
        statuses = {key: _last_status(done) for key, done in written.items()}
        return Received("applied" if any(any(done) for done in written.values()) else "unchanged", statuses)

    @property
    def _waiting(self) -> WaitingNotices:
        return WaitingNotices(self.subscribers, self.notices)

    def _refusal(self, notice: Notice) -> Refusal | None:
        return refusal(
            notice,
            product_code=self.product_code,
            integration=self.integration,
            allowed=self.allowed,
            known=known_names(notice, self.subscribers, self.allowed),
        )

    def _refused(self, notice: Notice, refused: Refusal, body: str, now: float) -> Received:
        why = doubt(notice, self.product_code, self.subscribers) if refused == "wrong_product" else notice.why
        if refused in KEPT:
            self.notices.keep(notice, reason=refused, body=body, now=now, detail=why)
        if refused == "wrong_product" and notice.agreement_id is not None:
            self.notices.another_products(notice.agreement_id, now)
        return Received(refused, why=why)

    def _addressees(self, notice: Notice) -> tuple[str, ...]:
        return addressees(notice, self.subscribers, integration=self.integration)

    def _wait(self, notice: Notice, body: str, now: float) -> Outcome:
        if notice.agreement_id is None:
            return "ignored"
        if self.notices.is_another_products(notice.agreement_id):
            self.notices.keep(notice, reason="wrong_product", body=body, now=now)
            return "wrong_product"
        self._waiting.keep(notice, notice.agreement_id, reason="agreement_unknown", now=now)
        return "waiting"


def _last_status(written: Iterable[Change | None]) -> str | None:
    statuses = [change.set["subscriptionStatus"] for change in written if change and "subscriptionStatus" in change.set]
    return statuses[-1] if statuses else None
