"""The invoice of a month by our own books: nothing is missing, nothing is there twice, and once closed it stays."""

import csv
import json
import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger import tables, transaction
from ledger.invoice import UNITS, CarriedIn, Row, Sums, outcome, rows
from ledger.metering_record import Line, MeteringRecord
from marketplace.hour import SECONDS
from marketplace.tiers import Tier
from ops.answer import Answer
from ops.change import Change, carry_out
from ops.line_id import short_hour
from ops.month import closed
from ops.month.close import close, differences
from ops.month.closed import encode
from ops.month.ledger_month import customers
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import from_iso
from tests.ops.test_reading import printed
from tests.ops.test_repairing import COMMANDS, done, duplicate, expired, used
from tests.products import selling
from tests.scenarios.world import START, World

NOVEMBER = "2026-11"
OVER = from_iso("2026-12-01T06:10:00Z")
DIMENSION = "workflow_executions"
PRICE = Decimal("0.013")


@pytest.fixture
def priced(seen: OpenStage) -> OpenStage:
    """The world's stage, with a price for executions alone."""
    dimensions = {name: replace(each, price=None) for name, each in seen.settings.dimensions.items()}
    dimensions[DIMENSION] = replace(dimensions[DIMENSION], price=PRICE)
    return replace(seen, settings=selling(seen.settings, dimensions=dimensions, currency="EUR"))


def answered(stage: OpenStage, month: str = NOVEMBER, **more: Any) -> Answer:
    answer = close(stage, month, **more)
    assert isinstance(answer, Answer)
    return answer


def finish(world: World) -> None:
    """November is over, and all of it has ended."""
    world.now = OVER
    world.run()


def of(answer: Answer, dimension: str = DIMENSION) -> dict[str, Decimal]:
    """The units of a dimension that are not 0."""
    return {name: value for name in UNITS if (value := answer.data["dimensions"][dimension][name])}


# --- what becomes of a unit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({}, "waiting"),
        ({"verdict": "rejected"}, "waiting"),
        ({"verdict": "retried"}, "waiting"),
        ({"verdict": "billed"}, "billed"),
        ({"verdict": "on_file"}, "billed"),
        ({"verdict": "on_file", "resolution": "written_off"}, "billed"),
        ({"verdict": "not_sent"}, "notSent"),
        ({"verdict": "expired"}, "lost"),
        ({"verdict": "expired", "attempts": frozenset({"1-a"})}, "unconfirmed"),
        ({"verdict": "conflict"}, "unconfirmed"),
        ({"verdict": "presumed_on_file"}, "unconfirmed"),
        ({"verdict": "conflict", "resolution": "lost"}, "lost"),
        ({"verdict": "expired", "resolution": "carried"}, "carried"),
        ({"verdict": "conflict", "resolution": "written_off"}, "writtenOff"),
    ],
)
def test_each_end_of_a_line_has_one_name(line: dict[str, Any], expected: str) -> None:
    assert outcome(Line(dimension="d", quantity=Decimal(1), counted=Decimal(1), **line)) == expected


def test_carried_units_are_reported_once(world: World, priced: OpenStage) -> None:
    buyer, line = expired(world)
    world.report(world.event(buyer, "b", 5))
    done(priced, "carry", line)
    world.next_run()
    finish(world)
    answer = answered(priced, draft=True)
    assert of(answer) == {"reported": 7, "carriedIn": 2, "billed": 7, "carried": 2}
    assert world.billed(buyer) == 7


def test_units_that_were_carried_by_the_counters_are_not_reported_again() -> None:
    """A line that was sealed before the allowance goes to the counters of the open hour."""
    open_hour = int(START) + SECONDS
    lost = MeteringRecord(
        customer_identifier="l-1",
        hour=int(START),
        state="sealed",
        version=1,
        counted={("d", NOVEMBER): Decimal(8)},
        lines={
            "d": Line(dimension="d", quantity=Decimal(8), counted=Decimal(8), verdict="expired", resolution="carried")
        },
    )
    gets = MeteringRecord(
        customer_identifier="l-1",
        hour=open_hour,
        state="sealed",
        version=1,
        counted={("d", NOVEMBER): Decimal(10)},
        included={"d": Decimal(3)},
        lines={"d": Line(dimension="d", quantity=Decimal(7), counted=Decimal(10), verdict="billed")},
    )
    (row,) = rows([lost, gets], carried_in=[CarriedIn(open_hour, "d", Decimal(8), True)])
    assert row.sums.units == {"reported": 10, "carriedIn": 8, "included": 3, "billed": 7, "carried": 8}
    assert row.sums.unaccounted() == 0


def test_what_does_not_fill_a_billed_unit_is_named(world: World, seen: OpenStage) -> None:
    buyer = world.buyer()
    for number in range(3):
        world.report(world.event(buyer, f"c{number}", 700, dimension="api_calls"))
        world.next_run()
    assert of(answered(seen, draft=True), "api_calls") == {"reported": 2100, "billed": 2000, "remainder": 100}


def test_the_month_is_that_of_the_billed_hour(world: World, seen: OpenStage) -> None:
    """Usage of October that comes in November is billed, and invoiced, in November."""
    buyer = world.buyer(active_from=from_iso("2026-10-01T00:00:00Z"))
    world.now = from_iso("2026-11-02T10:00:00Z")
    world.report(world.event(buyer, "late", 4, occurredAt="2026-10-30T10:00:00Z"))
    world.next_run()
    finish(world)
    assert of(answered(seen, draft=True)) == {"reported": 4, "billed": 4}
    assert answered(seen, "2026-10", draft=True).data["dimensions"] == {}


def test_an_open_hour_waits(world: World, seen: OpenStage) -> None:
    buyer = used(world)
    answer = answered(seen, draft=True)
    assert of(answer) == {"reported": 2, "waiting": 2}
    assert answer.data["unfinished"] == [f"{buyer}/2026-11-15T08:00Z"]


# --- money ------------------------------------------------------------------------------------------------------------


def test_money_is_exact_and_at_list_price(world: World, priced: OpenStage) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 333), world.event(buyer, "g", "1.5", dimension="data_processed_gb"))
    world.next_run()
    answer = answered(priced, draft=True)
    assert answer.data["amounts"]["billed"] == Decimal("4.329")
    assert (answer.data["currency"], answer.data["dimensions"][DIMENSION]["billedAmount"]) == ("EUR", Decimal("4.329"))
    assert "billedAmount" not in answer.data["dimensions"]["data_processed_gb"]
    assert "Without a price in stages/product.toml: data_processed_gb." in printed(answer)


def test_sums_are_exact_beyond_the_precision_of_decimals() -> None:
    sums = Sums()
    sums.add("reported", Decimal("9999999999999999999.999999999"))
    sums.add("reported", Decimal("0.000000001"))
    sums.add("billed", Decimal("10000000000000000000"))
    assert sums.unaccounted() == 0
    assert Sums.from_plain(sums.plain()) == sums


def test_the_files_hold_each_day_and_add_up(world: World, priced: OpenStage, tmp_path: Path) -> None:
    buyer, _ = expired(world)
    world.report(world.event(buyer, "next", 3))
    world.next_run()
    written = answered(priced, draft=True, out=str(tmp_path / "new")).data["files"]
    assert [Path(each).name for each in written] == ["local-2026-11-draft.csv", "local-2026-11-draft.json"]
    with Path(written[0]).open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["day"], line["reported"], line["billed"], line["lost"]) for line in lines] == [
        ("2026-11-15", "2", "0", "2"),
        ("2026-11-16", "3", "3", "0"),
    ]
    assert [(line["billedAmount"], line["lostAmount"]) for line in lines] == [("0", "0.026"), ("0.039", "0")]
    whole = json.loads(Path(written[1]).read_text())
    assert (whole["rows"], whole["state"]) == (lines, "draft")
    assert len(list((tmp_path / "new").iterdir())) == 2, "no unfinished file is left"


def test_a_folder_that_cannot_be_written_is_named(seen: OpenStage, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="--out"):
        close(seen, NOVEMBER, draft=True, out=str(tmp_path / "file"))


# --- closing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("month", ["november", "2026-13", "2026-1", "2026-11-01", ""])
def test_what_is_no_month_is_refused(seen: OpenStage, month: str) -> None:
    with pytest.raises(Refused, match="write it like 2026-11"):
        close(seen, month)


def test_a_month_is_not_closed_before_marketplace_closes_it(world: World, seen: OpenStage) -> None:
    world.now = from_iso("2026-12-01T05:59:59Z")
    with pytest.raises(Refused, match=r"not over before 2026-12-01T06:00:00Z.*--draft"):
        close(seen, NOVEMBER)
    world.now += 1
    assert isinstance(close(seen, NOVEMBER), Change)


def test_lines_that_wait_or_may_have_been_billed_keep_a_month_open(world: World, seen: OpenStage) -> None:
    buyer, line = duplicate(world)
    world.now = OVER
    with pytest.raises(Refused, match=rf"1 hours.*{buyer}/2026-11-15T08:00Z.*--draft"):
        close(seen, NOVEMBER)
    assert of(answered(seen, draft=True)) == {"reported": 2, "unconfirmed": 2}
    done(seen, "write-off", line, unconfirmed=True)
    assert isinstance(close(seen, NOVEMBER), Change)


def test_a_closed_month_does_not_change_and_says_what_would(world: World, priced: OpenStage, tmp_path: Path) -> None:
    buyer, line = expired(world)
    other = used(world)
    world.next_run()
    finish(world)
    assert "2026-11 is closed" in done(priced, "close", NOVEMBER)
    first = answered(priced, out=str(tmp_path))
    assert (first.trouble, first.data["state"], first.data["changed"]) == (False, "closed", [])
    assert set(first.data["customers"]) == {buyer, other}
    assert of(first) == {"reported": 4, "billed": 2, "lost": 2}
    files = [Path(each).read_bytes() for each in first.data["files"]]

    done(priced, "carry", line)
    # Another price of later does not change it either.
    cheap = {name: replace(each, price=Decimal(1)) for name, each in priced.settings.dimensions.items()}
    later = replace(priced, settings=selling(priced.settings, dimensions=cheap, currency="USD"))
    again = answered(later, out=str(tmp_path))
    assert again.trouble
    assert (again.data["dimensions"], again.data["amounts"]) == (first.data["dimensions"], first.data["amounts"])
    assert [Path(each).read_bytes() for each in again.data["files"]] == files
    assert [(each["what"], each["closed"], each["now"]) for each in again.data["changed"]] == [
        ("carried", 0, 2),
        ("lost", 2, 0),
    ]
    assert "says something else today" in printed(again)
    december = answered(later, "2026-12", draft=True)
    assert of(december) == {"carriedIn": 2, "remainder": 2}


def test_a_customer_that_subscribes_again_meanwhile_is_in_the_month(
    seen: OpenStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = {"one": "active", "two": "cancelled"}

    class Index:
        def with_status(self, wanted: str) -> tuple[str, ...]:
            found = tuple(key for key, now in status.items() if now == wanted)
            if wanted == "final_metering":
                status["two"] = "active"
            return found

    monkeypatch.setitem(vars(seen), "subscribers", Index())
    assert customers(seen) == ["one", "two"]


def test_of_two_who_close_a_month_one_does(world: World, seen: OpenStage) -> None:
    used(world)
    finish(world)
    both = [close(seen, NOVEMBER) for _ in range(2)]
    command = COMMANDS["close"]
    assert command.run(seen, month=NOVEMBER, apply=True, why="first").data["applied"]
    late = both[1]
    assert isinstance(late, Change)
    with pytest.raises(Refused, match="somebody closed 2026-11 meanwhile"):
        carry_out(seen, "close", late, why="second", apply=True)
    assert not answered(seen).trouble


def test_a_close_that_was_interrupted_is_begun_anew(
    world: World, seen: OpenStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    used(world)
    finish(world)
    written = transaction.write
    calls = Counter[str]()

    def killed(client: Any, operations: Any) -> None:
        calls["write"] += 1
        if calls["write"] == 2:
            raise KeyboardInterrupt
        written(client, operations)

    monkeypatch.setattr(closed, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        COMMANDS["close"].run(seen, month=NOVEMBER, apply=True, why="interrupted")
    assert isinstance(close(seen, NOVEMBER), Change), "parts alone close nothing"
    assert "is closed" in done(seen, "close", NOVEMBER)
    assert not answered(seen).trouble


def test_stored_parts_that_were_changed_are_not_shown_as_the_closed_month(world: World, seen: OpenStage) -> None:
    buyer = used(world)
    finish(world)
    done(seen, "close", NOVEMBER)
    table = seen.table(tables.AUDIT)
    (part,) = [each for each in table.scan()["Items"] if each["subject"] == buyer]
    table.put_item(Item={**part, "rows": str(part["rows"]).replace("2", "3")})
    with pytest.raises(Refused, match="are not those that were closed"):
        close(seen, NOVEMBER)


def test_differences_name_what_came_and_went() -> None:
    one = {"a": encode([Row("a", "2026-11-01", "d", Sums({"reported": Decimal(1)}))])}
    assert differences(one, {}) == [("a", "2026-11-01", "d", "reported", 1, 0)]
    assert differences({}, one) == [("a", "2026-11-01", "d", "reported", 0, 1)]
    assert differences(one, one) == []


# --- played months ----------------------------------------------------------------------------------------------------


def play(world: World, stage: OpenStage, dice: random.Random) -> list[str]:
    """Hours of usage of every kind, with runs that fail and repairs by people."""
    world.pricing_model = "contract-with-consumption"
    world.tiers = (Tier("pro", {}), Tier("basic", {"api_calls": Decimal(1500), DIMENSION: Decimal(2)}))
    buyers = []
    for tier in ("basic", "pro", "basic"):
        buyer = world.buyer()
        entitled = [{"dimension": tier, "expiresAt": int(START) + 60 * 86400, "value": "1"}]
        world.change(buyer, entitlements=entitled, entitlementsFetchedAt=int(START) - 10)
        buyers.append(buyer)
    for step in range(14):
        for buyer in buyers:
            if dice.random() < 0.7:
                world.report(
                    world.event(buyer, f"a{step}", dice.randint(1, 2500), dimension="api_calls"),
                    world.event(buyer, f"b{step}", dice.randint(1, 9)),
                    world.event(buyer, f"c{step}", f"0.{dice.randint(1, 999999999):09}", dimension="data_processed_gb"),
                    world.event(buyer, f"d{step}", 1, dimension="active_users", user=f"u{dice.randint(1, 3)}"),
                )
        happens = dice.random()
        if happens < 0.2:
            world.marketplace.arm("status", times=1, buyer=dice.choice(buyers), status="DuplicateRecord")
        # No run for longer than a line's deadline, now and then.
        world.next_run(26 if happens > 0.85 else 1)
        for customer, hour in sorted(world.failed()):
            for name, line in world.record(customer, hour).lines.items():
                named = f"{customer}/{short_hour(hour)}/{name}"
                if line.unconfirmed:
                    COMMANDS["write-off"].run(stage, line=named, unconfirmed=True, apply=True, why="played")
                elif line.failed and dice.random() < 0.8:
                    COMMANDS["carry"].run(stage, line=named, apply=True, why="played")
    finish(world)
    return buyers


@pytest.mark.parametrize("seed", range(4))
def test_every_unit_of_a_played_month_is_in_its_invoice_once(world: World, seen: OpenStage, seed: int) -> None:
    """By other books: the events that were recorded, the balances, and what AWS Marketplace will bill."""
    buyers = play(world, seen, random.Random(seed))
    answer = answered(replace(seen, settings=selling(seen.settings, pricing_model=world.pricing_model)), draft=True)
    recorded: Counter[tuple[str, str]] = Counter()
    for item in world.dynamodb.Table(tables.USAGE_EVENTS.name).scan()["Items"]:
        stored: Any = item
        if stored["eventId"].startswith("event#"):
            recorded[stored["customerIdentifier"], stored["content"]["dimension"]] += stored["counted"]
    for buyer in buyers:
        balance = world.balances.get(buyer)
        for name, sums in answer.data["customers"][buyer].items():
            assert sums["reported"] == recorded[buyer, name]
            assert sums["billedUnits"] == world.billed(buyer, name)
            assert sums["included"] == sum(units for (used_, _), units in balance.used.items() if used_ == name)
            assert sums["remainder"] == balance.remainder.get(name, 0)
            assert sums["carriedIn"] == sums["carried"]
            assert sums["waiting"] == 0
    # Of other months the property would say less than its name does.
    assert all(any(sums[name] for sums in answer.data["dimensions"].values()) for name in ("carried", "writtenOff"))
