"""From the last hours of a month to 06:00 UTC on the 1st, when Marketplace closes it.

Nothing has metered since the evening: one run at twenty to six sends what there is.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from local.replay.buyers import Buyer
from marketplace.hour import SECONDS
from runtime.clock import iso
from tests.local.stage.accounts import USED, accounts, billed_all, times, use
from tests.local.stage.acting import Acting, Item

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]

LATE = {"workflow_executions": Decimal(3), "active_users": Decimal(4)}
MINUTE = 60
#: seconds after midnight on the 1st: Marketplace takes the old month's usage until then
CLOSES_AT = 6 * 3600


@pytest.fixture
def first(acting: Acting) -> int:
    """Midnight after the month's last day, with the clock an hour and a half before it."""
    # what other tests have left open is not to be overtaken by its deadline
    acting.close_hour()
    acting.stage.meter()
    today = datetime.fromtimestamp(acting.now, UTC)
    year, month = (today.year + 1, 1) if today.month == 12 else (today.year, today.month + 1)
    first = int(datetime(year, month, 1, tzinfo=UTC).timestamp())
    acting.stage.clock.set(first - 90 * MINUTE)
    return first


def failed_lines(acting: Acting, buyer: Buyer) -> list[Item]:
    """What the failed-lines queue holds of a buyer; all of it is taken out."""
    url = acting.stage.outputs["YawlMetering-local-Metering"]["FailedLinesUrl"]
    sqs = acting.stage.cloud.seller.client("sqs")
    found: list[Item] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [line for line in found if line["customerIdentifier"] == buyer.customer_identifier]


def users(acting: Acting, buyer: Buyer, billed: dict[tuple[str, str, str], Decimal]) -> list[tuple[str, Decimal]]:
    """Billed users by hour, in order."""
    return sorted(
        (hour, units)
        for (customer, hour, name), units in billed.items()
        if (customer, name) == (buyer.customer_identifier, "active_users")
    )


def test_a_months_usage_is_sent_before_it_closes_and_later_usage_in_the_running_hour(
    acting: Acting, first: int
) -> None:
    pair = acting.arrive(2)
    hours = [use(acting, *pair)]
    acting.stage.clock.set(first - 30 * MINUTE)
    hours.append(use(acting, *pair))
    acting.record(*(acting.event(buyer, "active_users", user="ada") for buyer in pair))
    acting.stage.clock.set(first + 80 * MINUTE)
    occurred = iso(first - 10 * MINUTE)
    for buyer in pair:
        late = [
            acting.event(buyer, "workflow_executions", 3, occurredAt=occurred),
            acting.event(buyer, "active_users", user="ada", occurredAt=occurred),
            acting.event(buyer, "active_users", user="bob", occurredAt=occurred),
        ]
        verdicts = acting.send(*late)
        assert {(v["verdict"], v["hour"], v["late"]) for v in verdicts} == {("recorded", acting.hour, True)}
        acting.record(*(acting.event(buyer, "active_users", user=name) for name in ("ada", "bob")))
    hours.append(acting.hour)
    assert [iso(first - 2 * SECONDS), iso(first - SECONDS), iso(first + SECONDS)] == hours
    acting.stage.clock.set(first + CLOSES_AT - 20 * MINUTE)
    summary = acting.stage.meter()
    assert (summary["pendingHours"], summary["fault"]) == (0, None)
    recorded = times(2, *pair)
    for buyer in pair:
        for name, units in LATE.items():
            recorded[buyer.customer_identifier, name] += units
        recorded[buyer.customer_identifier, "active_users"] += 1
    billed_all(acting, recorded, *pair, months=2)
    billed = acting.billed(*pair)
    assert {hour for _, hour, _ in billed} == set(hours)
    for buyer, included in zip(pair, (1, 2), strict=True):
        account = accounts(acting, buyer)[buyer.customer_identifier, "active_users"]
        assert account["repeatedUsers"] == 1, "ada was seen in the old month, and told of once more"
        assert account["included"] == 2 * included, "each month has an allowance of its own"
        # bob is of the old month, whose allowance is used up; ada and bob are of the new one
        expected = [5 - included, 5 + 1, 1 + 2 - included]
        assert users(acting, buyer, billed) == list(zip(hours, map(Decimal, expected), strict=True))


def test_a_line_that_is_unsent_when_its_month_closes_is_named_and_never_sent(acting: Acting, first: int) -> None:
    (buyer,) = acting.arrive(1)
    acting.stage.clock.set(first - 30 * MINUTE)
    hour = use(acting, buyer)
    refused = {"buyer": buyer.customer_identifier, "dimension": "worklet_invocations"}
    acting.stage.marketplace.arm("error", error="InvalidUsageDimensionException", **refused)
    acting.stage.clock.set(first + CLOSES_AT - 15.5 * MINUTE)
    summary = acting.stage.meter()
    assert (summary["pendingHours"], summary["fault"]) == (1, None)
    assert Decimal(summary["atRisk"]["units"]["worklet_invocations"]) > 0
    assert acting.verdicts(buyer)[hour, "worklet_invocations"] == "rejected"
    assert failed_lines(acting, buyer) == []
    acting.stage.marketplace.clear_faults()
    acting.stage.clock.set(first + CLOSES_AT + MINUTE)
    before = len(acting.calls())
    summary = acting.stage.meter()
    assert len(acting.calls()) == before
    assert summary["pendingHours"] == 0
    account = accounts(acting, buyer)[buyer.customer_identifier, "worklet_invocations"]
    # every call with it was answered: it is certainly not billed
    assert account["failed"] == USED["worklet_invocations"] - account["included"] > 0
    assert account["unconfirmed"] == 0
    assert acting.verdicts(buyer)[hour, "worklet_invocations"] == "expired"
    key = {"customerIdentifier": buyer.customer_identifier, "hour": hour, "dimension": "worklet_invocations"}
    detail = {"verdict": "expired", "unconfirmed": False, "detail": "InvalidUsageDimensionException"}
    assert failed_lines(acting, buyer) == [{**key, **detail}], "a copy for people to look at"
    acting.stage.meter()
    assert failed_lines(acting, buyer) == [], "and no second one"
    others = {name: units for (_, _, name), units in acting.billed(buyer).items()}
    assert set(others) == set(USED) - {"worklet_invocations"}
