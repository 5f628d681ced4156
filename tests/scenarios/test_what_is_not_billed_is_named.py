"""Hours and lines that wait, expire or are not sent: each has a name and can be found."""

from decimal import Decimal
from typing import Any

import pytest

from marketplace.hour import deadline
from marketplace.tiers import Tier
from metering.report.levels import read_levels
from metering.run import Mode
from metering.settle.settle_hours import settle_hours
from runtime.clock import iso
from tests.scenarios.world import PRODUCT, START, World

HOUR = 3600


def test_an_unsubscribed_buyers_line_is_retried_when_the_status_changes(world: World) -> None:
    buyer = world.buyer()
    world.marketplace.arm("status", times=1, buyer=buyer, status="CustomerNotSubscribed")
    world.report(world.event(buyer, "a", 2))
    world.next_run()
    assert world.verdicts(buyer) == {"workflow_executions": "not_subscribed"}
    calls = world.marketplace.summary()["calls"]
    world.next_run()
    assert world.marketplace.summary()["calls"] == calls, "within four hours, nothing changed: not asked again"
    world.change(buyer, statusChangedAt=int(world.now))
    world.next_run()
    assert world.verdicts(buyer) == {"workflow_executions": "billed"}


def test_an_unsubscribed_buyers_line_names_the_buyers_open_advisory(world: World) -> None:
    advised, plain = world.buyer(), world.buyer()
    advisory = {"state": "issued", "at": "2026-11-14T12:00:00Z", "noticeId": "n"}
    world.change(advised, agreementStanding={"advisory": advisory})
    for buyer in (advised, plain):
        world.marketplace.arm("status", times=1, buyer=buyer, status="CustomerNotSubscribed")
        world.report(world.event(buyer, "a", 2))
    world.next_run()
    details = [world.record(buyer).lines["workflow_executions"].detail for buyer in (advised, plain)]
    assert details == ["AWS Marketplace has had an advisory open for this buyer since 2026-11-14T12:00:00Z", None]
    world.change(advised, statusChangedAt=int(world.now))
    world.next_run()
    assert world.verdicts(advised) == {"workflow_executions": "billed"}
    assert world.record(advised).lines["workflow_executions"].detail is None


def test_a_line_past_its_deadline_ends_expired_and_visible(world: World) -> None:
    buyer = world.buyer()
    world.marketplace.arm("status", buyer=buyer, status="CustomerNotSubscribed")
    world.report(world.event(buyer, "a", 2))
    world.next_run()
    world.next_run(hours=23)
    assert world.verdicts(buyer) == {"workflow_executions": "expired"}
    assert world.failed() == {(buyer, int(START))}
    assert world.pending() == set()
    calls = world.marketplace.summary()["calls"]
    world.next_run()
    assert world.marketplace.summary()["calls"] == calls


def test_a_line_ends_at_its_deadline_to_the_second(world: World) -> None:
    buyer = world.buyer()
    world.marketplace.arm("status", buyer=buyer, status="CustomerNotSubscribed")
    world.report(world.event(buyer, "a", 2))
    world.next_run()
    keys = [(buyer, int(START))]
    for now, verdict in ((deadline(int(START)) - 1, "not_subscribed"), (deadline(int(START)), "expired")):
        world.now = float(now)
        settle_hours(keys, world.records, world.settler, world.metering_mode)
        assert world.verdicts(buyer) == {"workflow_executions": verdict}


def test_a_late_success_is_written_over_expired(world: World) -> None:
    """A run expires the line while a call is in flight; the answer says it was billed."""
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 2))
    world.marketplace.arm("throttle", times=1)
    world.next_run()
    record = world.record(buyer)
    world.settlement.settle(record, "workflow_executions", "expired", now=world.now)
    after = world.settlement.settle(record, "workflow_executions", "billed", now=world.now)
    assert after is not None
    world.settlement.tidy(after)
    assert world.verdicts(buyer) == {"workflow_executions": "billed"}
    assert world.failed() == set()
    assert world.settlement.settle(record, "workflow_executions", "conflict", now=world.now) is None


@pytest.mark.parametrize("mode", ["off", "dry-run", "test-buyers"])
def test_a_line_that_the_stage_holds_ends_not_sent_at_its_deadline(world: World, mode: str) -> None:
    world.mode = mode
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 2))
    world.next_run()
    assert world.verdicts(buyer) == {"workflow_executions": None}
    assert world.pending() == {(buyer, int(START))}
    levels = read_levels(
        world.records,
        world.subscribers,
        int(START),
        now=world.now + 20 * HOUR,
        mode=Mode(mode),
        products=world.products,
    )
    assert (levels.held_hours, levels.pending_hours, levels.age(world.now), levels.at_risk.lines) == (1, 0, 0, 0)
    world.next_run(hours=23)
    assert world.verdicts(buyer) == {"workflow_executions": "not_sent"}
    assert world.pending() == set()
    assert world.failed() == set(), "named, but a setting pages no operator"
    assert list(world.marketplace.calls()) == []
    world.mode = "live"
    world.next_run()
    assert list(world.marketplace.calls()) == [], "what was not sent never is"


@pytest.mark.parametrize("mode", ["off", "dry-run", "test-buyers"])
def test_a_change_of_mode_loses_no_hour_that_is_in_time(world: World, mode: str) -> None:
    """An operator pauses metering or goes live: the stage sends what Marketplace still takes."""
    buyer = world.buyer()
    world.mode = mode
    for number in range(2):
        world.report(world.event(buyer, f"e{number}", 2))
        world.next_run(hours=12 if number else 1)
    assert world.billed(buyer) == 0
    world.mode = "live"
    world.next_run()
    assert world.billed(buyer) == 4


def test_a_line_with_an_open_attempt_ends_expired_after_a_change_of_mode(world: World) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 2))
    world.marketplace.arm("lost-answer", times=1)
    world.next_run()
    world.mode = "off"
    world.next_run(hours=23)
    assert world.verdicts(buyer) == {"workflow_executions": "expired"}
    assert world.failed() == {(buyer, int(START))}
    assert world.billed(buyer) == 2, "so the ledger must not say that it was not sent"


def test_the_activation_hour_is_sent_with_the_activation(world: World) -> None:
    """The first, partial hour: its start lies before the licence's activation, which Marketplace rejects."""
    buyer = world.buyer(active_from=START + 900)
    world.now = START + 1200
    world.report(world.event(buyer, "a", 2))
    world.next_run()
    assert [line["timestamp"] for line in world.accepted()] == [iso(START + 900)]


def test_what_a_contract_includes_is_not_sent(world: World) -> None:
    world.pricing_model = "contract-with-consumption"
    world.tiers = (Tier("basic", {"workflow_executions": Decimal(5)}),)
    buyer = world.buyer()
    world.change(
        buyer,
        entitlements=[{"dimension": "basic", "expiresAt": int(START) + 86400, "value": "1"}],
        entitlementsFetchedAt=int(START) - 10,
    )
    for number, quantity in enumerate([3, 4]):
        world.report(world.event(buyer, f"e{number}", quantity))
        world.next_run()
    assert world.billed(buyer) == 2
    assert world.balances.get(buyer).used == {("workflow_executions", "2026-11"): 5}


def test_without_fresh_entitlements_a_contract_customer_waits_unbilled(world: World) -> None:
    """H13: overage cannot be taken back."""
    world.pricing_model = "contract-with-consumption"
    world.tiers = (Tier("basic", {"workflow_executions": Decimal(5)}),)
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 9))
    world.next_run()
    assert world.record(buyer).state == "open"
    assert world.pending() == {(buyer, int(START))}
    world.next_run(hours=23)
    assert world.verdicts(buyer) == {"workflow_executions": "expired"}
    assert world.failed() == {(buyer, int(START))}
    assert world.marketplace.summary()["calls"] == 0


def test_a_licence_line_of_a_legacy_buyer_is_not_sent(world: World) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 2))
    world.change(buyer, supersededBy="cust-1")
    world.next_run()
    assert world.pending() == {(buyer, int(START))}
    world.next_run(hours=23)
    assert world.verdicts(buyer) == {"workflow_executions": "expired"}
    assert world.accepted() == []


def test_a_licence_whose_account_is_unknown_waits(world: World) -> None:
    buyer = world.buyer()
    world.subscriber_items.update_item(
        Key={"customerIdentifier": buyer}, UpdateExpression="REMOVE customerAWSAccountId"
    )
    world.report(world.event(buyer, "a", 2))
    world.next_run()
    assert world.record(buyer).state == "open"
    world.change(buyer, customerAWSAccountId=world.buyers[buyer]["accountId"])
    world.next_run()
    assert world.billed(buyer) == 2


def test_one_hour_that_cannot_be_sealed_does_not_hold_up_the_others(world: World) -> None:
    poisoned, healthy = world.buyer(), world.buyer()
    world.report(world.event(poisoned, "a"), world.event(healthy, "a"))
    world.subscriber_items.put_item(Item={"customerIdentifier": poisoned, "activePeriods": [{"begin": 1}]})
    world.sealer.seal_hours([(poisoned, int(START)), (healthy, int(START))])
    assert world.record(poisoned).state == "open"
    assert world.record(healthy).state == "sealed"


def test_more_hours_than_a_page_are_all_metered(world: World) -> None:
    world.page_keys = 2
    buyers = [world.buyer() for _ in range(5)]
    for number in range(2):
        world.report(*(world.event(buyer, f"e{number}") for buyer in buyers))
        world.now += HOUR
    world.next_run()
    assert [world.billed(buyer) for buyer in buyers] == [2] * 5


def test_quantities_of_one_product_never_share_a_call_with_another_shape(world: World) -> None:
    for kind in ("license", "legacy"):
        for _ in range(30):
            world.report(world.event(world.buyer(kind), "a"))
    world.next_run()
    calls = [call for call in world.marketplace.calls() if call["operation"] == "BatchMeterUsage"]
    assert len(calls) == 4
    assert len(world.accepted()) == 60
    assert {line["productCode"] for line in world.accepted()} == {PRODUCT}


def test_late_usage_counts_by_the_contract_that_expired_just_before_the_end(world: World) -> None:
    """Usage of before the end that arrives after its hour was sealed goes to the next, when the contract is over."""
    world.pricing_model = "contract-with-consumption"
    world.tiers = (Tier("basic", {"workflow_executions": Decimal(5)}),)
    buyer = world.buyer()
    end = int(START) + 3000
    world.change(
        buyer,
        subscriptionStatus="pending_cancellation",
        activePeriods=[{"start": int(START) - 86400, "end": end}],
        acceptsUntil=end + 2700,
        entitlements=[{"dimension": "basic", "value": "1", "expiresAt": end - 30}],
        entitlementsFetchedAt=int(START) - 60,
    )
    world.now = START + 100
    world.report(world.event(buyer, "in-time", 3))
    world.now = START + 4200
    assert world.sealer.seal_hours([(buyer, int(START))])["sealed"] == 1
    (late,) = world.report(world.event(buyer, "late", 7, occurredAt="2026-11-15T08:40:00Z"))
    assert (late["verdict"], late["hour"]) == ("recorded", "2026-11-15T09:00:00Z")
    world.sealer.seal_hours([(buyer, int(START) + 3600)])
    record = world.record(buyer, START + 3600)
    assert (record.state, record.lines["workflow_executions"].quantity) == ("sealed", 5)


@pytest.mark.parametrize("damage", [{"lines": ["not a map"]}, {"state": None}, {"sentTimestamp": "soon"}])
def test_a_damaged_record_hides_no_other(world: World, damage: dict[str, Any]) -> None:
    damaged, healthy = world.buyer(), world.buyer()
    world.report(world.event(damaged, "a"), world.event(healthy, "a"))
    world.now = START + 4200
    world.sealer.seal_hours([(damaged, int(START)), (healthy, int(START))])
    table = world.dynamodb.Table(world.records.table_name)
    item = table.get_item(Key={"customerIdentifier": damaged, "timestamp": int(START)})["Item"]
    table.put_item(Item={name: value for name, value in (item | damage).items() if value is not None})
    world.run()
    assert world.billed(healthy) == 1
    assert world.billed(damaged) == 0
    assert world.pending() == {(damaged, int(START))}
