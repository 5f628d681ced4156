"""One notice from the queue: whose entitlements may have changed, and what they are now."""

from dataclasses import dataclass, field
from typing import Literal

from ledger.addressee import KEPT, Refusal, addressees, known_names, refusal
from ledger.allowed_buyers import EVERYBODY, AllowedBuyers
from ledger.entitlements import EntitlementSync
from ledger.notice_facts import facts, newest_notice
from ledger.notices import Notices
from ledger.product_doubt import misnamed
from ledger.subscriber import Subscriber
from ledger.subscribers import Change, Subscribers
from marketplace.entitlements import has_entitlements
from marketplace.notice import Notice

#: synced: fetched and stored. unchanged: a newer fetch was stored already. ignored: it changes no entitlement.
Outcome = Literal["synced", "unchanged", "ignored"] | Refusal


@dataclass(frozen=True)
class Received:
    """What became of a notice. tiers: the subscribers it is about, each with the tier that it holds now.

    why: a sentence for people: why it cannot be read, or why the stage's product code is wrong.
    """

    outcome: Outcome
    tiers: dict[str, str | None] = field(default_factory=dict)
    why: str | None = None


class SubscriberGone(RuntimeError):
    """A subscriber's row vanished between two writes."""


@dataclass(frozen=True, kw_only=True)
class EntitlementDesk:
    """Where notices are worked on. integration: the stage's setting (license, legacy or mixed)."""

    sync: EntitlementSync
    subscribers: Subscribers
    notices: Notices
    product_code: str
    integration: str
    pricing_model: str
    allowed: AllowedBuyers = EVERYBODY

    def receive(self, notice: Notice, body: str, now: float) -> Received:
        """What became of a notice.

        Starts are followed too: EventBridge has no notice of its own for entitlements (License Updated stands for it),
        and an hour is sealed only by entitlements that were fetched after the newest notice.
        Ends are not: what a leaver held decides his last hours. Where an account is not known yet, the registration
        fetches.
        """
        refused = refusal(
            notice,
            product_code=self.product_code,
            integration=self.integration,
            allowed=self.allowed,
            known=known_names(notice, self.subscribers, self.allowed),
        )
        if refused is not None:
            why = misnamed(notice, self.product_code) if refused == "wrong_product" else notice.why
            if refused in KEPT:
                self.notices.keep(notice, reason=refused, body=body, now=now, detail=why)
            return Received(refused, why=why)
        if notice.kind not in ("start", "entitlement") or not has_entitlements(self.pricing_model):
            return Received("ignored")
        tiers = {}
        written = []
        for key in addressees(notice, self.subscribers, integration=self.integration):
            # a notice is older than what is fetched because of it, even if our clock lags behind Marketplace's
            written.append(self.sync.sync(self._known(key, notice, now), max(now, notice.at)))
            tiers[key] = self._present(key).tier
        return Received("synced" if any(written) else "unchanged" if tiers else "ignored", tiers)

    def _known(self, key: str, notice: Notice, now: float) -> Subscriber:
        """The subscriber; a notice that comes before the registration creates its row.

        That there was a notice is stored before anything is fetched: until that has worked, no hour is sealed by what
        was fetched earlier.
        """

        def told(current: Subscriber | None) -> Change:
            return Change({**facts(current, notice), "lastNoticeAt": newest_notice(current, notice.at_ms)})

        self.subscribers.change(key, told, now=now)
        return self._present(key)

    def _present(self, key: str) -> Subscriber:
        found = self.subscribers.get(key)
        if found is None:
            raise SubscriberGone("a subscriber was removed while its notice was worked on")
        return found
