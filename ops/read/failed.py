"""``ops failed``: lines that ended otherwise than billed and wait for a person."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any

import typer

from ledger.metering_record import Line, MeteringRecord
from ledger.reading import AT_ONCE
from marketplace.hour import hour_of
from ops.answer import Answer, Parts, table, words
from ops.line_id import parse_customer
from ops.read.line_view import can_be_done, line_data
from ops.stage import OpenStage

Limit = Annotated[int, typer.Option(min=1, max=5000, help="how many lines at most, the oldest first")]
Customer = Annotated[str, typer.Option(help="only those of one customer")]


def failed(stage: OpenStage, customer: Customer = "", limit: Limit = 100) -> Answer:
    """Lines that ended otherwise than billed and are not resolved, and what may be done with each."""
    now = stage.now()
    wanted = parse_customer(customer) if customer else None
    found = list(islice(_failed(stage, now, wanted), limit + 1))
    more = len(found) > limit
    lines, verdicts = list[dict[str, Any]](), Counter[str]()
    money = Decimal(0)
    for record, line in found[:limit]:
        data = line_data(record, line)
        dimension = stage.dimensions_of(record).get(line.dimension)
        price = dimension.price if dimension is not None else None
        data["money"] = None if price is None else line.quantity * price
        data["canBeDone"] = can_be_done(record, line, now)
        money += data["money"] or 0
        verdicts[str(line.verdict)] += 1
        lines.append(data)
    parts = Parts(data={"lines": lines, "verdicts": dict(verdicts), "money": money, "more": more})
    if not lines:
        parts.shown.append(words("No line is failed."))
        parts.next.append("ops pending: what is not billed yet")
        return parts.answer()
    parts.trouble = True
    rows = [
        (d["line"], d["quantity"], d["verdict"], d["resolution"], "yes" if d["unconfirmed"] else "no", d["detail"])
        for d in lines
    ]
    columns = ("line", "#billed units", "verdict", "resolution", "may have been billed", "detail")
    parts.shown.append(table(f"{len(lines)}{' or more' if more else ''} lines are failed", columns, rows))
    if money:
        parts.shown.append(words(f"At list prices: {money.quantize(Decimal('0.01'))} {stage.settings.currency}"))
    if more:
        parts.shown.append(words(f"There are more: these are the oldest {limit}; --limit shows more of them."))
    parts.next += [step for data in lines[:3] for step in data["canBeDone"]]
    parts.next.append("ops explain <line>: what happened to one of them, and what to tell AWS")
    return parts.answer()


def _failed(stage: OpenStage, now: float, customer: str | None) -> Iterator[tuple[MeteringRecord, Line]]:
    keys = stage.watch(stage.records.failed_keys(hour_of(now)), "failed hours")
    wanted = (key for key in keys if customer is None or key[0] == customer)
    while chunk := list(islice(wanted, AT_ONCE)):
        for record in sorted(stage.records.get_many(chunk), key=lambda each: (each.hour, each.customer_identifier)):
            for _, line in sorted(record.lines.items()):
                if line.failed:
                    yield record, line
