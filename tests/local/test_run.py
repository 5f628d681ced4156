"""``make run``'s program as a whole: what it writes, and that nothing of it stays, however it ends."""

import json
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local.run_report.schema import ACCOUNT_FIELDS, DOOR_STATES, LEDGER_STATES
from tests.local.run_program import HOURS, Program, refuses, small_log

pytestmark = [pytest.mark.local, pytest.mark.timeout(180)]

DIMENSIONS = {"workflow_executions", "active_users", "data_processed_gb", "api_calls", "worklet_invocations"}


@pytest.fixture(scope="module")
def document(finished_run: Program) -> dict[str, Any]:
    assert finished_run.process.returncode == 0, finished_run.output
    content: dict[str, Any] = json.loads((finished_run.out / "run.json").read_text(encoding="utf-8"))
    return content


def accounts(document: dict[str, Any]) -> list[tuple[str, dict[str, Decimal]]]:
    return [
        (f"{customer['customerIdentifier']} {name}", {state: Decimal(text) for state, text in account.items()})
        for customer in document["customers"]
        for name, account in customer["dimensions"].items()
    ]


def test_a_killed_run_leaves_nothing(killed_run: Program) -> None:
    assert killed_run.process.returncode == -signal.SIGKILL
    assert killed_run.left == {}
    assert len(killed_run.addresses) == 2
    assert [url for url in killed_run.addresses if not refuses(url)] == []


def test_a_run_after_a_killed_one_ends_well_and_leaves_nothing(finished_run: Program) -> None:
    assert finished_run.process.returncode == 0, finished_run.output
    assert finished_run.left == {}
    assert len(finished_run.addresses) == 2
    assert [url for url in finished_run.addresses if not refuses(url)] == []


def test_run_json_has_the_form_of_the_contract(document: dict[str, Any]) -> None:
    assert list(document) == ["log", "hours", "customers", "marketplace", "unaccounted"]
    assert (document["log"], document["hours"], document["unaccounted"]) == ("orders.xes.gz", HOURS, "0")
    assert list(document["marketplace"]) == ["url", "calls", "records", "accepted", "duplicates", "rejected"]
    for customer in document["customers"]:
        assert list(customer) == ["customerIdentifier", "integration", "dimensions"]
        for account in customer["dimensions"].values():
            assert list(account) == list(ACCOUNT_FIELDS)
            assert all(isinstance(text, str) for text in account.values())


def test_both_sums_hold_for_every_customer_and_dimension(document: dict[str, Any]) -> None:
    found = accounts(document)
    assert found
    for name, account in found:
        assert account["received"] == account["recorded"] + sum(account[state] for state in DOOR_STATES), name
        assert account["recorded"] == sum(account[state] for state in LEDGER_STATES), name
        assert min(account.values()) >= 0, name


def test_both_integrations_are_billed_in_every_dimension(document: dict[str, Any]) -> None:
    buyers = [customer for customer in document["customers"] if customer["integration"] != "unknown"]
    assert {customer["integration"] for customer in buyers} == {"license", "legacy"}
    for integration in ("license", "legacy"):
        own = [customer for customer in buyers if customer["integration"] == integration]
        used = {name for customer in own for name in customer["dimensions"]}
        assert used >= DIMENSIONS, integration
        assert any(Decimal(account["billed"]) for customer in own for account in customer["dimensions"].values()), (
            integration
        )


def test_nothing_is_left_open_and_the_marketplace_billed_nothing_twice(document: dict[str, Any]) -> None:
    for name, account in accounts(document):
        open_units = {state: account[state] for state in ("pending", "failed", "unconfirmed", "notSent")}
        assert not any(open_units.values()), (name, open_units)
    market = document["marketplace"]
    assert market["accepted"] > 0
    assert market["records"] == market["accepted"] + market["duplicates"] + market["rejected"]
    assert (market["duplicates"], market["rejected"]) == (0, 0)


def test_what_is_mixed_in_on_purpose_shows(document: dict[str, Any]) -> None:
    totals = {state: sum(account[state] for _, account in accounts(document)) for state in ACCOUNT_FIELDS}
    # resends, broken events, a buyer whom nobody knows, users seen before, units for the next thousand
    for state in ("repeatedEvents", "refused", "waiting", "included", "repeatedUsers", "remainder"):
        assert totals[state] > 0, state


def test_the_output_tells_people_where_to_look(finished_run: Program) -> None:
    for name in ("run.json", "run.html"):
        assert (finished_run.out / name).stat().st_size > 0
        # the console wraps long lines
        assert str(finished_run.out / name) in finished_run.output.replace("\n", "")


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    with Program(small_log(tmp_path / "orders.xes.gz"), tmp_path / "build") as program:
        program.wait_for("folding", timeout=60)
        assert len(program.left_behind(seconds=0)) > 1, "synth runs beside it"
        with Program(program.log, program.out, output="second.txt") as second:
            assert second.end(timeout=30) == 1
        assert "a run is under way" in " ".join(second.output.split())
        program.interrupt()
        assert program.end(timeout=10) == 130, program.output
    assert "stopped" in program.output
    assert "Traceback" not in program.output
    assert program.left_behind() == {}


def test_a_log_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.xes"
    wrong.write_text("<log><trace>")
    with Program(wrong, tmp_path / "build") as program:
        assert program.end(timeout=60) == 1
    assert "XesError" in program.output
    assert "Traceback" not in program.output
    assert program.left_behind() == {}
    assert not (program.out / "run.json").exists()


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with Program(tmp_path / "any.xes", tmp_path / "file") as program:
        assert program.end(timeout=60) == 1
    assert f"File exists: '{tmp_path / 'file'}'" in program.output.replace("\n", "")
    assert "Traceback" not in program.output
