"""Buyers arrive as on Marketplace: they subscribe, are sent to the registration page, and notices follow.

Both integrations take turns, and so does the order in which registration and notice arrive.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ledger import tables
from ledger.subscriber import Subscriber, from_item
from local.cloud import Answer
from local.replay.patience import Patience, asks_again
from local.stage import STAGE, LocalStage
from marketplace_local import notices
from runtime.clock import iso

#: buyers who arrive in any second: each leads to up to five GetEntitlements, of which Marketplace answers 20 a second
ARRIVALS = 4
#: seconds (of the machine's clock) in which notices have to come through
PATIENCE = 60.0
#: seconds at most while something is still under way: a notice whose function was throttled comes again after minutes
LONGEST_WAIT = 900.0
#: seconds between two looks meanwhile
LOOK_EVERY = 2.0


class BuyersFailed(RuntimeError):
    """Not every buyer became active; the message says who, and what is known of them."""


@dataclass(frozen=True)
class Buyer:
    """A buyer of the run: its billing key, integration and tier, and what the local Marketplace knows of it."""

    customer_identifier: str
    integration: str
    tier: str
    known: dict[str, Any]


class Buyers:
    """Brings buyers to the stage and lets them leave."""

    def __init__(self, stage: LocalStage, patience: Patience | None = None) -> None:
        self._stage = stage
        self._patience = patience or Patience()

    def arrive(self, names: Sequence[str], arrived: Callable[[int], None] = lambda _: None) -> dict[str, Buyer]:
        """One buyer for each name, registered, subscribed and entitled when this returns; by name.

        arrived: is told how many have registered and subscribed so far.
        """
        paid = [tier.name for tier in self._stage.settings.tiers if "unlimited" not in tier.name]
        buyers: dict[str, Buyer] = {}
        latest: deque[float] = deque(maxlen=ARRIVALS)
        for number, name in enumerate(names):
            if len(latest) == ARRIVALS:
                self._patience.sleep(max(0.0, latest[0] + 1 - time.monotonic()))
            latest.append(time.monotonic())
            kind = "license" if number % 2 == 0 else "legacy"
            buyer = self._create(kind, paid[number % len(paid)])
            notice_first = number % 4 >= 2
            if notice_first:
                self._subscribe(buyer)
            self._register(buyer, name)
            if not notice_first:
                self._subscribe(buyer)
            buyers[name] = buyer
            arrived(len(buyers))
        self._wait(_is_ready, [b.customer_identifier for b in buyers.values()])
        return buyers

    def leave(self, buyer: Buyer) -> None:
        """The agreement ends now; returns when the subscriber's status says so."""
        now = self._stage.clock.now()
        self._stage.marketplace.end(buyer.customer_identifier, iso(now))
        if buyer.integration == "legacy":
            notice = notices.subscription_notice(
                "unsubscribe-pending", buyer.customer_identifier, self._stage.product_code
            )
            self._stage.cloud.marketplace.publish_subscription_notice(self._stage.product_code, notice)
        else:
            self._put(notices.license_deprovisioned(notices.Agreement.of_buyer(buyer.known), now))
        self._wait(lambda subscriber: subscriber.accepts_until is not None, [buyer.customer_identifier])

    def wait_until_cancelled(self, buyer: Buyer) -> None:
        """Returns when who has left is metered to the end. The clock must be past the last quarter of his grace."""
        self._wait(lambda subscriber: subscriber.status == "cancelled", [buyer.customer_identifier])

    def _create(self, kind: str, tier: str) -> Buyer:
        entitlement = {"dimension": tier, "value": 1}
        known = self._stage.marketplace.create_buyer(self._stage.product_code, kind, entitlements=[entitlement])
        return Buyer(known["id"], kind, tier, known)

    def _register(self, buyer: Buyer, name: str) -> None:
        """Marketplace's own POST, then the form of our page."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        token = buyer.known["token"]
        answers = [
            self._post("/register", urlencode({"x-amzn-marketplace-token": token}), headers=form),
            self._post(
                "/registrations",
                {"token": token, "email": f"{name.lower()}@example.com", "company": f"Buyer {name}", "name": name},
            ),
        ]
        for answer in answers:
            if answer.status != 200:
                raise BuyersFailed(f"registration of {name} was answered {answer.status}: {answer.text[:300]}")

    def _post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        """The answer of a page, which may ask for the same again while Marketplace is busy: the token stays good."""
        return self._patience.until_answered(
            lambda: self._stage.api.call("POST", path, body, headers=headers), asks_again
        )

    def _subscribe(self, buyer: Buyer) -> None:
        now = self._stage.clock.now()
        product = self._stage.product_code
        known = self._stage.marketplace.activate(buyer.customer_identifier, iso(int(now)))
        if buyer.integration == "legacy":
            offer = known["offerId"]
            notice = notices.subscription_notice(
                "subscribe-success", buyer.customer_identifier, product, offer_identifier=offer, free_trial=False
            )
            self._stage.cloud.marketplace.publish_subscription_notice(product, notice)
            entitled = notices.entitlement_notice(buyer.customer_identifier, product)
            self._stage.cloud.marketplace.publish_entitlement_notice(product, entitled)
        else:
            agreement = notices.Agreement.of_buyer(buyer.known)
            self._put(notices.agreement_created(agreement, now))
            self._put(notices.license_updated(agreement, now))

    def _put(self, event: dict[str, Any]) -> None:
        self._stage.cloud.marketplace.put_agreement_event(event["detail-type"], event["detail"], event["resources"])

    def _wait(self, is_done: Callable[[Subscriber], bool], customers: Sequence[str]) -> None:
        begun = time.monotonic()
        wanted = set(customers)
        while True:
            known = {s.customer_identifier: s for s in map(from_item, self._stage.items(tables.SUBSCRIBERS))}
            missing = sorted(key for key in wanted if key not in known or not is_done(known[key]))
            if not missing:
                return
            waited = time.monotonic() - begun
            if waited < PATIENCE:
                self._patience.sleep(0.1)
            elif waited < LONGEST_WAIT and self._under_way():
                self._patience.pause(LOOK_EVERY)
            else:
                raise BuyersFailed(
                    f"after {waited:.0f} s {len(missing)} of {len(wanted)} buyers are not ready, first {missing[0]}:"
                    f" {known.get(missing[0], 'unknown')}"
                )

    def _under_way(self) -> bool:
        """Whether a notice is still in its queue, or somebody is still metered to the end."""
        doors, metering = (self._stage.outputs[f"YawlMetering-{STAGE}-{stack}"] for stack in ("Doors", "Metering"))
        queues = self._stage.cloud.seller.client("sqs")
        for queue in ("SubscriptionQueueUrl", "EntitlementQueueUrl"):
            counts = queues.get_queue_attributes(QueueUrl=doors[queue], AttributeNames=["All"])["Attributes"]
            if any(int(count) for name, count in counts.items() if name.startswith("ApproximateNumberOfMessages")):
                return True
        states = self._stage.cloud.seller.client("stepfunctions")
        arn = metering["FinalMeteringArn"]
        return bool(states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"])


def _is_ready(subscriber: Subscriber) -> bool:
    fetched, notice = subscriber.entitlements_fetched_at, subscriber.last_notice_at
    entitled = bool(subscriber.entitlements) and fetched is not None and (notice is None or fetched >= notice)
    return subscriber.status == "active" and entitled and subscriber.email is not None
