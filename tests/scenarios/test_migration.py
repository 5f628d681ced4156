"""A legacy customer becomes its licence's at the start of an hour, and back: no hour both ways, no retry twice."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from buyer.registration.changes import superseded_change
from ops.commands import CHANGING
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import iso
from stacks import stage as stages
from tests.ops.answers import AnswersOfAws
from tests.products import selling
from tests.scenarios.final_metering import FinalMetering
from tests.scenarios.noticed import DAY, HOUR, MINUTE, Noticed
from tests.scenarios.world import PRODUCT, START, World
from tests.scenarios.world import world as new_world

MIGRATE = next(command for command in CHANGING if command.name == "migrate")
SWITCH = START + 2 * HOUR


class Migration:
    """A world with one legacy customer, and the operator's command."""

    def __init__(self, world: World) -> None:
        self.world, self.stage = world, Noticed(world)
        settings = stages.load("local", folder=Path(__file__).resolve().parents[2] / "stages")
        settings = selling(
            replace(settings, suffix="", movable_clock=False),
            code=PRODUCT,
            pricing_model=world.pricing_model,
            dimensions=world.dimensions,
        )
        self.open = OpenStage(settings=settings, aws=AnswersOfAws(), dynamodb=world.dynamodb, now=world.clock)
        self.buyer = self.stage.buys("legacy", at=START - DAY)
        world.now = START
        self.stage.deliver(self.buyer)
        world.change(
            self.old,
            customerAWSAccountId=self.buyer["accountId"],
            agreementId=self.buyer["agreementId"],
            productCode=PRODUCT,
        )
        world.now += 20 * MINUTE
        self.stage.search()

    @property
    def old(self) -> str:
        return str(self.buyer["id"])

    @property
    def arn(self) -> str:
        return str(self.buyer["licenseArn"])

    @property
    def new(self) -> str:
        return self.arn.rsplit(":", 1)[1]

    def migrate(self, key: str = "", **given: Any) -> None:
        MIGRATE.run(self.open, customer=key or self.old, **given, apply=True, why="CA")

    def forward(self, at: float = SWITCH) -> None:
        self.migrate(to=self.arn, at=iso(at))

    def refuses(self, code: str, key: str = "", **given: Any) -> None:
        with pytest.raises(Refused, match=code):
            self.migrate(key, **given)

    def use(self, key: str, event_id: str, quantity: int = 1, **changes: Any) -> str:
        (verdict,) = self.world.report(self.world.event(key, event_id, quantity, **changes))
        return " ".join(filter(None, (verdict["verdict"], verdict.get("hour", "")[11:13], verdict.get("reason", ""))))

    def finish(self, key: str, at: float) -> None:
        FinalMetering(self.world, key, end=at).run()

    def row(self, key: str) -> Any:
        found = self.world.subscribers.get(key)
        assert found is not None
        return found


@pytest.fixture
def migration() -> Iterator[Migration]:
    with new_world(integration="mixed") as world:
        yield Migration(world)


def sent(world: World) -> list[tuple[str, str, str]]:
    """(identity, hour, quantity) of every line of BatchMeterUsage, as it was sent."""
    found = []
    for body in world.requests:
        for record in json.loads(body)["UsageRecords"]:
            kind = "licence" if "LicenseArn" in record else "legacy"
            quantity = str(record.get("Quantity", record.get("QuantityAsDecimal")))
            found.append((kind, iso(record["Timestamp"])[11:13], quantity))
    return sorted(set(found))


def test_hours_before_the_switch_are_legacy_and_hours_from_it_on_the_licences(migration: Migration) -> None:
    world = migration.world
    migration.forward()
    assert migration.use(migration.old, "a", 2) == "recorded 08"
    world.now = SWITCH - 5 * MINUTE
    assert migration.use(migration.old, "b", 3) == "recorded 09"
    assert migration.use(migration.new, "c", 4) == "recorded 09", "the app may name the new key early"
    world.now = SWITCH + 5 * MINUTE
    assert migration.use(migration.old, "late", 5, occurredAt=iso(SWITCH - MINUTE)) == "recorded 09"
    assert migration.use(migration.old, "d", 6) == "recorded 10", "or the old one late"
    assert migration.use(migration.new, "e", 7) == "recorded 10"
    world.now = SWITCH + 10 * MINUTE
    world.run()
    assert migration.use(migration.old, "f", 8, occurredAt=iso(SWITCH - MINUTE)) == "recorded 10"
    migration.finish(migration.old, SWITCH)
    assert migration.row(migration.old).status == "cancelled"
    world.next_run(hours=2)
    assert sent(world) == [("legacy", "08", "2"), ("legacy", "09", "12"), ("licence", "10", "21")]
    assert world.marketplace.summary()["billedTwice"] == 0


def test_a_retry_around_the_switch_counts_once(migration: Migration) -> None:
    world = migration.world
    migration.forward()
    world.now = SWITCH - 5 * MINUTE
    first = world.event(migration.old, "a", 3)
    world.report(first)
    world.now = SWITCH + 5 * MINUTE
    for key in (migration.old, migration.new):
        assert world.report(first | {"customerIdentifier": key})[0]["verdict"] == "duplicate"
    migration.use(migration.old, "b", 2)
    repeat = world.event(migration.new, "b", 2)
    assert world.report(repeat)[0]["verdict"] == "duplicate"
    migration.finish(migration.old, SWITCH)
    world.next_run(hours=2)
    assert sum(int(quantity) for _, _, quantity in sent(world)) == 5


def test_what_is_left_over_moves_at_the_switch(migration: Migration) -> None:
    world = migration.world
    migration.use(migration.old, "a", 700, dimension="api_calls")
    migration.forward()
    world.now = SWITCH + 10 * MINUTE
    world.run()
    migration.use(migration.old, "b", 400, dimension="api_calls")
    migration.finish(migration.old, SWITCH)
    world.next_run(hours=2)
    assert sent(world) == [("licence", "10", "1")]
    assert world.balances.get(migration.new).remainder == {"api_calls": 100}


def test_an_hour_that_is_another_keys_is_never_sent(migration: Migration) -> None:
    """Whatever opened it: the sealer knows whose hour it is."""
    world = migration.world
    migration.use(migration.old, "a", 2)
    migration.forward()
    units = {("workflow_executions", "2026-11"): Decimal(5)}
    operation = world.records.add(migration.old, int(SWITCH), units, exists=False, now=world.now)
    world.records.write(operation)
    world.now = SWITCH + HOUR + 10 * MINUTE
    world.run()
    assert world.record(migration.old, SWITCH).state == "open"
    assert all(hour != "10" for _, hour, _ in sent(world))


def test_a_planned_switch_can_be_taken_back(migration: Migration) -> None:
    world = migration.world
    before = migration.row(migration.old)
    migration.forward()
    migration.migrate(undo=True)
    after = migration.row(migration.old)
    assert (after.status, after.active_periods, after.chain) == (before.status, before.active_periods, before.chain)
    assert after.accepts_until is None
    licence = migration.row(migration.new)
    assert (licence.superseded_by, licence.active_periods, licence.previous_identifier) == (migration.old, (), None)
    world.now = SWITCH + 5 * MINUTE
    assert migration.use(migration.old, "a", 2) == "recorded 10"
    world.next_run()
    assert sent(world) == [("legacy", "10", "2")]
    migration.forward(SWITCH + 3 * HOUR)
    assert migration.row(migration.new).chain.bills_from == SWITCH + 3 * HOUR


def test_back_to_the_customer_identifier_at_a_later_hour(migration: Migration) -> None:
    world = migration.world
    migration.forward()
    world.now = SWITCH + 5 * MINUTE
    migration.use(migration.old, "a", 2)
    migration.refuses("not_settled", migration.new, back=True, at=iso(SWITCH + 2 * HOUR))
    migration.finish(migration.old, SWITCH)
    world.now = SWITCH + HOUR + 10 * MINUTE
    world.run()
    again = SWITCH + 3 * HOUR
    migration.migrate(migration.new, back=True, at=iso(again))
    assert migration.use(migration.old, "b", 3) == "recorded 11"
    world.now = again + 5 * MINUTE
    assert migration.use(migration.new, "c", 4) == "recorded 13"
    assert migration.use(migration.old, "d", 5) == "recorded 13"
    migration.finish(migration.new, again)
    world.next_run(hours=2)
    assert sent(world) == [("legacy", "13", "9"), ("licence", "10", "2"), ("licence", "11", "3")]
    old = migration.row(migration.old)
    assert (old.status, old.chain.bills_until, old.previous_identifier) == ("active", None, migration.new)


def test_notices_after_the_switch_reopen_nothing(migration: Migration) -> None:
    world = migration.world
    migration.forward()
    world.now = SWITCH + 5 * MINUTE
    migration.finish(migration.old, SWITCH)
    migration.stage.deliver(migration.buyer, again=True)
    world.now += DAY
    migration.stage.search()
    assert migration.row(migration.old).status == "cancelled"
    assert migration.row(migration.new).status == "active"


def test_a_registration_after_the_switch_supersedes_nothing(migration: Migration) -> None:
    migration.forward()
    assert superseded_change(migration.row(migration.new), migration.old) is None


def test_guards(migration: Migration) -> None:
    world, at = migration.world, iso(SWITCH)
    migration.refuses("not_an_hour", to=migration.arn, at=iso(SWITCH + 60))
    migration.refuses("too_early", to=migration.arn, at=iso(START))
    migration.refuses("too_far", to=migration.arn, at=iso(SWITCH + 2 * DAY))
    migration.refuses("licence_form", to="l-1", at=at)
    other = "arn:aws:license-manager::444455556666:license:l-other"
    migration.refuses("entitlement_missing", to=other, at=at)
    migration.refuses("unknown_customer", "nobody", to=migration.arn, at=at)
    migration.refuses("not_planned", undo=True)
    migration.refuses("name one of", to=migration.arn, at=at, undo=True)
    world.subscriber_items.put_item(
        Item={"customerIdentifier": migration.new, "integration": "license", "customerAWSAccountId": "1", "version": 1}
    )
    migration.refuses("account_mismatch", to=migration.arn, at=at)
    world.subscriber_items.delete_item(Key={"customerIdentifier": migration.new})
    failed = {"status": "FAILED", "reason": "ACCOUNT_SUSPENDED", "licenseArn": migration.arn}
    world.change(migration.old, agreementEntitlements=[failed])
    migration.refuses("ACCOUNT_SUSPENDED", to=migration.arn, at=at)


def test_an_open_hour_on_either_side_refuses(migration: Migration) -> None:
    world = migration.world
    for key in (migration.old, migration.new):
        operation = world.records.add(key, int(SWITCH), {}, exists=False, now=world.now)
        world.records.write(operation)
        migration.refuses("not settled", to=migration.arn, at=iso(SWITCH))
        world.dynamodb.Table(world.records.table_name).delete_item(
            Key={"customerIdentifier": key, "timestamp": int(SWITCH)}
        )
    migration.forward()
    migration.refuses("planned", to=migration.arn, at=iso(SWITCH + HOUR))


def test_it_is_too_late_to_take_a_switch_back(migration: Migration) -> None:
    migration.forward()
    migration.world.now = SWITCH - 14 * MINUTE
    migration.refuses("too_late", undo=True)
