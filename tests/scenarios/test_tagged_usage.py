"""Usage with tags: Marketplace gets each line split by them, exactly, and the same in every attempt."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger.allocations import allocations_key
from ledger.tables import USAGE_EVENTS
from ledger.tagged_usage import TaggedUsage, tags_key
from marketplace.hour import deadline
from marketplace.meter_usage import MAX_BYTES
from marketplace.tiers import Tier
from marketplace.usage_allocations import TagSet, tag_set
from runtime.metric_names import MeteringMetric
from tests.scenarios.world import START, World
from usage.view_usage import view_usage

HOUR = 3600


def tagged(world: World, buyer: str, event_id: str, quantity: Any = 1, **tags: str) -> dict[str, Any]:
    return world.event(buyer, event_id, quantity, tags=tags)


def report(world: World, *events: dict[str, Any]) -> None:
    for first in range(0, len(events), 100):
        assert {verdict["verdict"] for verdict in world.report(*events[first : first + 100])} == {"recorded"}


def recorded(world: World, buyer: str, sets: Mapping[TagSet, int]) -> None:
    """One event per set."""
    events = (tagged(world, buyer, f"e-{n}", units, **dict(tags)) for n, (tags, units) in enumerate(sets.items()))
    report(world, *events)


def sent(world: World) -> list[dict[str, Any]]:
    """Every record of every request, oldest first."""
    return [record for body in world.requests for record in json.loads(body)["UsageRecords"]]


def shares(record: dict[str, Any]) -> dict[str, Any]:
    """Quantities of a record by the values of their tags; the untagged bucket is ``""``."""
    found = {}
    for allocation in record["UsageAllocations"]:
        [quantity] = (value for name, value in allocation.items() if name != "Tags")
        found["/".join(tag["Value"] for tag in allocation.get("Tags", ()))] = quantity
    return found


def contract(world: World, buyer: str, **included: int) -> None:
    world.pricing_model = "contract-with-consumption"
    world.tiers = (Tier("basic", {name: Decimal(units) for name, units in included.items()}),)
    entitled = [{"dimension": "basic", "expiresAt": int(START) + 86400, "value": "1"}]
    world.change(buyer, entitlements=entitled, entitlementsFetchedAt=int(START) - 10)


def test_a_line_is_split_by_the_tags_of_its_events(world: World) -> None:
    buyer = world.buyer()
    report(
        world,
        tagged(world, buyer, "a", 2, team="blue", site="x"),
        tagged(world, buyer, "b", 3, site="x", team="blue"),
        tagged(world, buyer, "c", 4, team="red"),
        world.event(buyer, "d", 7),
    )
    world.next_run()
    assert world.billed(buyer) == 16
    assert [shares(record) for record in sent(world)] == [{"": 7, "x/blue": 5, "red": 4}]
    assert world.verdicts(buyer) == {"workflow_executions": "billed"}


def test_a_repeat_adds_nothing_to_its_tags(world: World) -> None:
    buyer = world.buyer()
    for _ in range(2):
        world.report(*(tagged(world, buyer, name, 2, team=name) for name in "ab"))
    world.report(tagged(world, buyer, "a", 2, team="b"))
    world.next_run()
    assert [shares(record) for record in sent(world)] == [{"a": 2, "b": 2}]


def test_a_line_without_tags_is_as_plain_as_ever(world: World) -> None:
    buyer = world.buyer()
    report(world, world.event(buyer, "a", 2), tagged(world, buyer, "b", 0, team="blue"))
    world.next_run()
    assert ["UsageAllocations" in record for record in sent(world)] == [False]
    assert not world.record(buyer).tagged


def test_included_units_come_from_untagged_usage_then_from_the_largest_set(world: World) -> None:
    buyer = world.buyer()
    contract(world, buyer, workflow_executions=12)
    for hour in range(3):
        report(
            world,
            tagged(world, buyer, f"a{hour}", 5, team="blue"),
            tagged(world, buyer, f"b{hour}", 2, team="red"),
            world.event(buyer, f"c{hour}", 2),
        )
        world.next_run()
    # 9 of the first hour are included, 3 of the second: its 2 untagged, then one of the largest set
    assert [shares(record) for record in sent(world)] == [{"blue": 4, "red": 2}, {"": 2, "blue": 5, "red": 2}]
    assert world.billed(buyer) == 15


def test_calls_per_thousand_over_hours_add_up_to_what_is_billed(world: World) -> None:
    buyer = world.buyer()
    for hour, (blue, red) in enumerate([(2400, 900), (1100, 1700), (300, 300)]):
        for team, calls in (("blue", blue), ("red", red)):
            report(world, tagged(world, buyer, f"{team}{hour}", calls, team=team) | {"dimension": "api_calls"})
        world.next_run()
    assert world.billed(buyer, "api_calls") == 6
    # 300 are kept by the first hour, from the largest set; the second hour has them without their tags
    assert [shares(record) for record in sent(world)[:2]] == [{"": 1, "blue": 2}, {"": 1, "blue": 1, "red": 1}]
    assert [record["Quantity"] for record in sent(world)] == [3, 3]
    assert world.balances.get(buyer).remainder == {"api_calls": 700}


def test_decimals_are_allocated_as_decimals(world: World) -> None:
    buyer = world.buyer()
    events = [("a", "0.1", "blue"), ("b", "0.2", "blue"), ("c", "1.000001", "red")]
    report(
        world,
        *(
            tagged(world, buyer, name, quantity, team=team) | {"dimension": "data_processed_gb"}
            for name, quantity, team in events
        ),
    )
    world.next_run()
    [record] = sent(world)
    assert record["QuantityAsDecimal"] == "1.300001"
    assert shares(record) == {"blue": "0.3", "red": "1.000001"}
    assert world.verdicts(buyer) == {"data_processed_gb": "billed"}


def test_a_user_counts_for_the_tags_of_the_first_event(world: World) -> None:
    buyer = world.buyer()

    def user(event_id: str, name: str, team: str) -> dict[str, Any]:
        return tagged(world, buyer, event_id, 1, team=team) | {"dimension": "active_users", "user": name}

    report(world, user("a", "ann", "blue"), user("b", "ann", "red"), user("c", "bob", "red"))
    report(world, user("d", "bob", "blue"), user("e", "cid", "blue"))
    world.next_run()
    report(world, user("f", "ann", "blue"), user("g", "dan", "green"))
    world.next_run()
    assert [shares(record) for record in sent(world)] == [{"blue": 2, "red": 1}, {"green": 1}]


def test_a_highest_count_adds_its_increase_to_its_tags(world: World) -> None:
    buyer = world.buyer()
    for number, (team, peak) in enumerate([("blue", 3), ("red", 5), ("blue", 4)]):
        report(world, tagged(world, buyer, f"e{number}", peak, team=team) | {"dimension": "peak_nodes"})
    world.next_run()
    assert [shares(record) for record in sent(world)] == [{"blue": 3, "red": 2}]


def test_late_usage_keeps_its_tags_in_the_hour_that_bills_it(world: World) -> None:
    buyer = world.buyer()
    report(world, tagged(world, buyer, "a", 2, team="blue"))
    world.next_run()
    report(world, tagged(world, buyer, "late", 3, team="red") | {"occurredAt": "2026-11-15T08:30:00Z"})
    world.next_run()
    assert [shares(record) for record in sent(world)] == [{"blue": 2}, {"red": 3}]


def test_every_attempt_sends_the_same_bytes(world: World) -> None:
    """What was frozen is what is sent, though the tags' own items are gone."""
    world.marketplace.set_settings(identicalResend="Success")
    buyer = world.buyer()
    report(world, *(tagged(world, buyer, f"e{n}", n + 1, team=f"t{n % 20}", site=str(n % 3)) for n in range(40)))
    world.marketplace.arm("lost-answer", times=1)
    assert world.next_run() == ["MarketplaceBusy"]
    report(world, tagged(world, buyer, "next", 1, team="t1"))
    items = world.dynamodb.Table(USAGE_EVENTS.name)
    hour = world.record(buyer).hour
    for tags in world.tagged.of_hour(buyer, hour)["workflow_executions"]:
        items.delete_item(Key={"customerIdentifier": buyer, "eventId": tags_key(hour, "workflow_executions", tags)})
    world.run()
    first, second = world.requests
    assert first == second
    assert len(shares(sent(world)[0])) == 40
    assert world.verdicts(buyer) == {"workflow_executions": "billed"}
    assert world.billed(buyer) == 820


def test_of_2600_sets_the_smallest_are_folded_and_named(world: World) -> None:
    buyer = world.buyer()
    recorded(world, buyer, {tag_set({"case": str(n)}): n + 1 for n in range(2600)})
    world.next_run()
    [record] = sent(world)
    found = shares(record)
    assert len(found) == 2500
    assert found[""] == sum(range(1, 102))
    assert found["2599"] == 2600
    assert "100" not in found
    assert world.verdicts(buyer) == {"workflow_executions": "billed"}
    line = world.record(buyer).lines["workflow_executions"]
    assert (line.allocations.sets, line.allocations.folded_sets, line.allocations.folded_units) == (
        2499,
        101,
        found[""],
    )
    assert world.counted[MeteringMetric.TAG_SETS_FOLDED] == 101
    [hour] = view_usage(buyer, {}, world.records, world.now)["hours"]
    view = {name: hour["lines"][0].get(name) for name in ("tagSets", "foldedTagSets")}
    assert view == {"tagSets": 2499, "foldedTagSets": 101}


def test_large_lines_travel_in_requests_of_their_own(world: World) -> None:
    buyers = [world.buyer(kind) for kind in ("license", "license", "license")]
    for buyer in buyers:
        recorded(world, buyer, {tag_set({f"{k}{n:03}" + "k" * 96: "v" * 256 for k in range(5)}): 1 for n in range(310)})
    world.next_run()
    assert all(600_000 < len(body) < MAX_BYTES for body in world.requests)
    assert [len(json.loads(body)["UsageRecords"]) for body in world.requests] == [1, 1, 1]
    for buyer in buyers:
        assert world.verdicts(buyer) == {"workflow_executions": "billed"}
        assert world.record(buyer).lines["workflow_executions"].allocations.parts == 2


@pytest.mark.parametrize("meanwhile", [1, 2, 3])
@pytest.mark.parametrize("when", ["before the tags are read", "after"])
def test_usage_recorded_during_sealing_is_split_with_the_rest_or_billed_later(
    world: World, when: str, meanwhile: int
) -> None:
    """H17: the version of the record that was read before its tags says whether these are all."""
    buyer = world.buyer()
    report(world, tagged(world, buyer, "first", 2, team="blue"))
    table: Any = world.dynamodb.Table(USAGE_EVENTS.name)
    added: list[str] = []

    def one_more() -> None:
        if len(added) < meanwhile:
            added.append(f"late{len(added)}")
            event = tagged(world, buyer, added[-1], 10, team=added[-1]) | {"occurredAt": "2026-11-15T08:59:00Z"}
            report(world, event)

    class Contended:
        def query(self, **request: Any) -> Any:
            if when == "after":
                answer = table.query(**request)
                one_more()
                return answer
            one_more()
            return table.query(**request)

    reader: Any = Contended()
    world.now = START + HOUR + 600
    planner = replace(world.sealer.planner, tagged_usage=TaggedUsage(reader))
    sealer = replace(world.sealer, planner=planner)
    assert sealer.seal_hour(buyer, int(START)) == "sealed"
    world.run()
    world.next_run()
    assert len(added) == meanwhile
    assert world.billed(buyer) == 2 + 10 * meanwhile
    together: Counter[str] = Counter()
    for record in sent(world):
        together.update(shares(record))
    assert together == {"blue": 2} | dict.fromkeys(added, 10)


@pytest.mark.parametrize("damage", ["missing", "other quantity"])
def test_a_line_whose_allocations_are_gone_is_not_sent_otherwise(world: World, damage: str) -> None:
    buyer, other = world.buyer(), world.buyer()
    report(world, tagged(world, buyer, "a", 2, team="blue"), world.event(other, "b", 3))
    world.now = START + HOUR + 600
    world.sealer.seal_hour(buyer, int(START))
    items = world.dynamodb.Table(USAGE_EVENTS.name)
    key = {"customerIdentifier": buyer, "eventId": allocations_key(int(START), "workflow_executions", 0)}
    whole = items.get_item(Key=key)["Item"]
    if damage == "missing":
        items.delete_item(Key=key)
    else:
        items.put_item(Item={**whole, "allocations": [{"quantity": 1, "tags": {"team": "blue"}}]})
    world.run()
    assert (world.verdicts(buyer), world.verdicts(other)) == (
        {"workflow_executions": None},
        {"workflow_executions": "billed"},
    )
    assert (buyer, int(START)) in world.pending()
    assert world.counted[MeteringMetric.ALLOCATIONS_MISSING] == 1
    items.put_item(Item=whole)
    world.next_run()
    assert world.verdicts(buyer) == {"workflow_executions": "billed"}
    assert shares(sent(world)[-1]) == {"blue": 2}


def test_an_hour_that_cannot_be_split_is_named_at_its_deadline(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many sets that the sealer dies of them: alarmed as pending, and then as expired; never pending for ever."""
    buyer = world.buyer()
    report(world, tagged(world, buyer, "a", 2, team="blue"))

    def dies(*_hour: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(TaggedUsage, "of_hour", dies)
        world.next_run()
        assert world.record(buyer).state == "open"
        world.now = float(deadline(int(START)))
        world.run()
    assert world.verdicts(buyer) == {"workflow_executions": "expired"}
    assert (world.pending(), world.failed()) == (set(), {(buyer, int(START))})
    assert world.accepted() == []


def test_planning_assumes_enough_bytes_for_a_split_line(world: World) -> None:
    buyer = world.buyer()
    report(
        world,
        *(tagged(world, buyer, f"e{n}", "0.5", team=f"{n}") | {"dimension": "data_processed_gb"} for n in range(9)),
    )
    world.next_run()
    [record] = sent(world)
    plain = {name: value for name, value in record.items() if name != "UsageAllocations"}
    stored = world.record(buyer).lines["data_processed_gb"].allocations
    assert len(json.dumps(record)) - len(json.dumps(plain)) <= stored.size < MAX_BYTES
    assert tag_set({"team": "0"}) in world.tagged.of_hour(buyer, int(START))["data_processed_gb"]
