"""What must hold when all is drained: each start of the log is one event, or waits by name; nothing else is billed.

The judge reads the engine's own rows, the table of recorded events, the hours' counters and what the queues hold. It
works ids, times and customers out by itself, and asks the connector nothing.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ledger.tables import METERING_RECORDS, USAGE_EVENTS
from tests.simulation.engine.model import SERVICES, Database, Row
from tests.simulation.engine.world import EngineWorld
from tests.simulation.lives import moment_of
from yawl.engine import Engine

#: One billed or waiting thing: case or participant, dimension, moment (ms), customer (None: nobody's yet).
Thing = tuple[str, str, int, str | None]


def check_engine(world: EngineWorld) -> None:
    """Raise AssertionError if a start is billed twice, not at all, wrongly, or was never made."""
    recorded = _recorded(world)
    ids = Counter(event_id for _, event_id, _ in recorded)
    twice = [event_id for event_id, number in ids.items() if number > 1]
    assert not twice, f"recorded under two customers: {twice[:3]}"
    waiting = [event for queued in world.unattributed for event in json.loads(queued.message.body)["events"]]
    waiting = list({event["id"]: event for event in waiting}.values())
    both = [event["id"] for event in waiting if event["id"] in ids]
    assert not both, f"recorded, and still without a customer: {both[:3]}"
    for epoch, database in enumerate((*world.model.gone, world.model.database), 1):
        of_epoch = f"yawl:{world.engine.id}:{epoch}:"
        things = [(event_id, _thing(event_id, content, customer)) for customer, event_id, content in recorded]
        things += [(event["id"], _thing(event["id"], event, None)) for event in waiting]
        things += [(event["id"], _thing(event["id"], event, event["customerIdentifier"])) for event, _ in world.refused]
        billed = Counter(thing for event_id, thing in things if event_id.startswith(of_epoch))
        if world.engine.mode == "push-only":
            _check_announced(world, epoch, billed)
        else:
            _check_log(world, database, billed, is_last=database is world.model.database)
            _check_days(world, epoch, database)
    _check_counters(world, recorded)
    _check_outbox(world)


def _check_log(world: EngineWorld, database: Database, billed: Counter[Thing], is_last: bool) -> None:
    due = Counter(thing for row in database.visible(world.now) for thing in _things(row, world.engine))
    people, users = _people(world, database), world.engine.dimensions.users
    cases = Counter({thing: number for thing, number in billed.items() if thing[1] != users})
    counted = Counter((thing[0], _month(thing[2])) for thing in billed.elements() if thing[1] == users)
    more = _less_customers(cases) - _less_customers(due)
    assert not more, f"billed and not in the log: {list(more)[:3]}"
    for thing in cases:
        rows = [row for row in database.rows if _name(row.case_id) == thing[0] and row.at_ms == thing[2]]
        owners = {_owner(row, world.engine, customers) for row in rows for customers in world.named}
        if thing[3] is None:
            now = {_owner(row, world.engine, world.engine.customers) for row in rows}
            named = now - {None} and all(row.listed for row in rows)
            assert not named, f"left without a customer, who is named: {thing}"
        else:
            assert thing[3] in owners, f"billed to another customer: {thing}"
    assert max(counted.values(), default=0) <= 1, f"a participant is counted twice in a month: {counted.most_common(2)}"
    assert set(counted) <= people, f"counted and not there: {list(set(counted) - people)[:3]}"
    if is_last:
        missing = _less_customers(due) - _less_customers(cases)
        assert not missing, f"in the log and not billed: {list(missing)[:3]}"
        assert not people - set(counted), f"a participant is not counted: {list(people - set(counted))[:3]}"


def _check_days(world: EngineWorld, epoch: int, database: Database) -> None:
    """The counts that the audit compares with the engine's statistics hold no start twice."""
    due = Counter(
        (datetime.fromtimestamp(row.at_ms / 1000, UTC).strftime("%Y-%m-%d"), row.specification.key)
        for row in database.rows
        if row.at_ms >= world.engine.since * 1000
    )
    counted: Counter[tuple[str, int]] = Counter()
    for item in world.protocol.store.items("yawl-engines"):
        if item["engine"] == f"{world.engine.id}#{epoch}" and item["item"].startswith("started#"):
            day = item["item"].removeprefix("started#")
            counted |= Counter({(day, int(k[1:])): int(n) for k, n in item.items() if re.fullmatch(r"k\d+", k)})
    assert not counted - due, f"counted for the audit and not in the log: {counted - due}"


def _check_announced(world: EngineWorld, epoch: int, billed: Counter[Thing]) -> None:
    """Every case id that the gateway wrote down is billed once, at a time at which it was announced."""
    items = [i for i in world.protocol.store.items("yawl-engines") if i["engine"] == f"{world.engine.id}#{epoch}"]
    announced: dict[str, set[tuple[int, bool]]] = {}
    for item in items:
        if item["item"].startswith("pushed#"):
            is_worklet = item.get("launchingService", "").endswith("/workletService/ib")
            announced.setdefault(_name(item["caseId"]), set()).add((int(item["item"].split("#")[1]), is_worklet))
    for name, ways in announced.items():
        found = Counter({thing[1:3]: number for thing, number in billed.items() if thing[0] == name})
        allowed = [Counter((each, at_ms) for each in _dimensions(world.engine, worklet)) for at_ms, worklet in ways]
        assert found in allowed, f"announced {sorted(ways)[:3]}, billed {dict(found)}: {name}"
    others = {thing[0] for thing in billed} - set(announced)
    assert not others, f"billed and never announced: {sorted(others)[:3]}"


def _check_counters(world: EngineWorld, recorded: list[tuple[str, str, Any]]) -> None:
    """The hours hold exactly what the recorded events add: a participant once a month, whatever the epochs."""
    adding = {
        (customer, content["dimension"], _month_of_user(event_id, content)) for customer, event_id, content in recorded
    }
    events: Counter[tuple[str, str]] = Counter((customer, dimension) for (customer, dimension, _) in adding)
    counters: Counter[tuple[str, str]] = Counter()
    for item in world.protocol.store.items(METERING_RECORDS.name):
        for key, number in item.items():
            if key.startswith("counted#"):
                counters[item["customerIdentifier"], key.split("#")[1]] += int(number)
    assert counters == events, f"hours hold {counters}, events add {events}"


def _month_of_user(event_id: str, content: Any) -> str:
    """What adds one unit: a participant's month, or the event itself."""
    return f"{content['userHash']} {content['occurredAt'][:7]}" if "userHash" in content else event_id


def _check_outbox(world: EngineWorld) -> None:
    left = [i["item"] for i in world.protocol.store.items("yawl-engines") if i["item"].startswith("out#")]
    assert not left, f"never sent: {left[:2]}"


def _recorded(world: EngineWorld) -> list[tuple[str, str, Any]]:
    """Customer, id and content of every recorded event."""
    return [
        (item["customerIdentifier"], item["eventId"].removeprefix("event#"), item["content"])
        for item in world.protocol.store.items(USAGE_EVENTS.name)
        if item["eventId"].startswith("event#yawl:")
    ]


def _things(row: Row, engine: Engine) -> list[Thing]:
    if row.at_ms < engine.since * 1000:
        return []
    dimensions = _dimensions(engine, SERVICES.get(row.service_key) == engine.worklet_service)
    return [(_name(row.case_id), dimension, row.at_ms, None) for dimension in dimensions]


def _dimensions(engine: Engine, is_worklet: bool) -> list[str]:
    """What one start counts in."""
    found = [engine.dimensions.worklets if is_worklet else engine.dimensions.executions]
    if is_worklet and engine.worklets_are_executions:
        found.append(engine.dimensions.executions)
    return [dimension for dimension in found if dimension]


def _owner(row: Row, engine: Engine, customers: Mapping[str, str]) -> str | None:
    """Who pays for a case, by these customers of the stage file."""
    service = SERVICES.get(row.service_key)
    names = {"engine": [""], "specification": [row.specification.identifier, row.specification.uri]}
    of_strategy = names.get(engine.attributed_by, [service] if service else [])
    return next((customers[name] for name in of_strategy if name in customers), None)


def _month(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m")


def _people(world: EngineWorld, database: Database) -> set[tuple[str, str]]:
    """Hash and month of every participant who did something."""
    found = set()
    if world.engine.dimensions.users:
        for event, visible_at in database.people:
            acts = event.kind not in ("offer", "withdraw") and event.participant not in ("admin", "system")
            if acts and visible_at <= world.now and event.at_ms >= world.engine.since * 1000:
                name = hashlib.sha256(f"{world.engine.id}|{event.participant}".encode()).hexdigest()[:32]
                found.add((name, _month(event.at_ms)))
    return found


_ID = re.compile(r"yawl:[^:]+:\d+:(?:(?:case|worklet):(?P<case>.*)#\d+|user:[^:]+:(?P<user>[^@]+)@\d+)")


def _thing(event_id: str, content: Any, customer: str | None) -> Thing:
    named = _ID.fullmatch(event_id)
    assert named, f"an id of another form: {event_id}"
    at_ms = round(moment_of(content["occurredAt"]) * 1000)
    return (named["case"] if named["case"] is not None else named["user"], content["dimension"], at_ms, customer)


def _less_customers(things: Counter[Thing]) -> Counter[Thing]:
    less: Counter[Thing] = Counter()
    for (name, dimension, at_ms, _), number in things.items():
        less[name, dimension, at_ms, None] += number
    return less


def _name(case_id: str) -> str:
    plain = re.fullmatch(r"[!-~]{1,64}", case_id) and not case_id.startswith("sha256:")
    return case_id if plain else f"sha256:{hashlib.sha256(case_id.encode()).hexdigest()[:32]}"
