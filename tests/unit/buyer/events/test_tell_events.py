"""``tell-events``: what changes reaches bus and queues, each threshold once, and no failure loses anything."""

import json
from decimal import Decimal

import pytest

from buyer.handlers import tell_events
from ledger import tables
from runtime.metric_names import EventMetric
from tests.products import sold
from tests.unit.buyer.events.conftest import QUEUE, Stage
from tests.unit.buyer.events.rows import END, Row, active, ended, names, row
from tests.unit.buyer.events.test_of_allowance import HELD
from tests.unit.emitted import emitted
from tests.unit.log_lines import log_lines

NONE_FAILED: Row = {"batchItemFailures": []}
LARGE = [{"dimension": "large", "value": "1"}]


def balance(used: int, version: int, period: str = "2026-11", more: Row | None = None) -> Row:
    """A balance's item."""
    entries = {f"used#calls#{period}": Decimal(used)}
    return {"customerIdentifier": "l-1", "item": "balance", "version": version, **entries, **(more or {})}


def percents(documents: list[Row]) -> list[int]:
    assert set(names(documents)) <= {"AllowanceThresholdReached"}
    return [document["data"]["percent"] for document in documents]


@pytest.fixture
def customer(stage: Stage) -> Stage:
    """An active customer whose basic contract includes 1,000 calls."""
    stage.put(tables.SUBSCRIBERS, active(entitlements=HELD))
    stage.pass_on()
    stage.sent.taken()
    return stage


def test_events_go_to_the_bus_and_to_the_queue_of_their_customer(stage: Stage) -> None:
    stage.put(tables.SUBSCRIBERS, active(email="ada@example.com"))
    assert stage.pass_on() == [NONE_FAILED]
    told = stage.sent.taken()
    assert names(told) == ["SubscriberRegistered", "SubscriptionActivated"]
    assert [json.loads(message["MessageBody"]) for message in stage.sent.in_queue] == told
    assert {(message["QueueUrl"], message["MessageGroupId"]) for message in stage.sent.in_queue} == {(QUEUE, "l-1")}


def test_a_repeated_change_is_told_with_the_same_ids(stage: Stage) -> None:
    stage.put(tables.SUBSCRIBERS, active(email="ada@example.com"))
    stage.pass_on(times=2)
    first, second = stage.sent.in_queue[:2], stage.sent.in_queue[2:]
    assert first == second
    ids = {message["MessageDeduplicationId"] for message in first}
    assert len(ids) == 2
    assert all(len(each) <= 128 for each in ids), "SQS takes no longer ones"


def test_a_successor_is_looked_up(stage: Stage) -> None:
    stage.put(tables.SUBSCRIBERS, active(customerIdentifier="l-2"))
    stage.put(tables.SUBSCRIBERS, ended("final_metering", succeededBy="l-2"))
    stage.pass_on()
    stage.sent.taken()
    stage.put(tables.SUBSCRIBERS, ended("cancelled", succeededBy="l-2"))
    stage.pass_on()
    assert names(stage.sent.taken()) == ["SubscriptionEnded"]


@pytest.mark.parametrize("fault", ["refuses", "fails"])
def test_what_the_bus_does_not_take_comes_again(stage: Stage, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    setattr(stage.sent, fault, 1)
    stage.put(tables.SUBSCRIBERS, active())
    stage.put(tables.SUBSCRIBERS, active(customerIdentifier="l-2"))
    with log_lines(tell_events.logger) as written:
        answers = stage.pass_on(times=2)
    assert answers[0] == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    assert answers[1:] == [NONE_FAILED] * 3
    told = stage.sent.taken()
    assert names(told) == ["SubscriptionActivated"] * 3
    assert [each["customerIdentifier"] for each in told] == ["l-1", "l-2", "l-2"]
    assert '"not told"' in written.getvalue()
    assert emitted(capsys) == {EventMetric.EVENTS_TOLD: 3}


def test_thresholds_are_told_as_usage_rises_each_once(customer: Stage) -> None:
    found = []
    for version, used in enumerate((100, 499, 500, 799, 800, 1000, 1000), start=1):
        customer.put(tables.STATE, balance(used, version))
        customer.pass_on(times=2)
        told = customer.sent.taken()
        found.append(percents(told))
    assert found == [[], [], [50], [], [80], [100], []]


def test_thresholds_that_are_passed_at_once_are_told_lowest_first(customer: Stage) -> None:
    customer.put(tables.STATE, balance(1000, 4))
    customer.pass_on()
    told = customer.sent.taken()
    assert percents(told) == [50, 80, 100]
    assert {(each["sequence"], each["data"]["used"], each["data"]["allowance"]) for each in told} == {
        (4, "1000", "1000")
    }
    assert {each["at"] for each in told} == {"2026-11-15T08:20:00Z"}


def test_a_threshold_is_told_once_although_the_allowance_rises_and_falls(customer: Stage) -> None:
    customer.put(tables.STATE, balance(800, 1))
    customer.pass_on()
    assert percents(customer.sent.taken()) == [50, 80]
    customer.put(tables.SUBSCRIBERS, active(version=2, entitlements=LARGE))
    customer.put(tables.STATE, balance(4000, 2))
    customer.pass_on()
    assert names(customer.sent.taken()) == ["EntitlementChanged"]
    customer.put(tables.SUBSCRIBERS, active(version=3, entitlements=HELD))
    customer.pass_on()
    told = customer.sent.taken()
    assert names(told) == ["EntitlementChanged", "AllowanceThresholdReached"]
    assert told[1]["data"]["percent"] == 100


def test_a_smaller_contract_may_reach_a_threshold_by_itself(stage: Stage) -> None:
    stage.put(tables.SUBSCRIBERS, active(entitlements=LARGE))
    stage.put(tables.STATE, balance(850, 7, more={"used#calls#2026-10": Decimal(5000)}))
    stage.pass_on()
    assert percents(stage.sent.taken()[2:]) == [50, 80, 100], "of October, whose usage is new here"
    stage.put(tables.SUBSCRIBERS, active(version=2, entitlements=HELD))
    stage.pass_on()
    told = stage.sent.taken()
    assert names(told) == ["EntitlementChanged", *["AllowanceThresholdReached"] * 2]
    assert {(each["data"]["period"], each["sequence"]) for each in told[1:]} == {("2026-11", 7)}


def test_each_period_has_its_own_thresholds(customer: Stage) -> None:
    customer.put(tables.STATE, balance(1000, 1))
    customer.pass_on()
    assert percents(customer.sent.taken()) == [50, 80, 100]
    customer.put(tables.STATE, balance(600, 2, "2026-12", more={"used#calls#2026-11": Decimal(1000)}))
    customer.pass_on()
    (told,) = customer.sent.taken()
    assert (told["data"]["period"], told["data"]["percent"]) == ("2026-12", 50)


def test_a_customer_with_another_key_is_not_told_again(customer: Stage) -> None:
    customer.put(tables.STATE, balance(800, 1))
    customer.pass_on()
    customer.sent.taken()
    customer.put(tables.SUBSCRIBERS, active(customerIdentifier="l-2", previousIdentifier="l-1", entitlements=HELD))
    customer.put(tables.STATE, balance(1000, 1) | {"customerIdentifier": "l-2"})
    customer.pass_on()
    assert percents(customer.sent.taken()[2:]) == [100]


def test_a_threshold_that_was_not_sent_is_not_remembered(customer: Stage) -> None:
    customer.sent.refuses = 1
    customer.put(tables.STATE, balance(800, 1))
    answers = customer.pass_on(times=2)
    assert [bool(answer["batchItemFailures"]) for answer in answers] == [True, False]
    assert percents(customer.sent.taken()) == [50, 80]


def test_what_is_remembered_ends_by_itself(customer: Stage) -> None:
    customer.put(tables.STATE, balance(800, 1))
    customer.pass_on()
    key = {"customerIdentifier": "l-1", "item": "told#calls#2026-11"}
    item = customer.memory.Table(tables.STATE.name).get_item(Key=key)["Item"]
    assert item["percents"] == {50, 80}
    assert item["expiresAt"] > END + 366 * 86400, "a contract's term of a year is over before"


def test_without_contracts_nothing_is_included(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRODUCTS", sold(code="prod-1").to_json())
    tell_events.teller.cache_clear()
    stage.put(tables.SUBSCRIBERS, active(entitlements=HELD))
    stage.put(tables.STATE, balance(1000, 1))
    assert stage.pass_on() == [NONE_FAILED] * 2
    assert names(stage.sent.taken()) == ["SubscriptionActivated", "EntitlementChanged"]


def test_a_balance_without_its_customer_is_told_to_nobody(stage: Stage) -> None:
    stage.put(tables.STATE, balance(1000, 1))
    assert stage.pass_on() == [NONE_FAILED]
    assert stage.sent.requests == []


def test_a_change_without_events_asks_nobody(stage: Stage) -> None:
    stage.put(tables.SUBSCRIBERS, row("pending"))
    assert stage.pass_on() == [NONE_FAILED]
    assert (stage.sent.requests, stage.sent.in_queue) == ([], [])
