"""The statements of docs/archive.md, run by DuckDB over what the functions' code has archived of a played day."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ledger import tables
from stacks import synth
from tests.scenarios.archived import Archived
from tests.scenarios.world import START, World

PAGE = (synth.ROOT / "docs" / "archive.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```sql ([a-z]+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
CUSTOMER, HOUR = "l-0123456789abcdef", "1794729600"


class Played:
    """Two customers; the first used 2,500.5 calls at eight and took one event back, and its line was billed."""

    def __init__(self, world: World, folder: Path) -> None:
        archived = Archived(world)
        self.first, self.second = world.buyer(), world.buyer()
        for number, units in enumerate((1000, 1500, 70)):
            world.report(world.event(self.first, f"e-{number}", units, dimension="api_calls"))
        world.report(world.event(self.first, "none", 7), world.event(self.second, "other", 3, dimension="api_calls"))
        world.report({"void": "e-2", "source": "scenario", "customerIdentifier": self.first})
        world.next_run()
        world.dynamodb.Table(tables.AUDIT.name).put_item(
            Item={
                "subject": self.first,
                "item": "action#2026-11-15T09:30:00.000Z#1",
                "who": "arn:aws:iam::111122223333:user/ann",
                "why": "because",
                "command": "void",
                "target": "e-2",
            }
        )
        archived.drain().write_to(folder / "archive")
        self._connection = duckdb.connect()
        self._connection.execute(BLOCKS["duckdb"].replace("'archive/", f"'{folder}/archive/"))

    def ask(self, name: str) -> list[tuple[Any, ...]]:
        statement = BLOCKS[name].replace(CUSTOMER, self.first).replace(HOUR, str(int(START)))
        return self._connection.execute(statement).fetchall()

    def change(self, statement: str) -> None:
        self._connection.execute(statement)


@pytest.fixture
def played(world: World, tmp_path: Path) -> Played:
    return Played(world, tmp_path)


def test_the_page_has_these_statements_and_this_test_runs_them_all() -> None:
    assert set(BLOCKS) == {"duckdb", "events", "verdicts", "differences", "actions"}


def test_the_events_of_an_hour(played: Played) -> None:
    found = {row[0]: row[1:] for row in played.ask("events")}
    assert found["event#e-1"] == ("scenario", "api_calls", Decimal("1500.000000000"), None)
    assert found["event#e-2"][3] is not None, "it was taken back"
    assert set(found) == {"event#e-0", "event#e-1", "event#e-2", "event#none"}


def test_what_became_of_a_line(played: Played) -> None:
    ((_, verdict, record_id, resolution, quantity),) = played.ask("verdicts")
    assert (verdict, resolution, quantity) == ("billed", None, "2")
    assert record_id


def test_no_unit_differs(played: Played) -> None:
    assert played.ask("differences") == []


def test_a_lost_event_differs(played: Played) -> None:
    played.change("CREATE TABLE kept AS SELECT * FROM changes WHERE keys NOT LIKE '%event#e-1%'")
    played.change("CREATE OR REPLACE VIEW changes AS SELECT * FROM kept")
    ((customer, hour, events, counters),) = played.ask("differences")
    assert (customer, hour, events, counters) == (played.first, str(int(START)), Decimal(1000), Decimal(2500))


def test_what_operators_did(played: Played) -> None:
    ((_, subject, who, command, target, why),) = played.ask("actions")
    assert (subject, command, target, why) == (played.first, "void", "e-2", "because")
    assert who.endswith("user/ann")
