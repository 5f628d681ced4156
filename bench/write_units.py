"""DynamoDB write units per event, as a customer's hour fills: ours, the specification's and the AWS sample's."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bench import hour_of_a_customer, units
from bench.designs import sample, specification
from bench.figure import PLOTS, Figure, Reading, Say, Table, at_most
from bench.house import ADDED, DURING, HOUR, House, events
from bench.plot import Axis, Series, lines
from ledger import tables
from local.dynamodb.capacity import Capacity
from local.dynamodb.declared_tables import create
from local.dynamodb.store import MemoryDynamoDB

COUNTS = (1, 20, 100, 1_000, 10_000)
#: The list design is stepped through up to here; beyond, ``list_units`` reckons (a test holds both together).
STEPPED = 100
#: Events of one request to our API.
REQUEST = 100
#: Users seen for the first time, as many as fit one transaction with their marks.
SIGHTS = 49
#: DynamoDB's largest item (quotas): the list design then takes no more usage in that hour
LARGEST_ITEM = 400 * 1024
CUSTOMER = "l-0123456789abcdef"


def ours(number: int, first_sight: bool = False) -> tuple[int, int]:
    """Write units of so many events in one hour of a customer: (by the published rules, in the dearer reading)."""
    capacity = Capacity()
    house = House(MemoryDynamoDB(capacity=capacity))
    house.subscribe(CUSTOMER)
    capacity.clear()
    reported = list(events(CUSTOMER, number, dimensions=("active_users",) if first_sight else ADDED))
    for start in range(0, number, REQUEST):
        house.record(CUSTOMER, reported[start : start + REQUEST])
    return units.published(capacity.written), capacity.total_written


def alone_in_a_running_hour() -> int:
    """Write units of one event whose hour has a record already."""
    capacity = Capacity()
    house = House(MemoryDynamoDB(capacity=capacity))
    house.subscribe(CUSTOMER)
    first, second = events(CUSTOMER, 2)
    house.record(CUSTOMER, [first])
    capacity.clear()
    house.record(CUSTOMER, [second])
    return units.published(capacity.written)


def list_design(number: int) -> int:
    """Write units of the specification's design, stepped through."""
    return _stepped(specification.TABLE, lambda table: specification.record(table, [*_of(number)], HOUR, _moment()))


def sample_design(number: int) -> int:
    """Write units of the AWS sample's design, stepped through."""
    return _stepped(sample.TABLE, lambda table: sample.record(table, [*_of(number)], int(DURING) * 1000))


def list_units(number: int) -> tuple[int, int]:
    """(events taken, write units of them) in the list design, reckoned: item sizes by DynamoDB's rules, twice for ALL.

    Fewer events than asked for are taken where the item would pass 400 KB.
    """
    sizes = _element_sizes()
    size, spent = _empty_row_size(), 0
    for taken in range(number):
        size += sizes[taken % len(sizes)]
        if size > LARGEST_ITEM:
            return taken, spent
        spent += 2 * max(1, -(-size // 1024))
    return number, spent


def _of(number: int) -> list[Any]:
    return list(events(CUSTOMER, number))


def _moment() -> datetime:
    return datetime.fromtimestamp(DURING, UTC)


def _stepped(declared: tables.Table, record: Callable[[Any], object]) -> int:
    capacity = Capacity()
    dynamodb: Any = MemoryDynamoDB(capacity=capacity)
    create(dynamodb.meta.client, declared, declared.name)
    record(dynamodb.Table(declared.name))
    return capacity.total_written


def _element_sizes() -> list[int]:
    return [_row_size(n + 1) - _row_size(n) for n in range(1, len(ADDED) + 1)][-1:] + [
        _row_size(n + 1) - _row_size(n) for n in range(1, len(ADDED))
    ]


def _empty_row_size() -> int:
    return _row_size(1) - _element_sizes()[0]


def _row_size(number: int) -> int:
    dynamodb: Any = MemoryDynamoDB()
    create(dynamodb.meta.client, specification.TABLE, specification.TABLE.name)
    specification.record(dynamodb.Table(specification.TABLE.name), _of(number), HOUR, _moment())
    (row,) = dynamodb.data(specification.TABLE.name, "").rows.values()
    return int(row.size)


def metered(number: int) -> tuple[float, float, float]:
    """Write units per event of such an hour with its metering: ours, the list's, the rows'.

    The list's row is marked once, though its job marks it once for every dimension, and with a key that misses it.
    """
    taken, recorded = list_units(number)
    size = _empty_row_size() + sum(_element_sizes()[n % len(ADDED)] for n in range(taken))
    # Written, and in the index taken out under "true" and put in again under "false".
    marked = 3 * -(-size // 1024)
    rows = min(number, STEPPED)
    each = (sample_design(rows) + _marking_rows(rows)) / rows
    return (ours(number)[0] + hour_of_a_customer.cost()[1]) / number, (recorded + marked) / taken, each


def _marking_rows(number: int) -> int:
    capacity = Capacity()
    dynamodb: Any = MemoryDynamoDB(capacity=capacity)
    create(dynamodb.meta.client, sample.TABLE, sample.TABLE.name)
    table, first = dynamodb.Table(sample.TABLE.name), int(DURING) * 1000
    sample.record(table, _of(number), first)
    capacity.clear()
    for row in range(number):
        sample.mark_submitted(table, CUSTOMER, first + row, "response")
    return capacity.total_written


def measure(say: Say) -> Figure:
    """Write units for each event by the number of events in a customer's hour, of our design and of the others."""
    rows, plotted = [], {"ours": [], "specification": [], "AWS sample": []}  # type: ignore[var-annotated]
    per_event: dict[int, float] = {}
    for number in COUNTS:
        say(f"{number:,} events in a customer's hour")
        own, dearer = ours(number)
        taken, listed = (number, list_design(number)) if number <= STEPPED else list_units(number)
        rowed = sample_design(min(number, STEPPED)) * number / min(number, STEPPED)
        per_event[number] = own / number
        stopped = "" if taken == number else f" (stops at {taken:,})"
        rows.append(
            [
                f"{number:,}",
                f"{own / number:.2f}",
                f"{dearer / number:.2f}",
                f"{listed / taken:.2f}{stopped}",
                f"{rowed / number:.2f}",
            ]
        )
        plotted["ours"].append((number, own / number))
        plotted["specification"].append((taken, listed / taken))
        plotted["AWS sample"].append((number, rowed / number))
    whole = [[f"{number:,}", *(f"{count:.2f}" for count in metered(number))] for number in COUNTS]
    first, alone = per_event[1], alone_in_a_running_hour()
    sight = (ours(SIGHTS, first_sight=True)[0] - ours(SIGHTS)[0]) / SIGHTS
    lines(
        PLOTS / "write-units.svg",
        "Write units per recorded event",
        Axis("events of a customer in the hour", log=True),
        Axis("write units per event", log=True),
        [Series(name, points) for name, points in plotted.items()],
    )
    from_20 = max(per_event[n] for n in COUNTS if n >= 20)
    full = max(per_event[n] for n in COUNTS if n >= 100)
    return Figure(
        name="write_units",
        title="Write units per event",
        method=(
            "The real recording code on the store in memory, which counts units by DynamoDB's published rules "
            "(local/dynamodb/capacity.py names each rule's source; the emulator's ReturnConsumedCapacity agrees, see "
            "*capacity check*). Requests hold up to 100 events. A count, the same on every machine. Ours is played for "
            "every number of events; of the others beyond 100 the list's growth is reckoned from its item's size, and "
            "the sample's rows, which are all alike, are multiplied."
        ),
        readings=[
            at_most("full batches", full, 2.05),
            at_most("from 20 events on", from_20, 2.15),
            at_most("an event alone", alone, 4),
            at_most("an event alone, first of its hour", first, 5),
            at_most("a user's first sight, on top", sight, 2),
            Reading(
                what="flat from 100 to 10,000 events",
                target="flat",
                reached=f"{per_event[10_000] / per_event[100]:.2f} of it",
                met=per_event[10_000] <= per_event[100],
            ),
        ],
        tables=[
            Table(
                title="Write units per event, recording only",
                head=["events in the hour", "ours", "ours, dearer reading", "specification", "AWS sample"],
                rows=rows,
            ),
            Table(
                title="Write units per event with the hour's metering (sealed, sent, settled)",
                head=["events in the hour", "ours", "specification", "AWS sample"],
                rows=whole,
            ),
        ],
        plots=[("write-units.svg", "Write units per event, both axes logarithmic")],
        notes=[
            "*Dearer reading*: not published, but measured by others: a transaction's condition check costs as a "
            "write, and its index writes are doubled. Both concern only the first event of an hour.",
            "Ours writes each event twice (a transaction) and once per request the hour; the others record without "
            "an idempotency key: a repeated event is billed again.",
        ],
        data={"perEvent": {str(n): count for n, count in per_event.items()}},
    )
