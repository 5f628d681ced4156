"""A played month is restored from the archive into empty tables, equals the living ones, and is audited."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from archive.kept import ARCHIVED
from ledger import tables
from ledger.attribute_values import to_attributes
from local.dynamodb.store import MemoryDynamoDB
from ops.archive.archive_tables import archive_tables
from ops.archive.restore_archive import restore_archive
from ops.change import Change, carry_out
from ops.refused import Refused
from ops.stage import OpenStage
from stacks import stage as stages
from stacks import synth
from tests.ops.answers import AnswersOfAws
from tests.scenarios.archived import Archived
from tests.scenarios.test_conservation_audit import Played
from tests.scenarios.world import World
from tests.scenarios.world import world as new_world

NOVEMBER = {"first": "2026-11-01", "last": "2026-11-30", "suffix": "-november"}


class Operated:
    """The world's stage as ``ops`` reaches it: its tables in memory, and its archive."""

    def __init__(self, world: World, archived: Archived) -> None:
        self.memory = cast(MemoryDynamoDB, cast(Any, world.dynamodb))
        self.archived = archived
        self._aws = AnswersOfAws()
        self._aws.outputs["Archive"] = {"ArchiveBucketName": "archive"}
        bucket = archived.bucket
        self._aws.answers |= {
            ("s3", "put_object"): self._put,
            ("s3", "get_object"): bucket.get_object,
            ("s3", "list_objects_v2"): self._listed,
            ("dynamodb", "create_table"): self._make,
            ("dynamodb", "describe_table"): self._describe,
            ("dynamodb", "scan"): self._scan,
        }
        settings = replace(stages.load("local", folder=synth.ROOT / "stages"), suffix="")
        memory: Any = self.memory
        self.stage = OpenStage(settings=settings, aws=self._aws, dynamodb=memory, now=world.clock)

    def _listed(self, **request: Any) -> dict[str, Any]:
        pages = self.archived.bucket.paginate(**request)
        return {"Contents": [entry for page in pages for entry in page.get("Contents", ())]}

    def _put(self, **request: Any) -> dict[str, Any]:
        self.archived.bucket.put_object(**request)
        return {}

    def _make(self, **request: Any) -> dict[str, Any]:
        self.memory.create_table(**request)
        return {}

    def _describe(self, TableName: str) -> dict[str, Any]:
        self.memory.data(TableName, "DescribeTable")
        return {"Table": {"TableStatus": "ACTIVE"}}

    def _scan(self, TableName: str, Segment: int, TotalSegments: int, **_: Any) -> dict[str, Any]:
        items = list(self.items(TableName).values())
        return {"Items": [to_attributes(item) for item in items[Segment::TotalSegments]]}

    def items(self, name: str) -> dict[Any, Any]:
        return {key: row.item for key, row in self.memory.data(name, "Scan").rows.items()}

    def do(self, command: str, change: Change) -> list[str]:
        return list(carry_out(self.stage, command, change, why="a test", apply=True).data["said"])


@pytest.fixture
def played() -> Iterator[Played]:
    with new_world() as world:
        yield Played(world)


@pytest.fixture
def operated(played: Played) -> Operated:
    return Operated(played.world, played.archived)


def kept(table: tables.Table, items: dict[Any, Any]) -> dict[Any, Any]:
    """Items as the archive keeps them."""
    (rule,) = [each for each in ARCHIVED if each.table is table]
    found = {}
    for key, item in items.items():
        keys = {name.name: to_attributes(item)[name.name] for name in (table.hash, table.range) if name}
        if rule.keeps({"eventName": "INSERT", "dynamodb": {"Keys": keys}}):
            found[key] = rule.image(to_attributes(item))
    return found


def test_a_month_is_restored_as_it_was_and_adds_up(operated: Operated) -> None:
    living = {each.table: kept(each.table, operated.items(each.table.name)) for each in ARCHIVED}
    said = operated.do("restore-archive", restore_archive(operated.stage, **NOVEMBER))
    assert said[-1] == "0 differences", said
    for table, items in living.items():
        restored = operated.items(f"{table.name}-november")
        assert {key: to_attributes(item) for key, item in restored.items()} == items, table.name
    assert living[tables.USAGE_EVENTS] and living[tables.METERING_RECORDS] and living[tables.STATE]


def test_later_changes_of_the_living_tables_are_not_in_it(operated: Operated, played: Played) -> None:
    before = operated.items(tables.METERING_RECORDS.name)
    played.world.now += 30 * 86400
    played.world.report(played.world.event(played.plain, "december", 1))
    played.archived.drain()
    operated.do("restore-archive", restore_archive(operated.stage, **NOVEMBER))
    assert operated.items(f"{tables.METERING_RECORDS.name}-november") == before


def test_a_unit_that_is_missing_in_the_archive_is_found_in_the_restored_month(
    operated: Operated, played: Played
) -> None:
    key = {"customerIdentifier": played.plain, "eventId": "event#calls-0"}
    played.world.dynamodb.Table(tables.USAGE_EVENTS.name).delete_item(Key=key)
    played.archived.drain()
    said = operated.do("restore-archive", restore_archive(operated.stage, **NOVEMBER))
    assert said[-1] == "1 differences"
    assert said[1].startswith(f"{played.plain}: events of api_calls, 2026-11-15T08:00:00Z: 777 and 0"), said


def test_a_balance_that_was_changed_is_found_in_the_restored_month(operated: Operated, played: Played) -> None:
    played.world.dynamodb.Table(tables.STATE.name).update_item(
        Key={"customerIdentifier": played.plain, "item": "balance"},
        UpdateExpression="ADD #left :more",
        ExpressionAttributeNames={"#left": "remainder#api_calls"},
        ExpressionAttributeValues={":more": 5},
    )
    played.archived.drain()
    said = operated.do("restore-archive", restore_archive(operated.stage, **NOVEMBER))
    assert (said[-1], "balance of api_calls" in said[1]) == ("1 differences", True)


def test_tables_that_exist_are_not_written_over(operated: Operated) -> None:
    operated.do("restore-archive", restore_archive(operated.stage, **NOVEMBER))
    with pytest.raises(Refused, match=r"yawl-subscribers-november exists"):
        operated.do("restore-archive", restore_archive(operated.stage, **NOVEMBER))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"first": "November"}, "is no day"),
        ({"first": "2026-12-01"}, "no time of a year"),
        ({"first": "2024-11-01"}, "no time of a year"),
        ({"suffix": ""}, "would not make other names"),
        ({"suffix": "november"}, "would not make other names"),
    ],
)
def test_what_cannot_be_restored_is_refused(operated: Operated, changed: dict[str, str], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        restore_archive(operated.stage, **{**NOVEMBER, **changed})


def test_a_stage_without_an_archive_is_refused(operated: Operated) -> None:
    operated._aws.outputs.clear()
    with pytest.raises(Refused, match="make deploy STAGE=local"):
        archive_tables(operated.stage)


# --- the tables, copied -----------------------------------------------------------------------------------------------


def test_a_gap_of_the_archive_is_closed_by_a_copy_of_the_tables(operated: Operated, played: Played) -> None:
    """All of a table's objects are lost; afterwards the month is restored as it is."""
    bucket = played.archived.bucket
    lost = [key for key in bucket.objects if key.startswith("table=yawl-usage-events/")]
    for key in lost:
        del bucket.objects[key]
    assert played.found() != set()
    assert operated.do("archive-tables", archive_tables(operated.stage, segments=3))
    restored = operated.do("restore-archive", restore_archive(operated.stage, **NOVEMBER))
    assert restored[-1] == "0 differences", restored
    living = kept(tables.USAGE_EVENTS, operated.items(tables.USAGE_EVENTS.name))
    found = operated.items(f"{tables.USAGE_EVENTS.name}-november")
    assert {key: to_attributes(item) for key, item in found.items()} == living
    assert played.found() == set()


def test_a_copy_changes_nothing_where_the_archive_is_complete(operated: Operated, played: Played) -> None:
    before = played.found()
    operated.do("archive-tables", archive_tables(operated.stage, table=[tables.METERING_RECORDS.name]))
    played.world.now += 60
    operated.do("archive-tables", archive_tables(operated.stage))
    assert played.found() == before == set()


def test_nothing_is_copied_without_apply(operated: Operated) -> None:
    before = dict(operated.archived.bucket.objects)
    answer = carry_out(operated.stage, "archive-tables", archive_tables(operated.stage), why="", apply=False)
    assert answer.data["applied"] is False
    assert operated.archived.bucket.objects == before
