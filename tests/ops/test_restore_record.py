"""``ops restore-record``: a record that cannot be read is put back as the archive has it, and no other."""

from typing import Any

import pytest

from ledger import tables
from ops.stage import OpenStage
from tests.ops.answers import AnswersOfAws
from tests.ops.test_repairing import EIGHT, audited, done, refuses
from tests.scenarios.archived import Archived
from tests.scenarios.world import START, World


@pytest.fixture
def archived(world: World, seen: OpenStage, aws: AnswersOfAws) -> Archived:
    made = Archived(world)
    aws.outputs["Archive"] = {"ArchiveBucketName": "archive"}
    aws.answers |= {
        ("s3", "get_object"): made.bucket.get_object,
        ("s3", "list_objects_v2"): lambda **request: {
            "Contents": [each for page in made.bucket.paginate(**request) for each in page.get("Contents", ())]
        },
    }
    return made


def damage(world: World, customer: str, **attributes: Any) -> None:
    table = world.dynamodb.Table(tables.METERING_RECORDS.name)
    item: Any = table.get_item(Key={"customerIdentifier": customer, "timestamp": int(START)})["Item"]
    table.put_item(Item={**item, **attributes})


@pytest.mark.parametrize(
    "attributes",
    [{"version": "one"}, {"counted#workflow_executions#2026-11": "2"}, {"lines": "none"}, {"counted#broken": 1}],
    ids=["version", "counter", "lines", "name of a counter"],
)
def test_it_is_put_back_and_billed_once(
    world: World, seen: OpenStage, archived: Archived, attributes: dict[str, Any]
) -> None:
    customer = world.buyer()
    other = world.buyer()
    world.report(world.event(customer, "a", 2), world.event(customer, "b", 3), world.event(other, "c", 7))
    damage(world, customer, **attributes)
    archived.drain()
    world.next_run()
    assert (world.billed(customer), world.billed(other)) == (0, 7)
    said = " ".join(done(seen, "restore-record", f"{customer}/{EIGHT}").split())
    assert "It is as the archive has it" in said
    assert audited(seen, customer) == [("restore-record", f"{customer}/{EIGHT}", "a reason")]
    world.next_run()
    assert world.billed(customer) == 5
    assert "can be read" in refuses(seen, "restore-record", f"{customer}/{EIGHT}")


def test_a_record_that_can_be_read_or_is_not_there_is_left_alone(
    world: World, seen: OpenStage, archived: Archived
) -> None:
    customer = world.buyer()
    assert "there is no such record" in refuses(seen, "restore-record", f"{customer}/{EIGHT}")
    world.report(world.event(customer, "a", 2))
    assert "can be read" in refuses(seen, "restore-record", f"{customer}/{EIGHT}")
    damage(world, customer, state=5, version="x")
    assert "has no state of it that can be read" in refuses(seen, "restore-record", f"{customer}/{EIGHT}")
