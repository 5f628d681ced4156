"""The hourly search of agreements: what their notices should have told, and did not; and which key follows which.

Notices are lost where nobody notices: a rule that was removed, a queue's policy, an event bus. The Agreement API knows
every agreement, so a search for those that were updated since the last one finds what is missing. It goes on where it
stopped: progress is stored after each page, and a page that fails comes again.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from buyer.agreements import derive
from buyer.notices.entitlement import EntitlementReceiver
from buyer.notices.rules import NoticeRules
from buyer.notices.subscription import SubscriptionReceiver
from ledger.agreement_search import Searched, SearchProgress
from ledger.subscriber import Subscriber
from ledger.subscribers import Change
from ledger.succession import Links
from ledger.transaction import Contended
from marketplace.agreement_event import FOLLOWED
from marketplace.agreements import Agreement, Agreements, Provided
from marketplace.billing_identity import IdentityError
from marketplace.notice import Notice
from runtime import telemetry
from runtime.clock import iso
from runtime.failure import described

#: Seconds by which a search overlaps the one before: an agreement may be listed late, and is left alone while its own
#: notice may still come (``derive.LATE``).
OVERLAP = 2 * 3600
#: Seconds that the first search looks back.
FIRST = 24 * 3600
#: Seconds after which an agreement without a licence is no longer asked for.
GIVE_UP = 14 * 86400

logger = telemetry.logger("subscription")


@dataclass(frozen=True, kw_only=True)
class AgreementSearch:
    """Searches the agreements of one product. product_id: the catalog's id of the product, product_code: its code.

    subscriptions, entitlements: the receivers that apply notices; those that are made here go the same way.
    """

    agreements: Agreements
    progress: SearchProgress
    subscriptions: SubscriptionReceiver
    entitlements: EntitlementReceiver
    links: Links
    product_id: str
    product_code: str

    def run(self, now: float, counts: Counter[str], in_time: Callable[[], None] = lambda: None) -> None:
        """Search once, and count what was found: ``agreements``, ``lost`` notices, ``linked`` keys, ``failed`` ones.

        in_time: raises where no time is left for another agreement. Raises botocore's errors, as a whole page fails
        when AWS does; an agreement that fails alone is counted, remembered and tried again by the next search.
        """
        run = _Run(self, now, counts)
        before = self.progress.read(self.product_id) or Searched(int(now) - FIRST)
        unfinished = {key: at for key, at in before.unfinished.items() if at > now - GIVE_UP}
        until = before.until
        for page in self.agreements.updated_since(before.until - OVERLAP, self.product_id):
            for agreement in page:
                in_time()
                run.note(agreement, unfinished)
                until = max(until, int(agreement.updated))
            self.progress.store(self.product_id, Searched(min(until, int(now)), unfinished))
        for agreement_id in [key for key in unfinished if key not in run.seen]:
            in_time()
            again = self.agreements.describe(agreement_id, now)
            if again is None:
                del unfinished[agreement_id]
            else:
                run.note(again, unfinished)
        self.progress.store(self.product_id, Searched(int(now), unfinished))

    @property
    def rules(self) -> NoticeRules:
        """The rules of the stage."""
        return self.subscriptions.rules


@dataclass
class _Run:
    """One search. Chains and accounts are asked for once."""

    search: AgreementSearch
    now: float
    counts: Counter[str]
    seen: set[str] = field(default_factory=set)
    _chains: dict[str, tuple[Agreement, ...]] = field(default_factory=dict)
    _accounts: set[str] = field(default_factory=set)

    def note(self, agreement: Agreement, unfinished: dict[str, int]) -> None:
        """Work on one agreement; ``unfinished`` gets or loses it."""
        self.seen.add(agreement.id)
        self.counts["agreements"] += 1
        try:
            finished = self._work(agreement)
        except (Contended, IdentityError, RuntimeError, LookupError, ValueError) as error:
            logger.error("agreement failed", agreement=agreement.id, **described(error))
            self.counts["failed"] += 1
            finished = False
        if finished:
            unfinished.pop(agreement.id, None)
        else:
            # One that begins later is asked for until then.
            unfinished.setdefault(agreement.id, int(max(self.now, agreement.start or 0.0)))

    def _work(self, agreement: Agreement) -> bool:
        """Apply what an agreement says. Returns whether nothing is left to find out."""
        search = self.search
        provided = search.agreements.entitlements(agreement.id)
        licences = dict.fromkeys([*agreement.licences, *(each.licence for each in provided if each.licence)])
        chain = self._chain(agreement)
        follower = derive.follower_of(agreement, chain)
        keys: list[str] = []
        for licence in licences:
            keys += self._licence(agreement, licence, follower, provided)
        self._link(chain)
        waits_for_follower = agreement.status in FOLLOWED and (follower is None or not follower.licences)
        begun = agreement.start is not None and agreement.start <= self.now
        return not (waits_for_follower or (agreement.status == "ACTIVE" and not (licences and begun)))

    def _licence(
        self, agreement: Agreement, licence: str, follower: Agreement | None, provided: tuple[Provided, ...]
    ) -> tuple[str, ...]:
        """Apply what the agreement says about one licence; the customers that it is about."""
        search = self.search
        fact = derive.fact(agreement, licence, search.product_code)
        if search.rules.refusal(fact) is not None:
            return ()
        keys = search.rules.affected(fact) or ()
        for key in keys:
            row = search.rules.subscribers.get(key)
            if row is not None and row.integration == "legacy":
                self._customer(agreement, row)
                continue
            lost = derive.lost_notices(
                agreement, licence, row, follower=follower, product_code=search.product_code, now=self.now
            )
            for notice in lost:
                self._apply(notice, is_lost=True)
            if derive.says_anything(agreement, row) and (row is not None or lost):
                self._apply(fact, is_lost=False)
        for key in keys:
            self._keep(key, agreement, provided)
            self._sync(key, agreement, fact)
        return keys

    def _customer(self, agreement: Agreement, row: Subscriber) -> None:
        """A legacy customer, which stands for all of its account's agreements."""
        account = row.account_id
        if account is None or account in self._accounts:
            return
        self._accounts.add(account)
        all_of_it = self.search.agreements.of_account(account, self.search.product_id)
        for notice in derive.lost_of_customer(all_of_it, row, product_code=self.search.product_code, now=self.now):
            self._apply(notice, is_lost=True)

    def _apply(self, notice: Notice, *, is_lost: bool) -> None:
        received = self.search.subscriptions.receive(notice, "", self.now)
        if not is_lost or received.outcome != "applied":
            return
        self.counts["lost"] += 1
        logger.error(
            "a notice was lost",
            noticeId=notice.id,
            kind=notice.kind,
            at=iso(notice.at),
            agreement=notice.agreement_id,
            customers=dict(received.customers),
        )

    def _sync(self, key: str, agreement: Agreement, fact: Notice) -> None:
        """Fetch the entitlements anew where the agreement was updated after the last fetch: its notice was lost, or has
        failed."""
        row = self.search.rules.subscribers.get(key)
        product = self.search.rules.products.of(row.product_code) if row is not None else None
        if row is None or agreement.status != "ACTIVE" or product is None or not product.has_contracts:
            return
        settled = agreement.updated <= self.now - derive.LATE
        if settled and (row.entitlements_fetched_at or 0.0) <= agreement.updated:
            self.search.entitlements.receive(_of_kind(fact, "entitlement"), "", self.now)

    def _keep(self, key: str, agreement: Agreement, provided: tuple[Provided, ...]) -> None:
        """Store how the agreement's entitlements stand, for people (``agreementEntitlements``)."""

        def change(current: Subscriber | None) -> Change | None:
            if current is None or current.agreement_id not in (None, agreement.id):
                return None
            kept: list[dict[str, Any]] = [
                {"status": each.status}
                | ({"licenseArn": each.licence} if each.licence else {})
                | ({"reason": each.reason} if each.reason else {})
                for each in provided
            ]
            if current.item.get("agreementEntitlements") == kept:
                return None
            return Change({"agreementEntitlements": kept, "agreementEntitlementsAt": int(self.now)})

        if provided:
            self.search.rules.subscribers.change(key, change, now=self.now)

    def _chain(self, agreement: Agreement) -> tuple[Agreement, ...]:
        """The agreements of the chain, in their order; the agreement alone where nothing precedes or follows it."""
        initial = agreement.initial_id or agreement.id
        if initial == agreement.id and agreement.status not in FOLLOWED:
            return (agreement,)
        if initial not in self._chains:
            self._chains[initial] = self.search.agreements.chain(initial)
        return self._chains[initial]

    def _link(self, chain: tuple[Agreement, ...]) -> None:
        """Link the keys of a chain, each to the one before it."""
        before: str | None = None
        for each in chain:
            if each.status in derive.NEVER:
                continue
            keys = {key for licence in each.licences for key in self._keys(each, licence)}
            if len(keys) != 1:
                # Which key follows which is not known here.
                before = None
                continue
            key = keys.pop()
            if before is not None and before != key and self.search.links.link(key, before, self.now):
                logger.info("keys linked", customer=key, previous=before, agreement=each.id)
                self.counts["linked"] += 1
            before = key

    def _keys(self, agreement: Agreement, licence: str) -> tuple[str, ...]:
        fact = derive.fact(agreement, licence, self.search.product_code)
        return () if self.search.rules.refusal(fact) is not None else self.search.rules.affected(fact)


def _of_kind(notice: Notice, kind: Any) -> Notice:
    values: Mapping[str, Any] = vars(notice)
    return Notice(**{**values, "id": f"{notice.id}-{kind}", "kind": kind, "agreement_status": None})
