"""Any interleaving of usage, retries and runs around a change of key: each unit is billed once, under one key."""

import random
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from ledger.balance import Balances, Moved
from ledger.tables import STATE
from ledger.transaction import write
from local.dynamodb.declared_tables import with_tables
from local.dynamodb.store import MemoryDynamoDB
from runtime.clock import iso
from tests.scenarios.test_migration import SWITCH, Migration, sent
from tests.scenarios.world import world as new_world

MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize("seed", range(40))
def test_each_unit_around_a_switch_is_billed_once(seed: int) -> None:
    """Events name either key, come late, come again under the other key, and a run happens at any time."""
    rng = random.Random(seed)
    with new_world(integration="mixed") as world:
        migration = Migration(world)
        migration.forward()
        keys = (migration.old, migration.new)
        told: dict[str, dict[str, Any]] = {}
        recorded: Counter[str] = Counter()
        moments = sorted(rng.uniform(-40, 140) for _ in range(30))
        for number, minutes in enumerate(moments):
            world.now = SWITCH + minutes * MINUTE
            again = rng.choice(list(told.values())) if told and rng.random() < 0.4 else None
            occurred = world.now - rng.choice((0, 0, 5, 30, 70)) * MINUTE
            body = again or world.event("", f"e{number}", rng.randrange(1, 5), occurredAt=iso(int(occurred)))
            body = body | {"customerIdentifier": rng.choice(keys)}
            (verdict,) = world.report(body)
            told[body["id"]] = body
            if verdict["verdict"] == "recorded":
                recorded[body["id"]] += body["quantity"]
            if rng.random() < 0.2 and world.now % HOUR > 10 * MINUTE:
                world.run()
        migration.finish(migration.old, SWITCH)
        world.next_run(hours=2)
        assert set(recorded) == set(told), "every event was recorded, whichever key it named"
        lines = sent(world)
        assert sum(Decimal(quantity) for _, _, quantity in lines) == sum(recorded.values())
        for kind, hour, _ in lines:
            assert (kind == "legacy") is (hour < iso(SWITCH)[11:13]), lines
        assert world.marketplace.summary()["billedTwice"] == 0
        assert world.pending() == set()


@pytest.mark.parametrize("seed", range(200))
def test_a_moved_balance_is_conserved(seed: int) -> None:
    """What both keys hold, by dimension and by period, is the same before and after; and both say what went over."""
    rng = random.Random(seed)
    tables: Any = with_tables(MemoryDynamoDB())
    balances = Balances(tables.Table(STATE.name))
    names, periods = ("calls", "users", "gb"), ("2026-10", "2026-11", "agmt-1")
    for key in ("old", "new"):
        item: dict[str, Any] = {"customerIdentifier": key, "item": "balance", "version": rng.randrange(1, 9)}
        item |= {f"remainder#{name}": Decimal(rng.randrange(0, 999)) for name in names if rng.random() < 0.7}
        item |= {
            f"used#{name}#{period}": Decimal(rng.randrange(0, 99))
            for name in names
            for period in periods
            if rng.random() < 0.7
        }
        if rng.random() < 0.9:
            tables.Table(STATE.name).put_item(Item=item)
    old, new = balances.get("old"), balances.get("new")
    moved = Moved.of(old)
    write(tables.meta.client, balances.move(old, new, moved))
    gave, took = balances.get("old"), balances.get("new")
    zero = Decimal(0)
    for name in names:
        assert gave.remainder.get(name, zero) == 0
        assert took.remainder.get(name, zero) == old.remainder.get(name, zero) + new.remainder.get(name, zero)
        for period in periods:
            both = old.used.get((name, period), zero) + new.used.get((name, period), zero)
            assert gave.used.get((name, period), zero) + took.used.get((name, period), zero) == both
            stays = gave.used.get((name, period), zero)
            assert stays == (old.used.get((name, period), zero) if period == "agmt-1" else 0), "a contract's own term"
    assert (gave.version, took.version) == (old.version + 1, new.version + 1)
    items = {
        key: tables.Table(STATE.name).get_item(Key={"customerIdentifier": key, "item": "balance"})["Item"]
        for key in ("old", "new")
    }
    for name, units in moved.remainder.items():
        assert items["old"][f"movedTo#{name}#new"] == items["new"][f"movedFrom#{name}#old"] == units
