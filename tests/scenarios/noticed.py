"""A stage that learns of its buyers by notices and by the hourly search, through the functions' own code."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from buyer.assembly import agreements, notices
from buyer.entitlements import EntitlementSource
from buyer.notices.subscription import SubscriptionReceiver
from ledger.subscriber import Subscriber
from marketplace.agreements import Agreements
from marketplace.client import MarketplaceClient
from marketplace.notices import parse
from marketplace_local.in_process import AgreementClient, EntitlementClient, MeteringClient
from runtime.clock import from_iso, iso
from runtime.settings import SearchAgreementsSettings, SubscriptionNoticesSettings
from tests.scenarios.world import PRODUCT, World

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass
class Noticed:
    """delivered: notices that have arrived, by id."""

    world: World
    delivered: set[str] = field(default_factory=set)

    @property
    def state(self) -> Any:
        return self.world.server.state

    @property
    def source(self) -> EntitlementSource:
        return MarketplaceClient(metering=MeteringClient(self.state), entitlement=EntitlementClient(self.state))  # type: ignore[arg-type]

    @property
    def receiver(self) -> SubscriptionReceiver:
        return notices.subscription_receiver(self.world.settings(SubscriptionNoticesSettings), self.world.dynamodb)

    def buys(self, kind: str = "license", *, at: float | None = None, **more: Any) -> dict[str, Any]:
        """A buyer that subscribes at that moment, now if none is given; no row is made."""
        moment = self.world.now if at is None else at
        self.world.now = max(self.world.now, moment)
        return dict(self.world.marketplace.create_buyer(PRODUCT, kind, activated_at=iso(moment), **more))

    def deliver(self, *buyers: dict[str, Any], again: bool = False) -> int:
        """The notices that AWS has sent about these buyers by now and that have not arrived yet; how many arrived."""
        arrived = 0
        for buyer in buyers:
            for number, sent in enumerate(self.world.marketplace.notices(buyer["id"])):
                id_ = sent["body"].get("id") or f"{buyer['id']}-{number}"
                if id_ in self.delivered and not again:
                    continue
                self.delivered.add(id_)
                body = json.dumps(sent["body"])
                notice = parse(body, message_id=id_, sent_ms=int(from_iso(sent["at"]) * 1000))
                self.receiver.receive(notice, body, self.world.now)
                arrived += 1
        return arrived

    def search(self) -> Counter[str]:
        """One hourly search."""
        counts: Counter[str] = Counter()
        found = agreements.searches(
            self.world.settings(SearchAgreementsSettings),
            Agreements(AgreementClient(self.state), sleep=lambda _seconds: None),
            self.source,
            self.world.dynamodb,
        )
        for each in found:
            each.run(self.world.now, counts)
        return counts

    def row(self, buyer: dict[str, Any]) -> Subscriber:
        found = self.world.subscribers.get(buyer["id"])
        assert found is not None, f"no row of {buyer['id']}"
        return found

    def knows(self, buyer: dict[str, Any]) -> tuple[str, list[tuple[int, int | None]]]:
        found = self.row(buyer)
        return found.status, [tuple(period) for period in found.active_periods]  # type: ignore[misc]
