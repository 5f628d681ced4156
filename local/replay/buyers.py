"""Brings buyers to the stage as Marketplace does: they subscribe, register on the page, and notices follow.

The two integrations take turns, and so does the order in which registration and notice arrive.
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

#: Buyers that arrive in any second: each leads to up to five GetEntitlements, of which Marketplace answers 20 a second.
ARRIVALS = 4
#: Seconds (of the machine's clock) in which notices have to arrive.
PATIENCE = 60.0
#: The same while a notice is still in its queue: it returns only minutes after its function was throttled.
LONGEST_WAIT = 900.0
#: Seconds between two looks meanwhile.
LOOK_EVERY = 2.0


class BuyersFailed(RuntimeError):
    """A buyer did not get ready; the message names it and shows its record."""


@dataclass(frozen=True)
class Buyer:
    """A buyer of the run. ``details``: the local Marketplace's description of it."""

    customer_identifier: str
    integration: str
    tier: str
    details: dict[str, Any]


class Buyers:
    """Brings buyers to the stage and cancels their agreements."""

    def __init__(self, stage: LocalStage, patience: Patience | None = None) -> None:
        self._stage = stage
        self._patience = patience or Patience()

    def arrive(self, names: Sequence[str], arrived: Callable[[int], None] = lambda _: None) -> dict[str, Buyer]:
        """Registers, subscribes and entitles one buyer for each name; returns them by name. Raises BuyersFailed.

        arrived: receives how many have registered and subscribed so far.
        """
        paid = [tier.name for tier in self._stage.product.tiers if "unlimited" not in tier.name]
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
        self._wait(_is_ready, [buyer.customer_identifier for buyer in buyers.values()])
        return buyers

    def cancel(self, buyer: Buyer) -> None:
        """Ends the agreement now, and returns when the subscriber's record has the end. Raises BuyersFailed."""
        now = self._stage.clock()
        self._stage.marketplace.end(buyer.customer_identifier, iso(now))
        if buyer.integration == "legacy":
            product = self._stage.product_code
            notice = notices.subscription_notice("unsubscribe-pending", buyer.customer_identifier, product)
            self._stage.cloud.marketplace.publish_subscription_notice(product, notice)
        else:
            self._put(notices.license_deprovisioned(notices.Agreement.of_buyer(buyer.details), now))
        self._wait(lambda subscriber: subscriber.accepts_until is not None, [buyer.customer_identifier])

    def wait_until_cancelled(self, buyer: Buyer) -> None:
        """Waits for the end of final metering. The clock must be in the last quarter of the grace hour, or later."""
        self._wait(lambda subscriber: subscriber.status == "cancelled", [buyer.customer_identifier])

    def _create(self, kind: str, tier: str) -> Buyer:
        entitlement = {"dimension": tier, "value": 1}
        details = self._stage.marketplace.create_buyer(self._stage.product_code, kind, entitlements=[entitlement])
        return Buyer(details["id"], kind, tier, details)

    def _register(self, buyer: Buyer, name: str) -> None:
        """Sends Marketplace's own POST, then the form of our page."""
        token = buyer.details["token"]
        posted = urlencode({"x-amzn-marketplace-token": token})
        contact = {"email": f"{name.lower()}@example.com", "company": f"Buyer {name}", "name": name}
        for answer in (
            self._post("/register", posted, headers={"Content-Type": "application/x-www-form-urlencoded"}),
            self._post("/registrations", {"token": token, **contact}),
        ):
            if answer.status != 200:
                raise BuyersFailed(f"registration of {name} was answered {answer.status}: {answer.text[:300]}")

    def _post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        """A page's answer. While Marketplace is busy the page asks for the same request again: the token stays good."""
        return self._patience.until_answered(
            lambda: self._stage.api.call("POST", path, body, headers=headers), asks_again
        )

    def _subscribe(self, buyer: Buyer) -> None:
        now, product = self._stage.clock(), self._stage.product_code
        activated = self._stage.marketplace.activate(buyer.customer_identifier, iso(int(now)))
        if buyer.integration == "legacy":
            offer = activated["offerId"]
            notice = notices.subscription_notice(
                "subscribe-success", buyer.customer_identifier, product, offer_identifier=offer, free_trial=False
            )
            self._stage.cloud.marketplace.publish_subscription_notice(product, notice)
            entitled = notices.entitlement_notice(buyer.customer_identifier, product)
            self._stage.cloud.marketplace.publish_entitlement_notice(product, entitled)
        else:
            agreement = notices.Agreement.of_buyer(buyer.details)
            self._put(notices.agreement_created(agreement, now))
            self._put(notices.license_updated(agreement, now))

    def _put(self, event: dict[str, Any]) -> None:
        self._stage.cloud.marketplace.put_agreement_event(event["detail-type"], event["detail"], event["resources"])

    def _wait(self, is_done: Callable[[Subscriber], bool], customers: Sequence[str]) -> None:
        begun = time.monotonic()
        while True:
            found = {s.customer_identifier: s for s in map(from_item, self._stage.items(tables.SUBSCRIBERS))}
            missing = sorted(key for key in customers if key not in found or not is_done(found[key]))
            if not missing:
                return
            waited = time.monotonic() - begun
            if waited < PATIENCE:
                self._patience.sleep(0.1)
            elif waited < LONGEST_WAIT and self._under_way():
                self._patience.pause(LOOK_EVERY)
            else:
                raise BuyersFailed(
                    f"after {waited:.0f} s {len(missing)} of {len(customers)} buyers are not ready, first {missing[0]}:"
                    f" {found.get(missing[0], 'unknown')}"
                )

    def _under_way(self) -> bool:
        """Whether a queue still holds a notice, or final metering still runs."""
        doors, metering = (self._stage.outputs[f"YawlMetering-{STAGE}-{stack}"] for stack in ("Doors", "Metering"))
        queues = self._stage.cloud.seller.client("sqs")
        for queue in ("SubscriptionQueueUrl", "EntitlementQueueUrl"):
            counts = queues.get_queue_attributes(QueueUrl=doors[queue], AttributeNames=["All"])["Attributes"]
            if any(int(count) for name, count in counts.items() if name.startswith("ApproximateNumberOfMessages")):
                return True
        states = self._stage.cloud.seller.client("stepfunctions")
        running = states.list_executions(stateMachineArn=metering["FinalMeteringArn"], statusFilter="RUNNING")
        return bool(running["executions"])


def _is_ready(subscriber: Subscriber) -> bool:
    fetched, notice = subscriber.entitlements_fetched_at, subscriber.last_notice_at
    entitled = bool(subscriber.entitlements) and fetched is not None and (notice is None or fetched >= notice)
    return subscriber.status == "active" and entitled and subscriber.email is not None
