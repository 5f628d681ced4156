"""Hourly zeros on the deployed stage: its functions with the environment that a stage with ``hourlyZeros`` deploys."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from ledger import tables
from ledger.metering_record import from_item
from runtime.settings import PutZeroRecordsSettings, SealHoursSettings
from tests.local.stage.accounts import USED, billed_all, times, use
from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]

SETTING = "HOURLY_ZEROS"
#: the functions that a stage tells of its zeros, by their settings' own declaration
TOLD = {"putzerorecords": PutZeroRecordsSettings, "sealhours": SealHoursSettings}


@pytest.fixture
def hourly_zeros(acting: Acting) -> Iterator[Callable[[str], None]]:
    """Sets it, as a deployment of a changed stage file would; afterwards it is as before."""
    functions: Any = acting.stage.cloud.seller.client("lambda")
    deployed = [f for page in functions.get_paginator("list_functions").paginate() for f in page["Functions"]]
    told = {f["FunctionName"]: f["Environment"] for f in deployed if SETTING in f["Environment"]["Variables"]}
    assert len(told) == len(TOLD)
    for part, settings in TOLD.items():
        (variables,) = [e["Variables"] for name, e in told.items() if part in name.lower()]
        assert settings.from_env(variables).to_env()[SETTING] == "off"

    def set_to(value: str) -> None:
        for name, environment in told.items():
            changed = {"Variables": {**environment["Variables"], SETTING: value}}
            functions.update_function_configuration(FunctionName=name, Environment=changed)

    yield set_to
    for name, environment in told.items():
        functions.update_function_configuration(FunctionName=name, Environment=environment)


def zeros(acting: Acting, hour: str) -> dict[str, set[str]]:
    """Dimensions for which Marketplace took a quantity of 0 in that hour, by buyer."""
    found: dict[str, set[str]] = {}
    for line in acting.stage.marketplace.accepted():
        if line["hour"] == hour and not Decimal(line["quantity"]):
            found.setdefault(line["buyer"], set()).add(line["dimension"])
    return found


def test_who_uses_nothing_is_billed_zero(acting: Acting, hourly_zeros: Callable[[str], None]) -> None:
    idle, busy, gone = buyers = acting.arrive(3)
    acting.pass_minutes(1)
    hour = use(acting, busy)
    acting.leave(gone)
    acting.close_hour()
    hourly_zeros("every")
    summary = acting.stage.meter()
    assert (summary["pendingHours"], summary["fault"]) == (0, None)
    # usage takes the hour's place, and one of them was not active at the hour's end
    taken = zeros(acting, hour)
    assert [taken.get(buyer.customer_identifier, set()) for buyer in buyers] == [set(USED), set(), set()]
    assert acting.verdicts(idle) == {(hour, name): "billed" for name in USED}
    before = len(acting.calls())
    acting.stage.meter()
    assert len(acting.calls()) == before, "each hour has its zeros once"
    billed_all(acting, times(1, busy), busy)


def test_a_zero_that_never_gets_through_calls_nobody(acting: Acting, hourly_zeros: Callable[[str], None]) -> None:
    (idle,) = acting.arrive(1)
    hour = acting.hour
    acting.stage.marketplace.arm(
        "error", error="InvalidUsageDimensionException", buyer=idle.customer_identifier, dimension="worklet_invocations"
    )
    acting.close_hour()
    hourly_zeros("worklet_invocations")
    known = acting.stage.meter()["failedLines"]
    assert acting.verdicts(idle) == {(hour, "worklet_invocations"): "rejected"}
    hourly_zeros("off")
    acting.pass_minutes(24 * 60)
    assert acting.stage.meter()["failedLines"] == known
    items = acting.stage.items(tables.METERING_RECORDS)
    (record,) = [from_item(item) for item in items if item["customerIdentifier"] == idle.customer_identifier]
    assert record.lines["worklet_invocations"].verdict == "expired"
    assert (record.pending, record.marked_failed) == (None, False)
