"""``ops pending``: the hours that have not been billed yet, by deadline, and why each waits."""

from collections import Counter
from heapq import nsmallest
from typing import Annotated, Any

import typer

from ledger.reading import AT_ONCE, RecordKey
from marketplace.hour import SECONDS, deadline, hour_of
from ops.answer import Answer, Parts, table, words
from ops.line_id import HourId, parse_customer, short_hour
from ops.read.waiting import Rules, Why
from ops.stage import OpenStage
from ops.subscriber import read_subscribers
from runtime.clock import iso

Limit = Annotated[int, typer.Option(min=1, max=5000, help="how many hours are looked into, the most urgent first")]
#: How many of them are printed; --json has all that were looked into.
SHOWN = 30

Customer = Annotated[str, typer.Option(help="only those of one customer")]


def pending(stage: OpenStage, customer: Customer = "", limit: Limit = 100) -> Answer:
    """Closed hours that are not billed yet, the nearest deadline first, and why each waits."""
    now = stage.now()
    by_hour: Counter[int] = Counter()
    urgent = nsmallest(limit, _keys(stage, customer, by_hour, now), key=lambda key: (deadline(key[1]), key))
    reasons: Counter[str] = Counter()
    rules, rows = Rules.of(stage), list[dict[str, Any]]()
    for start in range(0, len(urgent), AT_ONCE):
        rows += _looked_into(stage, rules, urgent[start : start + AT_ONCE], now, reasons)
    rows.sort(key=lambda row: (row["deadline"], row["hour"]))
    total = sum(by_hour.values())
    hours = [
        {
            "hour": short_hour(hour),
            "customers": number,
            "deadline": iso(deadline(hour)),
            "left": _left(deadline(hour), now),
        }
        for hour, number in sorted(by_hour.items())
    ]
    parts = Parts(data={"pendingHours": total, "byHour": hours, "reasons": dict(reasons), "hours": rows})
    if not total:
        parts.shown.append(words("Nothing waits: every closed hour is billed, or has ended by name."))
        parts.next.append("ops failed: lines that ended otherwise than billed")
        return parts.answer()
    columns = ("hour", "#customers", "deadline", "left")
    parts.shown.append(table(f"{total} customer hours wait", columns, [tuple(each.values()) for each in hours]))
    about = f"why ({len(rows)} of {total} looked into)" if len(rows) < total else "why"
    parts.shown.append(table(about, ("reason", "#lines or hours"), reasons.most_common()))
    parts.shown.append(
        table(
            "the most urgent",
            ("hour", "deadline", "why"),
            [(r["hour"], r["deadline"], r["says"]) for r in rows[:SHOWN]],
        )
    )
    parts.trouble = any(row["deadline"] < iso(now + 4 * SECONDS) for row in rows)
    parts.next += list(dict.fromkeys(step for row in rows[:SHOWN] for step in row["next"]))[:6]
    parts.next.append("ops backlog: until when it is drained")
    return parts.answer()


def _keys(stage: OpenStage, customer: str, by_hour: Counter[int], now: float) -> Any:
    """Keys of pending records of closed hours, which are counted as they pass."""
    last = hour_of(now) - SECONDS
    wanted = parse_customer(customer) if customer else None
    for key in stage.watch(stage.records.pending_keys(last), "pending hours"):
        if wanted is None or key[0] == wanted:
            by_hour[key[1]] += 1
            yield key


def _looked_into(
    stage: OpenStage, rules: Rules, keys: list[RecordKey], now: float, reasons: Counter[str]
) -> list[dict[str, Any]]:
    subscribers = read_subscribers(stage, (customer for customer, _ in keys))
    rows = []
    for record in stage.records.get_many(keys):
        subscriber = subscribers.get(record.customer_identifier)
        found = [("", rules.hour(record, subscriber, now))]
        found += [(name, rules.line(record, line, subscriber, now)) for name, line in sorted(record.lines.items())]
        waits = [(name, why) for name, why in found if why is not None]
        reasons.update(why.reason for _, why in waits)
        rows.append(
            {
                "hour": str(HourId(record.customer_identifier, record.hour)),
                "state": record.state,
                "deadline": iso(deadline(record.hour)),
                "reasons": sorted({why.reason for _, why in waits}),
                "says": "; ".join(_together(waits)),
                "next": list(dict.fromkeys(step for _, why in waits for step in why.next)),
            }
        )
    return rows


def _together(waits: list[tuple[str, Why]]) -> list[str]:
    """One sentence for all dimensions that wait for the same."""
    names: dict[str, list[str]] = {}
    for name, why in waits:
        names.setdefault(why.says, []).append(name)
    return [f"{', '.join(filter(None, of))}: {says}" if any(of) else says for says, of in names.items()]


def _left(until: float, now: float) -> str:
    minutes = int(max(0.0, until - now) // 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if until > now else "over"
