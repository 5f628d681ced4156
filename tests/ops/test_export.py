"""What is stored, line by line, for other programs."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from ops.month.export import EVENT, KINDS, LINE, RECORD, export
from ops.refused import Refused
from ops.stage import OpenStage
from tests.ops.test_reading import EIGHT
from tests.ops.test_repairing import done, everything, expired
from tests.scenarios.world import START, World

NOVEMBER = "2026-11"


def exported(stage: OpenStage, folder: Path, what: str, **more: Any) -> list[dict[str, Any]]:
    """The rows, which JSON lines and CSV must tell alike."""
    path = folder / "out"
    before = everything(stage)
    number = export(stage, what, NOVEMBER, str(path), form="csv", **more).data["rows"]
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    export(stage, what, NOVEMBER, str(path), **more)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert everything(stage) == before, "it only reads"
    assert len(rows) == len(table) == number
    for row, cells in zip(rows, table, strict=True):
        plain = {k: json.dumps(v) if isinstance(v, dict) else str(v) for k, v in row.items() if v is not None}
        assert {name: value for name, value in cells.items() if value} == plain
    return rows


def test_counts_of_hours(world: World, seen: OpenStage, tmp_path: Path) -> None:
    one, other = sorted((world.buyer(), world.buyer()))
    world.report(world.event(one, "a", 3), world.event(other, "b", "0.000000001", dimension="data_processed_gb"))
    rows = exported(seen, tmp_path, "records")
    assert [(row["customerIdentifier"], row["hour"], row["counted"]) for row in rows] == [
        (one, EIGHT, "3"),
        (other, EIGHT, "0.000000001"),
    ]
    assert exported(seen, tmp_path, "records", customer=other) == rows[1:]


def test_lines_with_what_became_of_them(world: World, seen: OpenStage, tmp_path: Path) -> None:
    buyer, line = expired(world)
    world.report(world.event(buyer, "b", 1))
    done(seen, "carry", line)
    world.next_run()
    first, second = exported(seen, tmp_path, "lines")
    assert (first["outcome"], first["verdict"], first["carriedTo"]) == ("carried", "expired", second["hour"])
    assert (second["outcome"], second["quantity"]) == ("billed", "3")
    assert second["meteringRecordId"]


def test_events_of_the_hours_that_the_month_bills(world: World, seen: OpenStage, tmp_path: Path) -> None:
    buyer = world.buyer()
    world.report(
        world.event(buyer, "a#1", 3, tags={"team": "u"}),
        world.event(buyer, "u", 1, dimension="active_users", user="Ann"),
    )
    world.now = START + 30 * 86400
    world.report(world.event(buyer, "december", 1))
    rows = {row["id"]: row for row in exported(seen, tmp_path, "events")}
    assert set(rows) == {"a#1", "u"}
    assert (rows["a#1"]["tags"], rows["a#1"]["billedHour"]) == ({"team": "u"}, EIGHT)
    assert "Ann" not in json.dumps(rows)


def test_nothing_is_an_empty_file(seen: OpenStage, tmp_path: Path) -> None:
    for what in KINDS:
        assert exported(seen, tmp_path, what) == []


def test_standard_output_has_the_rows_alone(world: World, seen: OpenStage, capsys: pytest.CaptureFixture[str]) -> None:
    world.report(world.event(world.buyer(), "a", 3))
    capsys.readouterr()
    answer = export(seen, "records", NOVEMBER, "-")
    assert [json.loads(line)["counted"] for line in capsys.readouterr().out.splitlines()] == ["3"]
    assert answer.shown == ()


def test_an_export_that_breaks_off_leaves_no_file(
    world: World, seen: OpenStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> Any:
        yield {"customerIdentifier": "l-1"}
        raise KeyboardInterrupt

    world.buyer()
    monkeypatch.setitem(KINDS, "records", (RECORD, breaks))
    with pytest.raises(KeyboardInterrupt):
        export(seen, "records", NOVEMBER, str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"what": "everything"}, "records, lines, events"),
        ({"form": "xml"}, "jsonl or csv"),
        ({"month": "November"}, "no month"),
        ({"customer": "not a key"}, "no billing key"),
        ({"out": "/no/such/folder/out"}, "--out"),
    ],
)
def test_what_cannot_be_exported_is_refused(seen: OpenStage, given: dict[str, str], says: str) -> None:
    with pytest.raises(Refused, match=says):
        export(seen, **{"what": "records", "month": NOVEMBER, "out": "-", **given})


def test_columns_are_named_once() -> None:
    for columns in (RECORD, LINE, EVENT):
        assert len(set(columns)) == len(columns)
