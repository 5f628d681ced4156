"""The numbers on which alarms rest, as the states' functions emit them: real ones."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from marketplace.hour import deadline
from metering.run import Mode
from runtime import settings
from runtime.clock import iso
from tests.contracts.stores import CUSTOMER, HOUR, MONTH, NOW, Ledger
from tests.products import sold
from tests.unit.metering import entry_points
from tests.unit.metering.entry_points import KEY, at, call, emitted, prepared, subscribe

#: Sums of a metric's values since the last look, by names.
Sums = Callable[..., list[float]]


@pytest.fixture(autouse=True)
def _functions(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    prepared(ledger, monkeypatch, tmp_path)


@pytest.fixture
def sums(capsys: pytest.CaptureFixture[str]) -> Sums:
    """Of the handlers' own lines (those by the stage's dimensions left out) since they were read before."""

    def read(*names: str) -> list[float]:
        lines = [line for line in emitted(capsys) if "dimension" not in line]
        return [sum(sum(line.get(name, [0])) for line in lines) for name in names]

    return read


# --- report -----------------------------------------------------------------------------------------------------------


def test_lines_and_money_at_risk_are_emitted(ledger: Ledger, tmp_path: Path, sums: Sums) -> None:
    """Of three hours one has more than half of its window left."""
    ledger.opened()
    ledger.opened({("api_calls", MONTH): Decimal(600)}, "customer-2")
    ledger.opened(hour=HOUR + 18 * 3600)
    at(tmp_path, HOUR + 20 * 3600)
    summary = call("report", {})
    assert summary["atRisk"] == {"lines": 2, "units": {"api_calls": "3000"}, "money": "0.75"}
    assert sums("AtRiskLines", "AtRiskMoney", "PendingHours", "FailedMoney") == [2, 0.75, 3, 0]


def test_nothing_is_at_risk_while_there_is_time(ledger: Ledger, sums: Sums) -> None:
    ledger.opened()
    call("report", {})
    assert sums("AtRiskLines", "AtRiskMoney", "PendingHours") == [0, 0, 1]


def test_lines_and_money_that_failed_are_emitted(ledger: Ledger, tmp_path: Path, sums: Sums) -> None:
    """2,400 calls make a line of two billed units; the 400 are in the balance."""
    ledger.opened()
    call("seal_hours", {"keys": [KEY]})
    at(tmp_path, deadline(HOUR) + 1)
    call("settle_hours", {"keys": [KEY]})
    call("report", {})
    assert sums("FailedLines", "FailedMoney", "AtRiskLines", "AtRiskMoney") == [1, 0.5, 0, 0]


@pytest.mark.parametrize("left", [3 * 3600, 20 * 3600])
def test_the_time_to_the_nearest_deadline_is_emitted(ledger: Ledger, tmp_path: Path, sums: Sums, left: int) -> None:
    ledger.opened(hour=HOUR)
    ledger.opened(hour=HOUR + 3600)
    at(tmp_path, deadline(HOUR) - left)
    call("report", {"hour": iso(HOUR + 3600)})
    assert sums("NearestDeadlineSeconds") == [pytest.approx(left, abs=30)]


def test_a_deadline_that_is_over_leaves_no_time_at_all(ledger: Ledger, tmp_path: Path, sums: Sums) -> None:
    """Less than nothing would be drawn below the axis, and means nothing more."""
    ledger.opened()
    at(tmp_path, deadline(HOUR) + 100)
    call("report", {})
    assert sums("NearestDeadlineSeconds") == [0]


def test_the_time_left_is_a_day_while_nothing_is_pending(ledger: Ledger, sums: Sums) -> None:
    call("report", {})
    assert sums("NearestDeadlineSeconds", "PendingHours") == [86400, 0]


def test_lines_that_the_mode_holds_raise_no_alarm(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sums: Sums
) -> None:
    monkeypatch.setenv("METERING_MODE", "test-buyers")
    monkeypatch.setenv("TEST_BUYERS", "listed-1,listed-2")
    ledger.opened()
    ledger.opened(customer="listed-2", hour=HOUR + 3600)
    at(tmp_path, deadline(HOUR) - 3600)
    summary = call("report", {})
    assert (summary["pendingHours"], summary["heldHours"]) == (1, 1)
    assert sums("PendingHours", "AtRiskLines", "NearestDeadlineSeconds") == [1, 1, pytest.approx(7200, abs=30)]


# --- seal and settle --------------------------------------------------------------------------------------------------


def test_hours_that_wait_and_hours_that_fail_are_both_emitted_as_waiting(ledger: Ledger, sums: Sums) -> None:
    """Neither will be billed as it is, and only the alarm on this metric shows it early."""
    ledger.subscriber_items.put_item(Item={"customerIdentifier": "poisoned", "activePeriods": [{"begin": 1}]})
    customers = (CUSTOMER, "unknown-1", "unknown-2", "poisoned")
    for customer in customers:
        ledger.opened(customer=customer)
    counts = call("seal_hours", {"keys": [f"{customer}|{HOUR}" for customer in customers]})
    assert counts == {"sealed": 1, "waiting": 2, "already": 0, "failed": 1}
    assert sums("HoursSealed", "HoursWaiting") == [1, 3]


def test_no_waiting_hour_is_emitted_once_all_are_sealed(ledger: Ledger, sums: Sums) -> None:
    ledger.opened()
    call("seal_hours", {"keys": [KEY]})
    assert sums("HoursSealed", "HoursWaiting") == [1, 0]


def test_lines_that_expire_and_lines_that_the_mode_held_are_emitted_apart(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sums: Sums
) -> None:
    monkeypatch.setenv("METERING_MODE", "test-buyers")
    monkeypatch.setenv("TEST_BUYERS", "listed-1,listed-2")
    customers = ("listed-1", "listed-2", "held")
    for customer in customers:
        subscribe(ledger, customer)
        ledger.opened(customer=customer)
    keys = [f"{customer}|{HOUR}" for customer in customers]
    call("seal_hours", {"keys": keys})
    at(tmp_path, deadline(HOUR) + 1)
    assert call("settle_hours", {"keys": keys}) == {"expired": 2, "not_sent": 1, "tidied": 0}
    assert sums("LinesExpired", "LinesNotSent", "ZeroLinesFailed") == [0, 1, 0]
    for expected in (2, 0):  # a failed line is counted with its copy, once
        call("report", {})
        assert sums("LinesExpired", "LinesNotSent", "RunsCompleted") == [expected, 0, 1]


def test_a_zero_that_expires_is_emitted_apart(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sums: Sums
) -> None:
    monkeypatch.setenv("PRODUCTS", sold({"api_calls": entry_points.CALLS}, hourly_zeros="every").to_json())
    call("put_zero_records", {"startedAt": iso(NOW), "hour": iso(HOUR)})
    assert sums("ZeroRecords") == [1]
    call("seal_hours", {"keys": [KEY]})
    at(tmp_path, deadline(HOUR) + 1)
    call("settle_hours", {"keys": [KEY]})
    assert sums("ZeroLinesFailed", "LinesExpired") == [1, 0]
    call("report", {})
    assert sums("FailedLines", "PendingHours") == [0, 0]


# --- the mode ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "listed"), [("", set()), ("l-1", {"l-1"}), ("l-1,l-2", {"l-1", "l-2"}), ("l-1,,l-2,", {"l-1", "l-2"})]
)
def test_the_stages_test_buyers_are_read_from_its_setting(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, setting: str, listed: set[str]
) -> None:
    monkeypatch.setenv("METERING_MODE", "test-buyers")
    monkeypatch.setenv("TEST_BUYERS", setting)
    mode = Mode.of(settings.SettleHoursSettings.from_env())
    assert mode == Mode("test-buyers", frozenset(listed))
    assert all(mode.sends(buyer) and mode.plans(buyer) for buyer in listed)
    assert not any(mode.sends(buyer) or mode.plans(buyer) for buyer in ("", "l-3", "l-1,l-2", "l"))


def test_the_list_of_test_buyers_counts_in_its_own_mode_only() -> None:
    listed = frozenset({"l-1"})
    assert [Mode(name, listed).sends("l-1") for name in ("off", "dry-run", "test-buyers", "live")] == [
        False,
        False,
        True,
        True,
    ]
