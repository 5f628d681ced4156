"""The audit over the archive of a played day: right is silent, and each planted fault is found, with its place."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from archive.conservation.audit_day import ALL, Audited, Part, audit_day
from ledger import tables
from ledger.allocations import allocations_key
from ledger.carry import Carrier, Carry
from ledger.transaction import write
from marketplace.tiers import Tier
from runtime.clock import from_iso, iso
from tests.scenarios.archived import Archived
from tests.scenarios.final_metering import cancel
from tests.scenarios.world import START, World
from tests.scenarios.world import world as new_world

DAY = "2026-11-15"
LATER = ("2026-11-16", "2026-11-17", "2026-11-18")
HOUR = int(START)
AT_EIGHT = iso(HOUR)
NEXT_DAY = from_iso("2026-11-16T06:30:00Z")


class Played:
    """Four customers and a day of usage of every kind, metered every hour."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.archived = Archived(world)
        world.pricing_model = "contract-with-consumption"
        world.tiers = (
            Tier("pro", {}),
            Tier("basic", {"api_calls": Decimal(1500), "workflow_executions": Decimal(2)}),
        )
        tiers = ("basic", "pro", "pro", "pro")
        self.contract, self.tagged, self.plain, self.leaver = map(self._buyer, tiers)
        for hour in range(6):
            self._usage(hour)
            world.next_run()
        self.archived.drain()

    def _buyer(self, tier: str) -> str:
        buyer = self.world.buyer()
        entitled = [{"dimension": tier, "expiresAt": HOUR + 30 * 86400, "value": "1"}]
        self.world.change(buyer, entitlements=entitled, entitlementsFetchedAt=HOUR - 10)
        return buyer

    def _usage(self, hour: int) -> None:
        world = self.world
        events = []
        for buyer in (self.contract, self.plain, self.leaver):
            events += [
                world.event(buyer, f"calls-{hour}", 777, dimension="api_calls"),
                world.event(buyer, f"gb-{hour}", "0.123456789", dimension="data_processed_gb"),
                world.event(buyer, f"run-{hour}", 1),
                world.event(buyer, f"gone-{hour}", 50, dimension="api_calls"),
                world.event(buyer, f"user-{hour}", 1, dimension="active_users", user=f"u-{hour % 2}"),
                world.event(buyer, f"nodes-{hour}", 3 + hour % 2, dimension="peak_nodes"),
            ]
        events += [
            world.event(self.tagged, f"t-{hour}-{team}", 1700, dimension="api_calls", tags={"team": team})
            for team in ("a", "b")
        ]
        events.append(world.event(self.tagged, f"late-{hour}", 5, occurredAt=iso(world.now - 3 * 3600)))
        world.report(*events)
        world.report(
            *({"void": f"gone-{hour}", "source": "scenario", "customerIdentifier": buyer} for buyer in (self.plain,))
        )

    def audit(self, now: float = NEXT_DAY, part: Part = ALL, day: str = DAY) -> Audited:
        return audit_day(self.archived.drain().objects, day, now, part)

    def found(self) -> set[tuple[str, str, str, str]]:
        """Customer, period, dimension and kind of each difference."""
        return {
            (customer, each.period, each.dimension, each.kind)
            for customer, differences in self.audit().differences.items()
            for each in differences
        }


@pytest.fixture
def played() -> Iterator[Played]:
    with new_world() as world:
        yield Played(world)


def update(played: Played, table: tables.Table, key: dict[str, Any], expression: str, **values: Any) -> None:
    names = values.pop("names", {})
    played.world.dynamodb.Table(table.name).update_item(
        Key=key,
        UpdateExpression=expression,
        **({"ExpressionAttributeNames": names} if names else {}),
        ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
    )


def test_a_day_of_usage_of_every_kind_adds_up(played: Played) -> None:
    """Allowances, remainders, users, highest counts, voids, late events and tags are all in it."""
    audited = played.audit()
    assert audited.differences == {}
    assert (audited.customers, audited.hours) == (4, 24)
    record = played.world.record(played.contract)
    assert record.included["api_calls"] and played.world.balances.get(played.plain).remainder["api_calls"]
    assert played.world.record(played.tagged).lines["api_calls"].allocations.parts


def test_the_same_day_in_parts_is_the_same_audit(played: Played) -> None:
    parts = [played.audit(part=Part(number, 3)) for number in range(3)]
    whole = played.audit()
    assert sum(part.customers for part in parts) == whole.customers
    assert sum(part.hours for part in parts) == whole.hours
    assert len({part.customers for part in parts}) > 1 or whole.customers == 3


def test_an_hour_that_cannot_be_sealed_and_expires_adds_up(world: World) -> None:
    archived = Archived(world)
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 3))
    world.subscriber_items.update_item(Key={"customerIdentifier": buyer}, UpdateExpression="REMOVE licenseArn")
    world.next_run(hours=25)
    assert world.verdicts(buyer) == {"workflow_executions": "expired"}
    audited = audit_day(archived.drain().objects, DAY, world.now + 6 * 3600)
    assert (audited.differences, audited.hours) == ({}, 1)


def carry(world: World, buyer: str, dimension: str) -> Carry:
    carrier = Carrier(
        records=world.records,
        balances=world.balances,
        subscriber=lambda key: world.subscribers.get(key, consistent=True),
        subscribers_table=tables.SUBSCRIBERS.name,
        dimensions=list(world.dimensions),
    )
    carried = carrier.plan(world.record(buyer), dimension, world.now)
    write(world.dynamodb.meta.client, carried.operations)
    return carried


def both_days(world: World, archived: Archived) -> list[Audited]:
    """The day of the lost line, and the next one, in which it was carried and billed."""
    archived.drain()
    return [audit_day(archived.objects, day, world.now + 86400) for day in (DAY, "2026-11-16")]


def test_units_that_were_carried_into_the_balance_add_up(world: World) -> None:
    archived, buyer = Archived(world), world.buyer()
    world.report(world.event(buyer, "a", 1700, dimension="api_calls"))
    world.next_run(hours=30)
    assert world.verdicts(buyer) == {"api_calls": "expired"}
    assert carry(world, buyer, "api_calls").through == "balance"
    world.next_run()
    assert world.billed(buyer, "api_calls") == 1
    first, second = both_days(world, archived)
    assert (first.differences, second.differences) == ({}, {})
    assert second.hours


def test_units_that_were_carried_into_an_hours_counters_add_up(world: World) -> None:
    archived, buyer = Archived(world), world.buyer()
    licence = world.buyers[buyer]["licenseArn"]
    world.report(world.event(buyer, "a", 3))
    world.subscriber_items.update_item(Key={"customerIdentifier": buyer}, UpdateExpression="REMOVE licenseArn")
    world.next_run(hours=25)
    world.change(buyer, licenseArn=licence)
    assert carry(world, buyer, "workflow_executions").through == "counter"
    world.next_run()
    assert world.billed(buyer) == 3
    first, second = both_days(world, archived)
    assert (first.differences, second.differences) == ({}, {})


def test_an_old_hour_that_is_carried_does_not_stand_for_a_seal_of_today(world: World) -> None:
    """Both moved the same into the balance; the old one did so on another day."""
    archived, buyer = Archived(world), world.buyer()
    for number in range(2):
        world.report(world.event(buyer, f"a-{number}", 1300, dimension="api_calls"))
        world.next_run(hours=30)
    carry(world, buyer, "api_calls")
    world.next_run()
    for audited in (audit_day(archived.drain().objects, day, world.now + 2 * 86400) for day in (DAY, *LATER)):
        assert audited.differences == {}


def test_units_that_are_carried_and_do_not_arrive_are_found(world: World) -> None:
    archived, buyer = Archived(world), world.buyer()
    world.report(world.event(buyer, "a", 1700, dimension="api_calls"))
    world.next_run(hours=30)
    carry(world, buyer, "api_calls")
    world.dynamodb.Table(tables.STATE.name).update_item(
        Key={"customerIdentifier": buyer, "item": "balance"},
        UpdateExpression="ADD #left :less, #carried :less",
        ExpressionAttributeNames={"#left": "remainder#api_calls", "#carried": "carried#api_calls"},
        ExpressionAttributeValues={":less": Decimal(-1000)},
    )
    _, second = both_days(world, archived)
    ((difference,),) = second.differences.values()
    assert (difference.kind, difference.ours, difference.theirs) == ("carried", 0, -1000)


def test_units_of_a_capped_line_are_followed_into_later_hours(world: World) -> None:
    archived = Archived(world)
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 2_147_483_000), world.event(buyer, "b", 2_147_483_000))
    world.next_run()
    world.next_run()
    assert len([line for line in world.accepted() if Decimal(line["quantity"])]) > 1
    assert audit_day(archived.drain().objects, DAY, NEXT_DAY).differences == {}


def test_a_leaver_whose_remainder_ends_adds_up(played: Played) -> None:
    world = played.world
    cancel(world, played.leaver)
    balance = world.balances.get(played.leaver)
    write(world.dynamodb.meta.client, [world.balances.end_remainder(balance, int(world.now))])
    assert world.balances.get(played.leaver).ended
    assert played.audit().differences == {}


def test_an_hour_that_is_open_is_left_out_and_counted(played: Played) -> None:
    played.world.report(played.world.event(played.plain, "open", 1))
    audited = played.audit()
    assert (audited.differences, audited.left_out) == ({}, 1)


def test_hours_that_began_before_the_archive_are_left_out(world: World) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 3))
    archived = Archived(world)
    world.report(world.event(buyer, "b", 4))
    world.next_run()
    audited = audit_day(archived.drain().objects, DAY, NEXT_DAY)
    assert (audited.differences, audited.hours, audited.left_out) == ({}, 0, 1)


def test_a_seal_in_the_last_second_of_a_day_is_on_both_sides_of_midnight_and_no_difference(world: World) -> None:
    """The record has the function's time, the balance's change DynamoDB's, a moment later."""
    world.now = from_iso("2026-11-15T22:30:00Z")
    buyer, archived = world.buyer(), Archived(world, later=1.0)
    world.report(world.event(buyer, "a", 300, dimension="api_calls"))
    midnight = from_iso("2026-11-16T00:00:00Z")
    world.now = midnight - 0.5
    world.sealer.seal_hours([(buyer, int(midnight) - 2 * 3600)])
    assert world.balances.get(buyer).remainder == {"api_calls": 300}
    for day in ("2026-11-15", "2026-11-16"):
        assert audit_day(archived.drain().objects, day, midnight + 86400).differences == {}


# --- planted faults ---------------------------------------------------------------------------------------------------


def lose_an_event(played: Played) -> set[tuple[str, str, str, str]]:
    key = {"customerIdentifier": played.plain, "eventId": "event#calls-0"}
    played.world.dynamodb.Table(tables.USAGE_EVENTS.name).delete_item(Key=key)
    return {(played.plain, AT_EIGHT, "api_calls", "events")}


def count_an_event_twice(played: Played) -> set[tuple[str, str, str, str]]:
    key = {"customerIdentifier": played.plain, "eventId": "event#run-0"}
    update(played, tables.USAGE_EVENTS, key, "SET counted = :two", two=Decimal(2))
    return {(played.plain, AT_EIGHT, "workflow_executions", "events")}


def void_an_event_of_a_sealed_hour(played: Played) -> set[tuple[str, str, str, str]]:
    key = {"customerIdentifier": played.contract, "eventId": "event#gb-0"}
    update(played, tables.USAGE_EVENTS, key, "SET voidedAt = :at", at=AT_EIGHT)
    return {(played.contract, AT_EIGHT, "data_processed_gb", "events")}


def lose_a_digit_of_an_event(played: Played) -> set[tuple[str, str, str, str]]:
    key = {"customerIdentifier": played.plain, "eventId": "event#gb-0"}
    update(played, tables.USAGE_EVENTS, key, "SET counted = :less", less=Decimal("0.12345678"))
    return {(played.plain, AT_EIGHT, "data_processed_gb", "events")}


def lose_an_hour(played: Played) -> set[tuple[str, str, str, str]]:
    """Its seal is missing beside the balance's change, too."""
    key: dict[str, Any] = {"customerIdentifier": played.tagged, "timestamp": HOUR}
    played.world.dynamodb.Table(tables.METERING_RECORDS.name).delete_item(Key=key)
    at_eight = {(played.tagged, AT_EIGHT, name, "events") for name in ("api_calls", "workflow_executions")}
    of_the_day = {(played.tagged, f"{DAY}T00:00:00Z", "api_calls", "balance")}
    return at_eight | of_the_day


def change_a_sent_line(played: Played) -> set[tuple[str, str, str, str]]:
    """The unit that it has more is not in the balance, and the line is not what it was when it was sealed."""
    key = {"customerIdentifier": played.plain, "timestamp": HOUR}
    names = {"#lines": "lines", "#line": "workflow_executions"}
    update(played, tables.METERING_RECORDS, key, "SET #lines.#line.quantity = :two", names=names, two=Decimal(2))
    return {
        (played.plain, AT_EIGHT, "-", "frozen"),
        (played.plain, f"{DAY}T00:00:00Z", "workflow_executions", "balance"),
    }


def raise_a_counter(played: Played) -> set[tuple[str, str, str, str]]:
    """The counters of a sealed hour are frozen, too."""
    key = {"customerIdentifier": played.plain, "timestamp": HOUR}
    names = {"#counter": "counted#workflow_executions#2026-11"}
    update(played, tables.METERING_RECORDS, key, "ADD #counter :one", names=names, one=Decimal(1))
    return {
        (played.plain, AT_EIGHT, "workflow_executions", "events"),
        (played.plain, AT_EIGHT, "-", "frozen"),
        (played.plain, f"{DAY}T00:00:00Z", "workflow_executions", "balance"),
    }


def lower_the_balance(played: Played) -> set[tuple[str, str, str, str]]:
    key = {"customerIdentifier": played.plain, "item": "balance"}
    names = {"#left": "remainder#api_calls"}
    update(played, tables.STATE, key, "ADD #left :less", names=names, less=Decimal(-3))
    return {(played.plain, f"{DAY}T00:00:00Z", "api_calls", "balance")}


def use_more_of_the_allowance(played: Played) -> set[tuple[str, str, str, str]]:
    key = {"customerIdentifier": played.contract, "item": "balance"}
    names = {"#used": "used#api_calls#2026-11"}
    update(played, tables.STATE, key, "ADD #used :more", names=names, more=Decimal(1))
    return {(played.contract, f"{DAY}T00:00:00Z", "api_calls", "allowance")}


def lose_a_set_of_tags(played: Played) -> set[tuple[str, str, str, str]]:
    table = played.world.dynamodb.Table(tables.USAGE_EVENTS.name)
    query = {":customer": played.tagged, ":tags": f"tags#{HOUR}#api_calls#"}
    found = table.query(
        KeyConditionExpression="customerIdentifier = :customer AND begins_with(eventId, :tags)",
        ExpressionAttributeValues=query,
    )["Items"]
    table.delete_item(Key={name: found[0][name] for name in ("customerIdentifier", "eventId")})
    return {(played.tagged, AT_EIGHT, "api_calls", "tags")}


def lose_a_split(played: Played) -> set[tuple[str, str, str, str]]:
    key = {"customerIdentifier": played.tagged, "eventId": allocations_key(HOUR, "api_calls", 0)}
    played.world.dynamodb.Table(tables.USAGE_EVENTS.name).delete_item(Key=key)
    return {(played.tagged, AT_EIGHT, "api_calls", "allocations")}


def damage_an_item(played: Played) -> set[tuple[str, str, str, str]]:
    key = {"customerIdentifier": played.plain, "eventId": "event#new"}
    played.world.dynamodb.Table(tables.USAGE_EVENTS.name).put_item(Item=key | {"content": "gone"})
    return {(played.plain, f"{DAY}T00:00:00Z", "-", "unreadable")}


@pytest.mark.parametrize(
    "plant",
    [
        lose_an_event,
        count_an_event_twice,
        void_an_event_of_a_sealed_hour,
        lose_a_digit_of_an_event,
        lose_an_hour,
        change_a_sent_line,
        raise_a_counter,
        lower_the_balance,
        use_more_of_the_allowance,
        lose_a_set_of_tags,
        lose_a_split,
        damage_an_item,
    ],
)
def test_a_planted_fault_is_found_and_nothing_else(
    played: Played, plant: Callable[[Played], set[tuple[str, str, str, str]]]
) -> None:
    assert played.found() == set()
    expected = plant(played)
    assert played.found() == expected
