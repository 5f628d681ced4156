"""A sum that would change stops the hour, by name; one that holds passes whatever its parts are."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger.balance import Balance, Balances
from ledger.conservation import NotConserved, check_lines, check_seal
from ledger.metering_record import Line, MeteringRecord
from ledger.seal_record import Frozen
from local.dynamodb.store import MemoryDynamoDB

HOUR = 1_795_000_000 // 3600 * 3600
D = Decimal
RECORD = MeteringRecord(
    customer_identifier="c", hour=HOUR, state="open", version=1, counted={("a", "m1"): D(1200), ("a", "m2"): D(1300)}
)
OLD = Balance(customer_identifier="c", version=3, remainder={"a": D(700)}, used={("a", "m1"): D(100)})
LINE = Line(
    dimension="a", quantity=D(2), counted=D(2500), included={"m1": D(900)}, scale=1000, decimals=0, deadline=HOUR + 1
)
FROZEN = Frozen(identity={}, sent_timestamp=HOUR, lines=[LINE], included={"a": D(900)})
AFTER: dict[str, Any] = {"remainder": {"a": D(300)}, "used": {("a", "m1"): D(1000)}}


def test_counted_and_carried_units_are_all_in_lines_allowance_and_balance() -> None:
    check_seal(RECORD, FROZEN, OLD, **AFTER)


def test_a_dimension_without_a_line_may_be_covered_and_carried() -> None:
    frozen = replace(FROZEN, lines=[])
    check_seal(RECORD, frozen, OLD, remainder={"a": D(2300)}, used=AFTER["used"])


def test_an_expired_hours_lines_are_what_it_counted() -> None:
    line = Line(dimension="a", quantity=D(2500), counted=D(2500))
    check_seal(RECORD, replace(FROZEN, lines=[line], included={}))
    with pytest.raises(NotConserved, match="units of a"):
        check_seal(RECORD, replace(FROZEN, lines=[], included={}))


@pytest.mark.parametrize(
    ("frozen", "after", "what"),
    [
        (replace(FROZEN, lines=[replace(LINE, quantity=D(3))]), AFTER, "units of a"),
        (replace(FROZEN, lines=[replace(LINE, counted=D(2400))]), AFTER, "counted units of a"),
        (replace(FROZEN, lines=[replace(LINE, included={})]), AFTER, "included units of a"),
        (replace(FROZEN, lines=[]), AFTER, "units of a"),
        (FROZEN, AFTER | {"remainder": {}}, "units of a"),
        (FROZEN, AFTER | {"used": {}}, "allowance of a"),
        (FROZEN, AFTER | {"remainder": AFTER["remainder"] | {"b": D(1)}}, "units of b"),
    ],
)
def test_units_that_appear_or_vanish_are_named(frozen: Frozen, after: dict[str, Any], what: str) -> None:
    with pytest.raises(NotConserved, match=what):
        check_seal(RECORD, frozen, OLD, **after)


SEALED = replace(RECORD, state="sealed", lines={"a": LINE}, sent_timestamp=HOUR, identity={"productCode": "p"})


def test_a_verdict_changes_nothing_that_is_frozen() -> None:
    check_lines(SEALED, replace(SEALED, lines={"a": replace(LINE, verdict="billed", attempts=frozenset({"x"}))}))


@pytest.mark.parametrize(
    "changed",
    [
        replace(SEALED, sent_timestamp=HOUR + 1),
        replace(SEALED, identity={"productCode": "q"}),
        replace(SEALED, lines={}),
        replace(SEALED, lines={"a": replace(LINE, quantity=D(1))}),
        replace(SEALED, lines={"a": replace(LINE, included={"m1": D(1)})}),
        replace(SEALED, lines={"a": replace(LINE, deadline=1)}),
    ],
)
def test_a_frozen_line_that_has_changed_is_named(changed: MeteringRecord) -> None:
    with pytest.raises(NotConserved):
        check_lines(SEALED, changed)


@pytest.mark.parametrize(
    ("remainder", "used"),
    [({"a": D(-1)}, {}), ({}, {("a", "m1"): D(99)})],
    ids=["negative remainder", "used given back"],
)
def test_a_balance_is_not_replaced_by_an_impossible_one(
    remainder: dict[str, Decimal], used: dict[tuple[str, str], Decimal]
) -> None:
    balances = Balances(MemoryDynamoDB().Table("state"))  # type: ignore[arg-type]  # as much of a table as is needed
    with pytest.raises(NotConserved):
        balances.replace(OLD, remainder=remainder, used=used)
