"""One notice of the entitlement queue: the customers whose entitlements may have changed, and what they hold now."""

from dataclasses import dataclass

from buyer.entitlements import EntitlementSync
from buyer.notices.facts import facts, newest_notice
from buyer.notices.product_doubt import misnamed
from buyer.notices.receive import Received, keep_refused
from buyer.notices.rules import NoticeRules
from ledger.notices import Notices
from ledger.subscriber import Subscriber
from ledger.subscribers import Change
from marketplace.notice import Notice


class SubscriberGone(RuntimeError):
    """A subscriber's row vanished between two writes."""


@dataclass(frozen=True)
class EntitlementReceiver:
    """Fetches what a customer holds whenever a notice says that it may have changed."""

    rules: NoticeRules
    notices: Notices
    sync: EntitlementSync

    def receive(self, notice: Notice, body: str, now: float) -> Received:
        """Fetch anew; ``customers`` of the result holds the tier. See ``Receiver``.

        Starts lead to a fetch too: EventBridge has no notice of its own for entitlements (License Updated stands for
        it), and an hour is sealed only by entitlements that were fetched after the newest notice. Ends do not: what a
        cancelled customer held last decides the last hours. Where a customer's account is not known yet, the
        registration fetches.
        """
        refusal = self.rules.refusal(notice)
        if refusal is not None:
            why = misnamed(notice, self.rules.products.codes) if refusal == "wrong_product" else notice.why
            return keep_refused(self.notices, notice, refusal, body=body, now=now, why=why)
        product = self.rules.products.of(notice.product_code)
        if notice.kind not in ("start", "entitlement") or product is None or not product.has_contracts:
            return Received("ignored")
        tiers = {}
        written = []
        for key in self.rules.affected(notice):
            # The fetch is later than the notice that caused it, even if our clock lags behind Marketplace's.
            written.append(self.sync.sync(self._noted(key, notice, now), max(now, notice.at)))
            tiers[key] = self._stored(key).tier
        return Received("synced" if any(written) else "unchanged" if tiers else "ignored", tiers)

    def _noted(self, key: str, notice: Notice, now: float) -> Subscriber:
        """The subscriber with the time of the notice; a notice that comes before the registration creates the row.

        The time is stored before the fetch: until the fetch has worked, no hour is sealed by an earlier one.
        """

        def change(current: Subscriber | None) -> Change:
            return Change({**facts(current, notice), "lastNoticeAt": newest_notice(current, notice.at_ms)})

        self.rules.subscribers.change(key, change, now=now)
        return self._stored(key)

    def _stored(self, key: str) -> Subscriber:
        found = self.rules.subscribers.get(key)
        if found is None:
            raise SubscriberGone("a subscriber was removed while its notice was worked on")
        return found
