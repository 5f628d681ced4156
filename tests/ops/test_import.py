"""Usage from CSV files: each row is recorded once, and what is not recorded is named with its line."""

import csv
import json
import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger import tables
from marketplace.hour import SECONDS
from ops.answer import Answer
from ops.month import import_usage as importing
from ops.month.foresee import foresee
from ops.month.import_usage import TRIES
from ops.month.usage_file import Rejected, UsageFile
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import iso
from tests.ops.answers import AnswersOfAws
from tests.ops.test_reading import printed
from tests.ops.test_repairing import COMMANDS, audited, everything
from tests.scenarios.world import START, World
from yawl_metering.spool import Event
from yawl_metering.transport import Outcome, Unavailable, outcome_of
from yawl_metering.transport import Rejected as WholeRequestRejected

HEADER = "id,customerIdentifier,dimension,quantity,occurredAt,user,source,tags"
EIGHT = iso(START)


class Api:
    """POST /usage of the world, with answers that come before its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.first: list[Outcome] = []
        self.lost = 0
        self.sizes: list[int] = []

    def send(self, events: Sequence[Event]) -> Outcome:
        if self.first:
            return self.first.pop(0)
        self.sizes.append(len(events))
        verdicts = self._world.report(*(json.loads(event.text, parse_float=Decimal) for event in events))
        if self.lost:
            self.lost -= 1
            return Unavailable("ReadTimeoutError")
        return outcome_of(200, {}, json.dumps({"verdicts": verdicts}).encode(), len(events))


@pytest.fixture
def api(world: World, aws: AnswersOfAws, monkeypatch: pytest.MonkeyPatch) -> Api:
    aws.outputs["Doors"] = {"ApiUrl": "https://api/v1"}
    made = Api(world)
    monkeypatch.setattr(importing, "connect", lambda *_: made)
    monkeypatch.setattr(importing.send, "__defaults__", (lambda _: None,))
    return made


def file(folder: Path, *lines: str, name: str = "usage.csv", header: str = HEADER) -> str:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return str(path)


def run(stage: OpenStage, path: str, *, apply: bool = True, **more: Any) -> Answer:
    return COMMANDS["import"].run(stage, file=path, apply=apply, why="a test" if apply else "", **more)


def outcome(stage: OpenStage) -> dict[str, int]:
    """What the last import came to, by the audit trail."""
    items = [i for i in stage.table(tables.AUDIT).scan()["Items"] if str(i["item"]).endswith("#outcome")]
    (last,) = sorted(items, key=lambda item: str(item["item"]))[-1:]
    change: Any = last["change"]
    return {name: int(number) for name, number in change["outcome"].items()}


def events(world: World) -> dict[str, Decimal]:
    found = {}
    for item in world.dynamodb.Table(tables.USAGE_EVENTS.name).scan()["Items"]:
        stored: Any = item
        if stored["eventId"].startswith("event#"):
            found[stored["eventId"]] = stored["counted"]
    return found


# --- what is recorded -------------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_each_row_would_become_and_changes_nothing(
    world: World, seen: OpenStage, api: Api, tmp_path: Path
) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "known", 2), world.event(buyer, "other", 2))
    world.now = START + 3 * SECONDS
    here = iso(world.now)
    path = file(
        tmp_path,
        f"a,{buyer},workflow_executions,1,{here},,,",
        f"b,{buyer},workflow_executions,1,{EIGHT},,,",
        f"known,{buyer},workflow_executions,2,{EIGHT},,scenario,",
        f"other,{buyer},workflow_executions,3,{EIGHT},,scenario,",
        f"c,{buyer},nothing,1,{here},,,",
        f"d,{buyer},workflow_executions,-1,{here},,,",
        f"e,{buyer},workflow_executions,1,2026-09-01T00:00:00Z,,,",
        f"f,l-nobody,workflow_executions,1,{here},,,",
        f"g,{buyer},active_users,,{here},,,",
    )
    before = everything(seen)
    answer = run(seen, path, apply=False)
    assert everything(seen) == before
    assert answer.data["change"]["foreseen"] == {
        "bad_quantity": 1,
        "duplicate": 1,
        "id_reused": 1,
        "late": 1,
        "recorded": 1,
        "too_old": 1,
        "unknown_customer": 1,
        "unknown_dimension": 1,
        "user_required": 1,
    }
    assert api.sizes == []
    # The API says the same, and does not tell late rows from others.
    run(seen, path)
    foreseen = Counter(answer.data["change"]["foreseen"])
    foreseen["recorded"] += foreseen.pop("late")
    assert outcome(seen) == foreseen
    assert audited(seen, "#stage")[0] == ("import", "usage.csv", "a test")


def test_a_file_is_recorded_once_however_often_and_in_whatever_order(
    world: World, seen: OpenStage, api: Api, tmp_path: Path
) -> None:
    """Rows without ids, some of them equal: each counts, once."""
    buyer = world.buyer()
    rows = [f"{buyer},workflow_executions,{quantity},{EIGHT}" for quantity in (1, 1, 1, 2, 3)]
    header = "customerIdentifier,dimension,quantity,occurredAt"
    run(seen, file(tmp_path, *rows, header=header))
    assert outcome(seen) == {"recorded": 5}
    random.Random(1).shuffle(rows)
    world.now += 1
    run(seen, file(tmp_path, *rows, header=header, name="moved.csv"))
    assert outcome(seen) == {"duplicate": 5}
    # Another spelling of the same numbers and times is the same row.
    world.now += 1
    again = [row.replace(",1,", ",1.0,").replace("Z", "+00:00") for row in rows]
    run(seen, file(tmp_path, *again, header=header, name="again.csv"))
    assert outcome(seen) == {"duplicate": 5}
    world.next_run()
    assert world.billed(buyer) == 8


def test_another_source_does_not_record_a_row_again(world: World, seen: OpenStage, api: Api, tmp_path: Path) -> None:
    buyer = world.buyer()
    path = file(tmp_path, f",{buyer},workflow_executions,1,{EIGHT},,,")
    run(seen, path)
    world.now += 1
    run(seen, path, source="other")
    assert outcome(seen) == {"id_reused": 1}


def test_a_row_has_its_user_its_source_and_its_tags(world: World, seen: OpenStage, api: Api, tmp_path: Path) -> None:
    buyer = world.buyer()
    path = file(
        tmp_path,
        f"u,{buyer},active_users,,{EIGHT},Ann Lee,hr,",
        f't,{buyer},workflow_executions,2,{EIGHT},,,"{{""team"": ""a,b"", ""x"": ""1""}}"'.replace("a,b", "ab"),
    )
    run(seen, path)
    assert outcome(seen) == {"recorded": 2}
    stored = {item["eventId"]: item for item in world.dynamodb.Table(tables.USAGE_EVENTS.name).scan()["Items"]}
    content: Any = stored["event#u"]["content"]
    assert (content["source"], "userHash" in content) == ("hr", True)
    content = stored["event#t"]["content"]
    assert (content["source"], content["tags"]) == ("import", {"team": "ab", "x": "1"})


# --- interrupted, refused, repeated -----------------------------------------------------------------------------------


def test_an_answer_that_is_lost_is_asked_for_again_and_counts_once(
    world: World, seen: OpenStage, api: Api, tmp_path: Path
) -> None:
    buyer = world.buyer()
    api.lost = 2
    run(seen, file(tmp_path, *(f",{buyer},workflow_executions,{n},{EIGHT},,," for n in range(1, 4))))
    assert outcome(seen) == {"duplicate": 3}
    world.next_run()
    assert world.billed(buyer) == 6


def test_an_import_that_breaks_off_is_repeated(
    world: World, seen: OpenStage, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = world.buyer()
    path = file(tmp_path, *(f",{buyer},workflow_executions,1,{EIGHT},,," for _ in range(250)))
    sent = api.send

    def breaks(batch: Sequence[Event]) -> Outcome:
        if len(api.sizes) == 2:
            raise KeyboardInterrupt
        return sent(batch)

    monkeypatch.setattr(api, "send", breaks)
    with pytest.raises(KeyboardInterrupt):
        run(seen, path)
    assert (api.sizes, outcome(seen)) == ([100, 100], {"recorded": 200})
    monkeypatch.setattr(api, "send", sent)
    world.now += 1
    run(seen, path)
    assert outcome(seen) == {"duplicate": 200, "recorded": 50}
    assert len(events(world)) == 250


def test_an_api_that_does_not_answer_is_tried_again_then_named(
    world: World, seen: OpenStage, api: Api, tmp_path: Path
) -> None:
    path = file(tmp_path, f",{world.buyer()},workflow_executions,1,{EIGHT},,,")
    api.first = [Unavailable("HTTP 503", after=3)] * TRIES
    with pytest.raises(Refused, match=r"HTTP 503\): run the same command again"):
        run(seen, path)
    assert events(world) == {}


def test_of_a_request_that_is_refused_as_a_whole_each_event_is_sent_alone() -> None:
    answered: list[int] = []

    def post(batch: Sequence[Event]) -> Outcome:
        answered.append(len(batch))
        if len(batch) > 1 or batch[0].id == "b":
            return WholeRequestRejected("bad_json", "cannot be read")
        return outcome_of(200, {}, json.dumps({"verdicts": [{"id": "a", "verdict": "recorded"}]}).encode(), 1)

    made = [Event(number=n, customer="l-1", id=name, text="{}", at=0.0) for n, name in enumerate("ab")]
    said = [verdict for _, verdict in importing._sent(made, post, lambda _: None)]
    assert (said, answered) == (["recorded", Rejected("bad_json", "cannot be read")], [2, 1, 1])


def test_a_busy_customer_is_sent_again() -> None:
    busy = {"id": "a", "verdict": "retry_later", "reason": "busy", "message": "later"}
    answers = [[busy, {"id": "b", "verdict": "recorded"}], [{"id": "a", "verdict": "recorded"}]]
    pauses: list[float] = []

    def post(batch: Sequence[Event]) -> Outcome:
        return outcome_of(200, {}, json.dumps({"verdicts": answers.pop(0)}).encode(), len(batch))

    made = [Event(number=n, customer="l-1", id=name, text="{}", at=0.0) for n, name in enumerate("ab")]
    said = {event.id: verdict for event, verdict in importing._sent(made, post, pauses.append)}
    assert (said, pauses) == ({"a": "recorded", "b": "recorded"}, [1.0])


def test_rejects_are_written_with_reasons_and_can_be_corrected(
    world: World, seen: OpenStage, api: Api, tmp_path: Path
) -> None:
    buyer = world.buyer()
    good, bad = f",{buyer},workflow_executions,1,{EIGHT},,,", f",{buyer},workflow_executions,one,{EIGHT},,,"
    rejects = str(tmp_path / "rejects.csv")
    told = printed(run(seen, file(tmp_path, good, bad), rejects=rejects))
    assert "bad_quantity (lines 3)" in told
    with Path(rejects).open(encoding="utf-8") as opened:
        (row,) = csv.DictReader(opened)
    assert (row["line"], row["reason"], row["quantity"]) == ("3", "bad_quantity", "one")
    assert row["id"].startswith("rejected-"), "corrected, it must be another event than the equal row that was recorded"
    Path(rejects).write_text(Path(rejects).read_text(encoding="utf-8").replace(",one,", ",1,"), encoding="utf-8")
    world.now += 1
    run(seen, rejects)
    assert outcome(seen) == {"recorded": 1}
    world.next_run()
    assert world.billed(buyer) == 2


def test_a_row_that_must_wait_keeps_its_id_among_the_rejects(
    world: World, seen: OpenStage, api: Api, tmp_path: Path
) -> None:
    path = file(tmp_path, f",l-nobody,workflow_executions,1,{EIGHT},,,")
    rejects = str(tmp_path / "rejects.csv")
    run(seen, path, rejects=rejects, apply=False)
    (row,) = UsageFile.open(path).rows(seen.settings.dimensions, "import", world.now)
    (kept,) = UsageFile.open(rejects).rows(seen.settings.dimensions, "import", world.now)
    assert row.event is not None
    assert kept.event is not None
    assert kept.event.id == row.event.id


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("utf-8", ";")]
)
def test_files_of_spreadsheets_are_read(seen: OpenStage, tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "usage.csv"
    header = delimiter.join(["customerIdentifier", "dimension", "quantity", "occurredAt", "user"])
    line = delimiter.join(["l-1", "workflow_executions", " 2 ", EIGHT, '"Zoë ""Z"" Ü"'])
    path.write_bytes(f"{header}\r\n{line}\r\n\r\n".encode(encoding))
    (row,) = UsageFile.open(str(path)).rows(seen.settings.dimensions, "import", START)
    assert row.event is not None, row.rejected
    assert (row.line, row.event.quantity, row.event.user) == (2, 2, 'Zoë "Z" Ü')


def test_a_row_over_several_lines_is_named_by_its_first(seen: OpenStage, tmp_path: Path) -> None:
    path = file(tmp_path, f'a,l-1,workflow_executions,1,{EIGHT},"two\nlines",,', f"b,l-1,nothing,1,{EIGHT},,,")
    found = list(UsageFile.open(path).rows(seen.settings.dimensions, "import", START))
    assert [row.line for row in found] == [2, 4]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no column customerIdentifier"),
        (b"customerIdentifier,dimension\n", "no column occurredAt"),
        (b"customerIdentifier,dimension,occurredAt,price\n", "unknown column 'price'"),
        (b"customerIdentifier,dimension,occurredAt,id,id\n", "two columns id"),
        (b"customerIdentifier,dimension,occurredAt\nZo\xeb,a,b\n", "line 2: the text is not UTF-8"),
        (b'customerIdentifier,dimension,occurredAt\n"a"b,c,d\n', "line 2.*mend the quotes"),
    ],
)
def test_what_is_no_csv_of_usage_is_refused(
    seen: OpenStage, api: Api, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "usage.csv"
    path.write_bytes(content)
    with pytest.raises(Refused, match=says):
        run(seen, str(path), apply=False)
    with pytest.raises(Refused, match="can be read"):
        run(seen, str(tmp_path / "missing.csv"), apply=False)


def test_a_row_with_other_cells_than_the_header_is_rejected(seen: OpenStage, tmp_path: Path) -> None:
    path = file(tmp_path, "a,l-1,workflow_executions,1,5", f"a,l-1,workflow_executions,1,{EIGHT},,,,more")
    found = list(foresee(seen, UsageFile.open(path).rows(seen.settings.dimensions, "import", START)))
    assert [verdict.reason for _, verdict in found if isinstance(verdict, Rejected)] == ["bad_row", "bad_row"]


def test_rejects_that_cannot_be_written_are_named(seen: OpenStage, api: Api, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="--rejects"):
        run(seen, file(tmp_path), apply=False, rejects=str(tmp_path / "no-folder" / "rejects.csv"))
