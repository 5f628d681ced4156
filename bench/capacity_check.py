"""Do the counted units agree with what a DynamoDB says? The same requests on the emulator, which reports its own."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bench.designs import sample, specification
from bench.engine import emulator
from bench.figure import Figure, Reading, Say, Table
from bench.house import DURING, HOUR, House, events
from ledger import tables
from local.dynamodb.capacity import Capacity
from local.dynamodb.declared_tables import create
from local.dynamodb.store import MemoryDynamoDB

CUSTOMER = "l-0123456789abcdef"
#: Several sizes of the growing row, one full request and one small one of ours.
NUMBER = 60


def _fill(dynamodb: Any) -> None:
    reported = list(events(CUSTOMER, NUMBER))
    for declared in (specification.TABLE, sample.TABLE):
        create(dynamodb.meta.client, declared, declared.name)
    specification.record(dynamodb.Table(specification.TABLE.name), reported, HOUR, datetime.fromtimestamp(DURING, UTC))
    sample.record(dynamodb.Table(sample.TABLE.name), reported, int(DURING) * 1000)
    house = House(dynamodb, create_tables=False)
    house.record(CUSTOMER, reported)
    house.record(CUSTOMER, list(events(CUSTOMER, 1, prefix="again")))


def counted() -> dict[str, int]:
    """Write units by table, by the rules."""
    capacity = Capacity()
    dynamodb = MemoryDynamoDB(capacity=capacity)
    House(dynamodb).subscribe(CUSTOMER)
    capacity.clear()
    _fill(dynamodb)
    found: Counter[str] = Counter()
    for (_operation, where), units in capacity.written.items():
        found[where] += units
    return dict(found)


def reported() -> dict[str, float]:
    """Write units by table and index, as the emulator reports them."""
    found: dict[str, float] = {}

    def note(parsed: Mapping[str, Any], **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        for entry in consumed if isinstance(consumed, list) else [consumed]:
            table = entry["TableName"].rsplit("/", 1)[-1]
            parts = {table: entry.get("Table", entry)}
            parts |= {f"{table}/{name}": used for name, used in entry.get("GlobalSecondaryIndexes", {}).items()}
            for name, used in parts.items():
                found[name] = found.get(name, 0.0) + _units(used)

    def ask(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"

    with emulator() as dynamodb:
        House(dynamodb).subscribe(CUSTOMER)
        hooks = dynamodb.meta.client.meta.events
        for operation in ("UpdateItem", "PutItem", "TransactWriteItems"):
            hooks.register(f"provide-client-params.dynamodb.{operation}", ask)
            hooks.register(f"after-call.dynamodb.{operation}", note)
        _fill(dynamodb)
    return {name: units for name, units in found.items() if units}


def _units(entry: Mapping[str, Any]) -> float:
    return float(entry.get("WriteCapacityUnits", entry.get("CapacityUnits", 0)))


def measure(say: Say) -> Figure:
    """How many tables and indexes have the same write units by the published rules and on the emulator."""
    say("the same requests, counted and on the emulator")
    rules, emulated = counted(), reported()
    rows, agree = [], 0
    for name in sorted({*rules, *emulated}):
        agree += rules.get(name, 0) == emulated.get(name, 0)
        rows.append([f"`{name}`", f"{rules.get(name, 0):,}", f"{emulated.get(name, 0):,.0f}"])
    ours = {tables.USAGE_EVENTS.name, tables.METERING_RECORDS.name}
    same = all(rules.get(name) == emulated.get(name) for name in ours)
    return Figure(
        name="capacity_check",
        title="Capacity check",
        method=f"{NUMBER + 1} events by each design's requests, on the store in memory and on the emulator.",
        readings=[
            Reading(
                what="our tables: rules and emulator", target="equal", reached="equal" if same else "differ", met=same
            )
        ],
        tables=[Table(title="Write units, by table and index", head=["", "by the rules", "emulator"], rows=rows)],
        notes=[
            "An index of ours differs where a transaction writes to it: the emulator counts its write once, the rules "
            "here twice (the dearer reading, see *write units per event*)."
        ],
        data={"rules": rules, "emulator": emulated},
    )
