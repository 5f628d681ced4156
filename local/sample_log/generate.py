"""Makes the shipped log, ``yawl-orders.xes.gz``: 25 weeks of order fulfilment in a firm that does not exist.

``python -m local.sample_log.generate`` writes the same content again (fixed seed, no times of making).

The process follows YAWL's example OrderFulfilment (Ordering, Carrier_Appointment, Payment, Freight_in_Transit,
Freight_Delivered). The form is that of ``getSpecificationXESLog`` (engine), merged with the resource service's log,
with data and without unknown transitions: the same header, ``concept:name``, ``lifecycle:transition`` (schedule, start,
complete, and the resource service's suspend, resume, reassign), ``lifecycle:instance`` (the parent item has the case's
id, its children ``17.1``, ``17.2``), ``org:resource`` last, times with milliseconds and zone. The comment with the time
of making is absent.
"""

import gzip
import io
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import quoteattr

from local.sample_log.order_process import Order, wall_clock

TARGET = Path(__file__).parent / "yawl-orders.xes.gz"
SEED = 20_260_116
FIRST_MONDAY = datetime(2025, 9, 1, tzinfo=UTC)
#: Orders a week: a quiet autumn, four weeks of sale, holidays, a slow start of the year
ORDERS = (48, 52, 50, 55, 46, 58, 60, 54, 62, 66, 70, 204, 252, 240, 218, 96, 34, 42, 50, 54, 58, 56, 60, 54, 48)
#: Weights of local hours: office hours with a dip at noon.
BY_HOUR = {7: 5, 8: 10, 9: 14, 10: 14, 11: 11, 12: 5, 13: 9, 14: 12, 15: 10, 16: 7, 17: 4, 18: 2}
BY_DAY = (24, 22, 20, 18, 14, 2)  # Monday to Saturday


def orders() -> Iterator[Order]:
    """All cases in the order of their numbers and starts."""
    chance = random.Random(SEED)  # noqa: S311
    starts: list[datetime] = []
    for week, count in enumerate(ORDERS):
        for _ in range(count):
            day = chance.choices(range(6), BY_DAY)[0]
            hour = chance.choices(list(BY_HOUR), list(BY_HOUR.values()))[0]
            second = timedelta(days=7 * week + day, hours=hour, milliseconds=chance.randrange(3_600_000))
            moment = FIRST_MONDAY + second
            starts.append(moment - (wall_clock(moment).utcoffset() or timedelta()))
    for case_id, start in enumerate(sorted(starts), 1):
        order = Order(case_id, start, chance)
        order.run()
        yield order


HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<!-- Generated in the form of the YAWL Engine's export -->
<!-- and then merged with the Resource Service log -->
<log xes.version="1.0" xes.features="arbitrary-depth" openxes.version="1.5" xmlns="http://code.deckfour.org/xes">
  <extension name="Lifecycle" prefix="lifecycle" uri="http://code.fluxicon.com/xes/lifecycle.xesext"/>
  <extension name="Time" prefix="time" uri="http://code.fluxicon.com/xes/time.xesext"/>
  <extension name="Concept" prefix="concept" uri="http://code.fluxicon.com/xes/concept.xesext"/>
  <extension name="Semantic" prefix="semantic" uri="http://code.fluxicon.com/xes/semantic.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://code.fluxicon.com/xes/org.xesext"/>
  <global scope="trace">
    <string key="concept:name" value="UNKNOWN"/>
  </global>
  <global scope="event">
    <date key="time:timestamp" value="1970-01-01T00:00:00.000+01:00"/>
    <string key="concept:name" value="UNKNOWN"/>
    <string key="lifecycle:transition" value="UNKNOWN"/>
    <string key="concept:instance" value="UNKNOWN"/>
  </global>
  <classifier name="Activity classifier" keys="concept:name concept:instance lifecycle:transition"/>
  <string key="concept:name" value="orderfulfillment - version 0.5"/>
"""


def log_text() -> Iterator[str]:
    """The log's XML, piece by piece."""
    yield HEADER
    for order in orders():
        yield f'  <trace>\n    <string key="concept:name" value="{order.case_id}"/>\n'
        for row in sorted(order.rows):
            yield "    <event>\n"
            yield _attribute("date", "time:timestamp", wall_clock(row.at).isoformat(timespec="milliseconds"))
            yield _attribute("string", "concept:name", row.task)
            yield _attribute("string", "lifecycle:transition", row.transition)
            yield _attribute("string", "lifecycle:instance", row.instance)
            for kind, key, value in row.data:
                yield _attribute(kind, key, value)
            if row.resource:
                yield _attribute("string", "org:resource", row.resource)
            yield "    </event>\n"
        yield "  </trace>\n"
    yield "</log>\n"


def _attribute(kind: str, key: str, value: str) -> str:
    return f"      <{kind} key={quoteattr(key)} value={quoteattr(value)}/>\n"


def packed() -> bytes:
    """The file's bytes, which depend on the content alone: the gzip header has no time and no name."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=9) as stream:
        for piece in log_text():
            stream.write(piece.encode())
    return buffer.getvalue()


if __name__ == "__main__":
    TARGET.write_bytes(packed())
