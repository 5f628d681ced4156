"""One notice from the queue: whom it is about, and what becomes of it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal

from ledger.addressee import Refusal, addressees, refusal
from ledger.notices import Notices
from ledger.subscribers import Change, Subscribers
from marketplace.notices import Notice
from subscription.apply_notice import changes

#: applied: it changed a subscriber. unchanged: it said nothing new. waiting: kept until its agreement is bound.
#: unknown, wrong_product, other_integration: changed nothing and kept for people. ignored: another room's.
Outcome = Literal["applied", "unchanged", "waiting", "ignored"] | Refusal


@dataclass(frozen=True, kw_only=True)
class NoticeDesk:
    """Where notices are worked on. integration: the stage's setting (license, legacy or mixed)."""

    subscribers: Subscribers
    notices: Notices
    product_code: str
    integration: str

    def receive(self, notice: Notice, body: str, now: float) -> tuple[Outcome, dict[str, str | None]]:
        """What became of a notice, and the subscribers it is about, each with the status it wrote, if it wrote one.

        body: the message, kept where nobody understands it.
        """
        refused = refusal(notice, product_code=self.product_code, integration=self.integration)
        if refused is not None:
            self.notices.keep(notice.id, reason=refused, body=body, now=now)
            return refused, {}
        if notice.kind == "entitlement":
            return "ignored", {}
        keys = addressees(notice, self.subscribers, integration=self.integration)
        if not keys:
            outcome = self._wait(notice, now)
            # the licence may have been bound to the agreement while the notice was put aside
            keys = addressees(notice, self.subscribers, integration=self.integration)
            if not keys:
                return outcome, {}
        written = {key: [self._apply(key, notice, now), *self._apply_waiting(key, notice, now)] for key in keys}
        statuses = {key: _last_status(done) for key, done in written.items()}
        return ("applied" if any(any(done) for done in written.values()) else "unchanged"), statuses

    def _apply(self, key: str, notice: Notice, now: float) -> Change | None:
        return self.subscribers.change(key, lambda current: changes(current, notice), now=now)

    def _wait(self, notice: Notice, now: float) -> Outcome:
        if notice.agreement_id is None:
            return "ignored"
        told = {name: value for name, value in asdict(notice).items() if value is not None}
        self.notices.wait_for_agreement(notice.id, notice.agreement_id, told, now)
        return "waiting"

    def _apply_waiting(self, key: str, notice: Notice, now: float) -> list[Change | None]:
        """Apply what waited for the agreement that ``key`` is now bound to; delivered twice, it changes nothing."""
        written = []
        for item in list(self.notices.waiting(notice.agreement_id)) if notice.agreement_id else ():
            written.append(self._apply(key, from_waiting(item["notice"]), now))
            self.notices.applied(str(item["noticeId"]), now)
        return written


def _last_status(written: Iterable[Change | None]) -> str | None:
    statuses = [change.set["subscriptionStatus"] for change in written if change and "subscriptionStatus" in change.set]
    return statuses[-1] if statuses else None


def from_waiting(told: Mapping[str, Any]) -> Notice:
    """A notice as it was kept while it waited (DynamoDB returns its numbers as Decimal)."""
    fields: dict[str, Any] = {n: int(value) if isinstance(value, Decimal) else value for n, value in told.items()}
    return Notice(**fields)
