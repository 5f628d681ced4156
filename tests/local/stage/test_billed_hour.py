"""An hour of usage through the deployed stage, for buyers of both integrations, and what may go wrong on its way."""

from decimal import Decimal

import pytest

from local.replay.buyers import Buyer
from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]

Pair = list[Buyer]
#: recorded by ``use`` for each buyer, beyond what any tier here includes
USED = {"workflow_executions": 20, "worklet_invocations": 9}


@pytest.fixture
def pair(acting: Acting) -> Pair:
    """A license buyer with the basic tier, a legacy one with the professional."""
    return acting.arrive(2)


def use(acting: Acting, *buyers: Buyer) -> str:
    """Record usage of each, close the hour; the hour."""
    acting.record(*(acting.event(buyer, name, units) for buyer in buyers for name, units in USED.items()))
    hour = acting.hour
    acting.close_hour()
    return hour


def bill(hour: str, *buyers: Buyer) -> dict[tuple[str, str, str], Decimal]:
    """What is billed for ``use``: what the tiers of stages/local.toml include is taken off."""
    included = {"basic_tier": (5, 1), "professional_tier": (10, 2), "enterprise_tier": (15, 3)}
    return {
        (buyer.customer_identifier, hour, name): Decimal(units - less)
        for buyer in buyers
        for (name, units), less in zip(USED.items(), included[buyer.tier], strict=True)
    }


def test_from_registration_to_the_accepted_record(acting: Acting, pair: Pair) -> None:
    assert [(buyer.integration, buyer.tier) for buyer in pair] == [
        ("license", "basic_tier"),
        ("legacy", "professional_tier"),
    ]
    for buyer in pair:
        users = [acting.event(buyer, "active_users", user=name) for name in ("ada", "bob", "cy", "ada")]
        acting.record(
            acting.event(buyer, "workflow_executions", 12),
            acting.event(buyer, "api_calls", 3600),
            acting.event(buyer, "data_processed_gb", "1.250001"),
            *users,
        )
    hour = acting.hour
    acting.close_hour()
    summary = acting.stage.meter()
    assert (summary["pendingHours"], summary["failedLines"], summary["fault"]) == (0, {}, None)
    # minus what the tier includes; calls in thousands, the rest stays; a user counts once
    expected: dict[str, dict[str, int | str]] = {
        "basic_tier": {"workflow_executions": 7, "active_users": 2, "data_processed_gb": "0.750001", "api_calls": 3},
        "professional_tier": {
            "workflow_executions": 2, "active_users": 1, "data_processed_gb": "0.250001", "api_calls": 2,
        },
    }  # fmt: skip
    for buyer in pair:
        key = buyer.customer_identifier
        assert acting.billed(buyer) == {(key, hour, n): Decimal(q) for n, q in expected[buyer.tier].items()}
    shapes = {line["buyer"]: set(line["identity"]) for line in acting.stage.marketplace.accepted()}
    assert [shapes[buyer.customer_identifier] for buyer in pair] == [
        {"CustomerAWSAccountId", "LicenseArn"},
        {"CustomerIdentifier"},
    ]


def test_what_operators_can_see(acting: Acting, pair: Pair) -> None:
    hour = use(acting, *pair)
    acting.stage.meter()
    for buyer in pair:
        shown = acting.get(buyer)
        assert (shown["customerIdentifier"], shown["integration"]) == (buyer.customer_identifier, buyer.integration)
        assert (shown["subscriptionStatus"], shown["tier"]) == ("active", buyer.tier)
        assert shown["email"].endswith("@example.com")
        assert [set(period) for period in shown["activePeriods"]] == [{"start"}]
        assert acting.get(buyer, "/entitlements")["entitlements"] == [{"dimension": buyer.tier, "value": "1"}]
        (seen,) = acting.get(buyer, "/usage")["hours"]
        assert (seen["hour"], seen["state"]) == (hour, "settled")
        assert {counted["dimension"]: counted["counted"] for counted in seen["usage"]} == {
            name: str(units) for name, units in USED.items()
        }
        billed = {
            (buyer.customer_identifier, hour, line["dimension"]): Decimal(line["quantity"]) for line in seen["lines"]
        }
        assert billed == acting.billed(buyer)
        records = {line["meteringRecordId"] for line in acting.stage.marketplace.accepted()}
        assert {line["meteringRecordId"] for line in seen["lines"]} <= records


def test_a_second_run_sends_nothing(acting: Acting, pair: Pair) -> None:
    hour = use(acting, *pair)
    acting.stage.meter()
    assert acting.billed(*pair) == bill(hour, *pair)
    before = len(acting.calls())
    acting.stage.meter()
    acting.stage.meter(hour)
    assert len(acting.calls()) == before
    assert acting.billed(*pair) == bill(hour, *pair)


def test_two_executions_at_once_bill_once(acting: Acting, pair: Pair) -> None:
    hour = use(acting, *pair)
    acting.stage.marketplace.arm("slow", times=2, seconds=0.7)
    runs = [acting.start_run(), acting.start_run()]
    ended = [acting.end_run(arn) for arn in runs]
    assert [run["status"] for run in ended] == ["SUCCEEDED", "SUCCEEDED"], ended
    assert ended[1]["startDate"] < ended[0]["stopDate"], "they were to be under way at the same time"
    assert acting.billed(*pair) == bill(hour, *pair)
    assert {verdict for buyer in pair for verdict in acting.verdicts(buyer).values()} == {"billed"}


def test_a_busy_marketplace_is_asked_again_by_the_state_machine(acting: Acting) -> None:
    (buyer,) = acting.arrive(1)
    hour = use(acting, buyer)
    before = len(acting.calls())
    # more often than States.TaskFailed is retried: it passes only because MarketplaceBusy is named
    acting.stage.marketplace.arm("throttle", times=5)
    run = acting.end_run(acting.start_run())
    assert run["status"] == "SUCCEEDED", run
    assert [call["outcome"] for call in acting.calls()[before:]] == ["ThrottlingException"] * 5 + ["answered"]
    assert acting.billed(buyer) == bill(hour, buyer)


def test_a_fault_of_the_product_stops_the_run_and_the_next_one_bills(acting: Acting, pair: Pair) -> None:
    hour = use(acting, *pair)
    before = len(acting.calls())
    acting.stage.marketplace.arm("error", error="AccessDeniedException")
    arn = acting.start_run()
    run = acting.end_run(arn)
    assert (run["status"], run["error"]) == ("FAILED", "ProductFault"), run
    assert "AccessDeniedException" in run["cause"]
    assert acting.states_of(arn)[-3:] == ["Report", "Faulted", "RunFailed"]
    # one call for each of the two batches at most: nothing is bisected, nothing tried again
    assert 1 <= len(acting.calls()) - before <= 2
    assert acting.billed(*pair) == {}
    for buyer in pair:
        assert acting.verdicts(buyer) == dict.fromkeys(((hour, name) for name in USED), "pending")
    acting.stage.marketplace.clear_faults()
    acting.stage.meter()
    assert acting.billed(*pair) == bill(hour, *pair)


def test_a_rejected_line_blocks_no_other(acting: Acting) -> None:
    buyers = acting.arrive(3)
    poisoned = (buyers[0].customer_identifier, "workflow_executions")
    hour = use(acting, *buyers)
    acting.stage.marketplace.arm(
        "error", error="InvalidUsageDimensionException", buyer=poisoned[0], dimension=poisoned[1]
    )
    acting.stage.meter()
    expected = bill(hour, *buyers)
    held = {(poisoned[0], hour, poisoned[1]): expected.pop((poisoned[0], hour, poisoned[1]))}
    assert acting.billed(*buyers) == expected
    assert acting.verdicts(buyers[0]) == {(hour, poisoned[1]): "rejected", (hour, "worklet_invocations"): "billed"}
    acting.stage.marketplace.clear_faults()
    acting.stage.meter()
    assert acting.billed(*buyers) == expected | held
    assert set(acting.verdicts(buyers[0]).values()) == {"billed"}


def test_a_lost_answer_is_asked_for_with_the_same_request(acting: Acting) -> None:
    (buyer,) = acting.arrive(1)
    hour = use(acting, buyer)
    before, identical = len(acting.calls()), acting.stage.marketplace.summary()["identical"]
    acting.stage.marketplace.arm("lost-answer")
    acting.stage.meter()
    calls = acting.calls()[before:]
    assert [call["lost"] for call in calls] == [True, False]
    asked = [sorted((r["dimension"], r["timestamp"], r["quantity"]) for r in call["results"]) for call in calls]
    assert asked[0] == asked[1]
    assert acting.stage.marketplace.summary()["identical"] == identical + len(USED)
    assert acting.billed(buyer) == bill(hour, buyer)
    assert set(acting.verdicts(buyer).values()) == {"billed"}


def test_a_cancelled_customer_is_billed_to_the_end_and_refused_after_it(acting: Acting, pair: Pair) -> None:
    acting.close_hour()
    acting.pass_minutes(25)  # Marketplace takes the last hour's usage for an hour: well into the next metering
    acting.record(*(acting.event(buyer, name, units) for buyer in pair for name, units in USED.items()))
    hour = acting.hour
    forgotten = [acting.event(buyer, "worklet_invocations", 1) for buyer in pair]
    for buyer in pair:
        acting.leave(buyer)
        shown = acting.get(buyer)
        assert shown["subscriptionStatus"] == "pending_cancellation"
        assert [set(period) for period in shown["activePeriods"]] == [{"start", "end"}]
    # of before the end, told after it: still taken
    acting.record(*forgotten)
    acting.pass_minutes(8)
    late = [acting.event(buyer, "worklet_invocations", 1) for buyer in pair]
    asked_again = acting.send(*late)
    assert [(v["verdict"], v["reason"]) for v in asked_again] == [("retry_later", "just_ended")] * 2
    acting.close_hour()
    acting.stage.meter()
    expected = bill(hour, *pair)
    for buyer in pair:
        expected[buyer.customer_identifier, hour, "worklet_invocations"] += 1
    assert acting.billed(*pair) == expected
    acting.pass_minutes(60)
    for buyer in pair:
        acting.wait_for_status(buyer, "cancelled")
    refused = acting.send(*late)
    assert [(v["verdict"], v["reason"]) for v in refused] == [("refused", "not_subscribed")] * 2
    acting.close_hour()
    acting.stage.meter()
    assert acting.billed(*pair) == expected
