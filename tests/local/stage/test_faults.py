"""Faults of Marketplace and of DynamoDB amidst the hourly work: afterwards every unit is billed once.

Judged by Marketplace's log and by the sums over all tables.
"""

import pytest

from ledger import tables
from local.fault_proxy import ProxyFault
from local.replay.buyers import Buyer
from runtime.clock import from_iso, iso
from tests.local.stage.accounts import USED, accounts, billed_all, times, use
from tests.local.stage.acting import Acting, Item

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def crowd(_acting: Acting) -> list[Buyer]:
    """Five license buyers and five legacy ones: with five dimensions each, a full call of either kind."""
    return _acting.arrive(10)


def fault(acting: Acting, kind: str, table: tables.Table, **narrowed: object) -> ProxyFault:
    """Armed at the functions' DynamoDB."""
    return acting.stage.dynamodb_faults.arm(kind, table=acting.stage.table_name(table), **narrowed)


def calls_after(acting: Acting, number: int) -> list[Item]:
    return acting.calls()[number:]


# --- Marketplace ------------------------------------------------------------------------------------------------------


def test_one_poison_line_of_twenty_five_waits_alone(acting: Acting, crowd: list[Buyer]) -> None:
    poisoned = crowd[3].customer_identifier
    used = times(1, *crowd)
    hour = use(acting, *crowd)
    before = len(acting.calls())
    acting.stage.marketplace.arm(
        "error", error="InvalidUsageDimensionException", buyer=poisoned, dimension="worklet_invocations"
    )
    acting.close_hour()
    summary = acting.stage.meter()
    calls = calls_after(acting, before)
    full = [call for call in calls if call["records"] == 25]
    assert sorted(call["outcome"] for call in full) == ["InvalidUsageDimensionException", "answered"]
    assert calls[-1]["records"] < 25
    billed = acting.billed(*crowd)
    assert len(billed) == 5 * len(crowd) - 1, "all the others are billed at once"
    assert (poisoned, hour, "worklet_invocations") not in billed
    assert acting.verdicts(crowd[3]).pop((hour, "worklet_invocations")) == "rejected"
    assert (summary["pendingHours"], summary["fault"]) == (1, None)
    waiting = accounts(acting, *crowd)
    assert {key: account["pending"] for key, account in waiting.items() if account["pending"]} == {
        (poisoned, "worklet_invocations"): USED["worklet_invocations"]
        - waiting[poisoned, "worklet_invocations"]["included"]
    }
    # once more, while it is still wrong: it travels alone, and nothing else is sent
    before = len(acting.calls())
    acting.stage.meter()
    assert [call["records"] for call in calls_after(acting, before)] == [1]
    acting.stage.marketplace.clear_faults()
    acting.stage.meter()
    billed_all(acting, used, *crowd)


def test_an_hour_of_throttling_holds_up_and_loses_nothing(acting: Acting) -> None:
    pair = acting.arrive(2)
    used = times(2, *pair)
    hours = [use(acting, *pair)]
    acting.close_hour()
    # from now on, to the minute before the next run
    acting.stage.marketplace.arm("throttle", until=iso(acting.now + 3540))
    before = len(acting.calls())
    summary = acting.meter_at_once()
    assert summary["fault"] is None, "a busy Marketplace fails no run"
    assert summary["pendingHours"] == len(pair)
    refused = calls_after(acting, before)
    assert {call["outcome"] for call in refused} == {"ThrottlingException"}
    assert len(refused) > 2 * 6, "every pass of the run has tried"
    assert acting.billed(*pair) == {}
    hours.append(use(acting, *pair))
    acting.close_hour()
    acting.stage.meter()
    billed_all(acting, used, *pair)
    # each hour by itself, with its own timestamp, whenever it was sent
    assert {hour for _, hour, _ in acting.billed(*pair)} == set(hours)


def test_answers_that_never_come_are_asked_for_until_one_does(acting: Acting, crowd: list[Buyer]) -> None:
    known = {key: account["recorded"] for key, account in accounts(acting, *crowd).items()}
    use(acting, *crowd)
    acting.close_hour()
    before = len(acting.calls())
    acting.stage.marketplace.arm("lost-answer", times=9)
    acting.meter_at_once()
    calls = calls_after(acting, before)
    assert [call["lost"] for call in calls].count(True) == 9
    asked = {
        tuple(sorted((r["buyer"], r["dimension"], r["timestamp"], r["quantity"]) for r in call["results"]))
        for call in calls
    }
    assert len(asked) == 2, "the same two requests again and again, line by line"
    billed_all(acting, {key: known.get(key, 0) + units for key, units in times(1, *crowd).items()}, *crowd)


# --- DynamoDB ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lost-answer", "late-error", "conflict", "throttle", "server-error", "unreachable"])
def test_usage_is_counted_once_whatever_recording_meets(acting: Acting, buyer: Buyer, kind: str) -> None:
    known = accounts(acting, buyer).get((buyer.customer_identifier, "workflow_executions"), {"recorded": 0})["recorded"]
    met = fault(acting, kind, tables.METERING_RECORDS, operation="TransactWriteItems", times=2)
    event = acting.event(buyer, quantity=3)
    (verdict,) = acting.send(event)
    assert met.met == 2
    assert verdict["verdict"] == "recorded"
    assert acting.send(event)[0]["verdict"] == "duplicate"
    (account,) = accounts(acting, buyer).values()
    assert account["recorded"] == known + 3


def test_answers_of_the_store_lost_amidst_sealing_and_settling(acting: Acting) -> None:
    buyers = acting.arrive(3)
    used = times(1, *buyers)
    use(acting, *buyers)
    acting.close_hour()
    sealed, attempted, settled = (buyer.customer_identifier for buyer in buyers)
    faults = [
        fault(acting, "lost-answer", tables.METERING_RECORDS, operation="TransactWriteItems", containing=sealed),
        fault(acting, "lost-answer", tables.METERING_RECORDS, operation="UpdateItem", containing=attempted),
        fault(acting, "lost-answer", tables.METERING_RECORDS, operation="UpdateItem", containing=settled, after=1),
    ]
    arn = acting.start_run()
    acting.end_run(arn)
    assert [fault.met for fault in faults] == [1, 1, 1]
    acting.pass_minutes(3)
    acting.stage.meter()
    billed_all(acting, used, *buyers)
    assert {verdict for buyer in buyers for verdict in acting.verdicts(buyer).values()} == {"billed"}


def test_a_throttled_store_amidst_a_run(acting: Acting) -> None:
    pair = acting.arrive(2)
    used = times(1, *pair)
    use(acting, *pair)
    acting.close_hour()
    operations = ("Query", "BatchGetItem", "GetItem", "TransactWriteItems", "UpdateItem")
    throttled = [fault(acting, "throttle", tables.METERING_RECORDS, operation=name) for name in operations]
    throttled += [fault(acting, "conflict", tables.METERING_RECORDS, operation=n, times=2) for n in operations[-2:]]
    summary = acting.stage.meter()
    assert [fault.met for fault in throttled] == [1] * len(operations) + [2, 2]
    assert (summary["pendingHours"], summary["fault"]) == (0, None)
    billed_all(acting, used, *pair)


def test_a_store_that_fails_for_a_whole_run_is_caught_up_with(acting: Acting) -> None:
    (buyer,) = acting.arrive(1)
    used = times(1, buyer)
    hour = use(acting, buyer)
    acting.close_hour()
    # what a function may still read is not changed by it: only sealing is refused, as often as it is tried
    met = fault(acting, "conflict", tables.METERING_RECORDS, operation="TransactWriteItems", times=None)
    summary = acting.meter_at_once()
    assert met.met > 1
    assert (summary["pendingHours"], summary["fault"]) == (1, None)
    assert acting.billed(buyer) == {}
    acting.stage.dynamodb_faults.disarm()
    acting.stage.meter()
    billed_all(acting, used, buyer)
    assert {from_iso(line) for _, line, _ in acting.billed(buyer)} == {from_iso(hour)}


@pytest.mark.parametrize("kind", ["throttle", "server-error"])
def test_a_store_that_does_not_come_back_is_the_senders_to_ask_again(acting: Acting, buyer: Buyer, kind: str) -> None:
    key = (buyer.customer_identifier, "workflow_executions")
    known = accounts(acting, buyer).get(key, {"recorded": 0})["recorded"]
    fault(acting, kind, tables.SUBSCRIBERS, operation="GetItem", times=None)
    body = {"events": [acting.event(buyer)]}
    answer = acting.stage.api.call("POST", "/usage", body, caller=acting.stage.usage_sender)
    assert (answer.status, answer.json["error"]["code"]) == (503, "unavailable"), answer
    acting.stage.dynamodb_faults.disarm()
    again = acting.stage.api.call("POST", "/usage", body, caller=acting.stage.usage_sender)
    assert [verdict["verdict"] for verdict in again.json["verdicts"]] == ["recorded"]
    assert accounts(acting, buyer)[key]["recorded"] == known + 1
