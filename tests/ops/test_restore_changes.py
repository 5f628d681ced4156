"""``ops restore-changes`` over the archive of a played ledger: what it takes over, leaves, refuses and writes down."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from ledger import tables
from ledger.pauses import STAGE, Pause
from ledger.transaction import write
from marketplace.metering_calls import MeteringCalls
from ops.restore import restore_changes
from ops.stage import OpenStage
from runtime.clock import from_iso, iso
from tests.ops.answers import AnswersOfAws
from tests.ops.test_repairing import audited, done, refuses
from tests.scenarios.archived import Archived
from tests.scenarios.books import Audits
from tests.scenarios.world import START, World

RUNS, CALLS = "workflow_executions", "api_calls"


@dataclass
class Rewound:
    """A ledger that was rewound. customer: has one event before the restored moment ``since`` and others after it,
    until ``before``; its hour was billed meanwhile. whole: its tables before the damage."""

    customer: str
    since: str
    before: str
    whole: dict[str, dict[Any, Any]]
    archived: Archived


def in_tables(world: World) -> dict[str, dict[Any, Any]]:
    """What decides money, by table and key; pauses and tallies of runs are none of it."""
    memory: Any = world.dynamodb
    return {
        table.name: {
            key: dict(row.item)
            for key, row in memory.data(table.name, "Scan").rows.items()
            if row.item["customerIdentifier"] != tables.PAUSED and row.item.get("item") != "tally"
        }
        for table in (tables.USAGE_EVENTS, tables.METERING_RECORDS, tables.STATE, tables.SUBSCRIBERS)
    }


@pytest.fixture
def rewind(world: World, seen: OpenStage, aws: AnswersOfAws, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Rewound]:
    """Plays and rewinds; ``lost``: a part of the keys of archived objects that are lost. ``busy``: Marketplace does
    not answer, so that the sealed hour stays pending."""
    audits = Audits(world)
    monkeypatch.setattr(MeteringCalls, "connect", lambda *_: audits.books.calls)
    archived = Archived(world)

    def play(lost: str = "no object", *, busy: bool = False) -> Rewound:
        customer = world.buyer()
        world.report(world.event(customer, "a", 5), world.event(customer, "b", 990, dimension=CALLS))
        world.now += 180
        memory: Any = world.dynamodb
        rows = {name: dict(data.rows) for name, data in memory._tables.items()}
        since = iso(int(world.now))
        world.now += 180
        world.report(world.event(customer, "c", 20, dimension=CALLS))
        if busy:
            world.marketplace.arm("server-error", times=40)
        world.next_run()
        world.marketplace.clear_faults()
        world.report(world.event(customer, "d", 3))
        assert (world.billed(customer), world.billed(customer, CALLS)) == ((0, 0) if busy else (5, 1))
        whole, before = in_tables(world), iso(int(world.now))
        archived.drain()
        world.now += 180
        for name, kept in rows.items():
            data = memory._tables[name]
            data.clear()
            for key, row in kept.items():
                data.commit(key, row)
        archived.bucket.objects = {key: body for key, body in archived.bucket.objects.items() if lost not in key}
        aws.outputs["Archive"] = {"ArchiveBucketName": "archive"}
        aws.answers |= {
            ("s3", "get_object"): archived.bucket.get_object,
            ("s3", "list_objects_v2"): lambda **request: {
                "Contents": [each for page in archived.bucket.paginate(**request) for each in page.get("Contents", ())]
            },
        }
        paused(world, 40)
        return Rewound(customer, since, before, whole, archived)

    return play


def paused(world: World, minutes: int) -> None:
    write(world.dynamodb.meta.client, [world.pauses.pause(STAGE, Pause(world.now - minutes * 60, "ana", "a restore"))])


def resume(world: World) -> None:
    write(world.dynamodb.meta.client, [world.pauses.resume(STAGE, world.pauses.read().pauses[STAGE])])


def test_a_complete_archive_gives_back_the_ledger_as_it_was(
    world: World, seen: OpenStage, rewind: Callable[..., Rewound]
) -> None:
    played = rewind()
    said = done(seen, "restore-changes", played.since, played.before)
    assert f"--caught-up {played.before}" in " ".join(said.split())
    assert in_tables(world) == played.whole
    entries = [command for command, *_ in audited(seen, "#stage")]
    assert entries == ["restore-changes"] * 2, "what was asked, and what came of it"
    again = done(seen, "restore-changes", played.since, played.before)
    assert "0 items of 0 customers are newer" in " ".join(again.split())


def test_the_fence_behind_it_closes_nothing_that_is_known_and_the_rest_is_billed_once(
    world: World, seen: OpenStage, rewind: Callable[..., Rewound]
) -> None:
    played = rewind()
    done(seen, "restore-changes", played.since, played.before)
    said = done(seen, "restore-fence", played.since, caught_up=played.before)
    assert "0 customers are fenced" in said
    resume(world)
    world.next_run()
    assert (world.billed(played.customer), world.billed(played.customer, CALLS)) == (8, 1)
    assert world.balances.get(played.customer).remainder[CALLS] == Decimal(10)


def test_an_hour_that_was_sealed_before_the_damage_is_sent_as_it_was_sealed(
    world: World, seen: OpenStage, rewind: Callable[..., Rewound]
) -> None:
    played = rewind(busy=True)
    done(seen, "restore-changes", played.since, played.before)
    assert world.record(played.customer, START).state == "sealed"
    assert "0 customers are fenced" in done(seen, "restore-fence", played.since, caught_up=played.before)
    resume(world)
    for _ in range(2):
        world.next_run()
    assert (world.billed(played.customer), world.billed(played.customer, CALLS)) == (8, 1)


def test_the_fence_takes_no_moment_of_the_archive_before_the_restored_one(
    world: World, seen: OpenStage, rewind: Callable[..., Rewound]
) -> None:
    played = rewind()
    early = iso(from_iso(played.since) - 1)
    assert "--caught-up is a moment after" in refuses(seen, "restore-fence", played.since, caught_up=early)
    assert "--caught-up is a moment after" in refuses(seen, "restore-fence", played.since, caught_up=iso(world.now + 1))


@pytest.mark.parametrize(
    "table", [tables.STATE, tables.METERING_RECORDS, tables.USAGE_EVENTS], ids=lambda each: each.name
)
def test_what_does_not_add_up_is_left_by_name_and_fenced(
    world: World, seen: OpenStage, rewind: Callable[..., Rewound], table: tables.Table
) -> None:
    """Without the balance's change, say, a sealed hour's leftovers would be billed again."""
    played = rewind(lost=f"table={table.name}/")
    said = " ".join(done(seen, "restore-changes", played.since, played.before).split())
    assert played.customer in said
    assert "later changes do not add up" in said
    done(seen, "restore-fence", played.since, caught_up=played.before)
    resume(world)
    for _ in range(2):
        world.next_run()
    billed = world.billed(played.customer), world.billed(played.customer, CALLS)
    assert billed[1] == 1, "1,010 calls are one unit"
    assert billed[0] in (5, 8), "what was recorded in the last minutes is there, or lost"


def test_a_later_state_is_never_replaced_by_an_older_one(
    world: World, seen: OpenStage, rewind: Callable[..., Rewound]
) -> None:
    played = rewind()
    done(seen, "restore-changes", played.since, played.before)
    kept = in_tables(world)
    early = iso(int(from_iso(played.since)) + 181)
    done(seen, "restore-changes", played.since, early)
    assert in_tables(world) == kept


def test_contact_data_stays_and_a_notice_since_the_restore_wins(
    world: World, seen: OpenStage, rewind: Callable[..., Rewound]
) -> None:
    played = rewind()
    table = world.subscriber_items
    item: Any = table.get_item(Key={"customerIdentifier": played.customer})["Item"]
    image = {
        **item,
        "version": item.get("version", 0) + 1,
        "lastNoticeAt": "2026-11-15T09:00:00Z",
        "updatedAt": played.since,
    }
    stored = {**item, "email": "a@example.com"}
    world.now = from_iso(played.before)
    table.put_item(Item=image)
    played.archived.drain()
    world.now += 600
    table.put_item(Item=stored)
    done(seen, "restore-changes", played.since, played.before)
    found: Any = table.get_item(Key={"customerIdentifier": played.customer})["Item"]
    assert (found["lastNoticeAt"], found["email"]) == ("2026-11-15T09:00:00Z", "a@example.com")
    table.put_item(Item={**stored, "updatedAt": iso(int(world.now))})
    said = done(seen, "restore-changes", played.since, played.before)
    assert "a notice has changed the subscriber" in " ".join(said.split())
    assert table.get_item(Key={"customerIdentifier": played.customer})["Item"].get("lastNoticeAt") == item.get(
        "lastNoticeAt"
    )


def test_what_the_damage_itself_wrote_is_not_taken(
    world: World, seen: OpenStage, rewind: Callable[..., Rewound]
) -> None:
    played = rewind()
    key: Any = {"customerIdentifier": played.customer, "timestamp": int(START)}
    damaged = world.dynamodb.Table(tables.METERING_RECORDS.name)
    item: Any = damaged.get_item(Key=key)["Item"]
    damaged.put_item(Item={**item, "version": Decimal(99)})
    damaged.delete_item(Key=key)
    damaged.put_item(Item=item)
    played.archived.drain()
    done(seen, "restore-changes", played.since, played.before)
    assert in_tables(world) == played.whole


def test_an_archived_pause_does_not_bring_back_one_that_was_lifted(
    world: World, seen: OpenStage, rewind: Callable[..., Rewound]
) -> None:
    played = rewind()
    world.now = from_iso(played.before)
    for name in ("lifted", "standing"):
        write(world.dynamodb.meta.client, [world.pauses.pause(name, Pause(world.now, "ana", "a test"))])
    write(world.dynamodb.meta.client, [world.pauses.resume("lifted", world.pauses.read().pauses["lifted"])])
    played.archived.drain()
    write(world.dynamodb.meta.client, [world.pauses.resume("standing", world.pauses.read().pauses["standing"])])
    world.now += 600
    done(seen, "restore-changes", played.since, played.before)
    assert set(world.pauses.read().pauses) == {STAGE, "standing"}


def test_more_hours_than_a_transaction_takes_are_left_as_they_are(
    world: World, seen: OpenStage, rewind: Callable[..., Rewound], monkeypatch: pytest.MonkeyPatch
) -> None:
    played = rewind()
    monkeypatch.setattr(restore_changes, "MAX_OPERATIONS", 1)
    assert "more than 1 hours have changed" in " ".join(
        done(seen, "restore-changes", played.since, played.before).split()
    )


def test_it_is_refused_for_moments_that_are_none_and_while_lines_may_be_sent(
    world: World, seen: OpenStage, rewind: Callable[..., Rewound]
) -> None:
    played = rewind()
    assert "is no moment" in refuses(seen, "restore-changes", "yesterday", played.before)
    assert "in this order" in refuses(seen, "restore-changes", played.before, played.since)
    assert "in this order" in refuses(seen, "restore-changes", played.since, iso(world.now + 60))
    resume(world)
    assert "must be paused" in refuses(seen, "restore-changes", played.since, played.before)
