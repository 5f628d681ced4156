"""One notice of the subscription queue: the customers that it is about, and what it changes on them."""

from collections.abc import Iterable
from dataclasses import dataclass

from buyer.notices.product_doubt import doubt
from buyer.notices.receive import Outcome, Received, keep_refused
from buyer.notices.rules import NoticeRules, Refusal
from buyer.notices.waiting import WaitingNotices, apply, bound_to, registration_of
from ledger.notices import Notices
from ledger.subscribers import Change, Subscribers
from marketplace.notice import LIFE, Notice


@dataclass(frozen=True)
class SubscriptionReceiver:
    """Follows the lives of subscriptions and agreements."""

    rules: NoticeRules
    notices: Notices

    def receive(self, notice: Notice, body: str, now: float) -> Received:
        """Apply a notice; ``customers`` of the result holds the status that it wrote. See ``Receiver``."""
        refusal = self.rules.refusal(notice)
        if refusal == "account_unknown" and notice.kind in LIFE and notice.customer_identifier is not None:
            waits_for = registration_of(notice.customer_identifier)
            self._waiting.keep(notice, waits_for, reason="account_unknown", now=now)
            # The customer may have registered while the notice was put aside.
            refusal = self.rules.refusal(notice)
        if refusal is not None:
            return self._refused(notice, refusal, body, now)
        if notice.kind == "entitlement":
            return Received("ignored")
        keys = self.rules.affected(notice)
        if not keys:
            outcome = self._wait(notice, body, now)
            # A registration may have bound the licence to the agreement while the notice was put aside.
            keys = self.rules.affected(notice)
            if not keys:
                return Received(outcome)
        bound = bound_to(notice.agreement_id, notice.customer_identifier)
        written = {
            key: [apply(self._subscribers, key, notice, now), *self._waiting.apply(key, bound, now)] for key in keys
        }
        statuses = {key: _last_status(changes) for key, changes in written.items()}
        return Received("applied" if any(any(changes) for changes in written.values()) else "unchanged", statuses)

    @property
    def _subscribers(self) -> Subscribers:
        return self.rules.subscribers

    @property
    def _waiting(self) -> WaitingNotices:
        return WaitingNotices(self._subscribers, self.notices)

    def _refused(self, notice: Notice, refusal: Refusal, body: str, now: float) -> Received:
        why = notice.why
        if refusal == "wrong_product":
            why = doubt(notice, self.rules.products.codes, self._subscribers)
            if notice.agreement_id is not None:
                self.notices.another_products(notice.agreement_id, now)
        return keep_refused(self.notices, notice, refusal, body=body, now=now, why=why)

    def _wait(self, notice: Notice, body: str, now: float) -> Outcome:
        """Put aside a notice of an agreement that binds no subscriber yet."""
        if notice.agreement_id is None:
            return "ignored"
        if self.notices.is_another_products(notice.agreement_id):
            return keep_refused(self.notices, notice, "wrong_product", body=body, now=now, why=None).outcome
        self._waiting.keep(notice, notice.agreement_id, reason="agreement_unknown", now=now)
        return "waiting"


def _last_status(changes: Iterable[Change | None]) -> str | None:
    written = [change.set["subscriptionStatus"] for change in changes if change and "subscriptionStatus" in change.set]
    return written[-1] if written else None
