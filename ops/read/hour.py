"""``ops hour``: one customer's hour from its counts to AWS Marketplace's record ids."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from ledger.metering_record import MeteringRecord
from marketplace.hour import SECONDS
from ops.answer import Answer, Parts, table, words
from ops.line_id import HourId, parse_hour
from ops.read.line_view import COLUMNS, can_be_done, line_data, line_row, verdict_means
from ops.read.waiting import Rules, hour_deadline
from ops.stage import OpenStage
from ops.subscriber import read_subscriber
from runtime.clock import iso
from usage.judge_event import judge

Hour = Annotated[str, typer.Argument(metavar="CUSTOMER/HOUR", help="for example l-0123/2026-11-15T14:00Z")]


def hour(stage: OpenStage, hour: Hour) -> Answer:
    """One customer's hour: its counts, what is included, its lines, their verdicts, and why it waits."""
    wanted = parse_hour(hour)
    now = stage.now()
    record = stage.records.get(wanted.customer, wanted.hour)
    parts = Parts()
    parts.data["hour"] = str(wanted)
    if record is None:
        _nothing(stage, wanted, parts, now)
        return parts.answer()
    show_record(stage, record, parts, now)
    return parts.answer()


def show_record(stage: OpenStage, record: MeteringRecord, parts: Parts, now: float) -> None:
    """Add a record to an answer: its counts, its lines, why it waits, and what can be done."""
    subscriber = read_subscriber(stage, record.customer_identifier)
    rules = Rules.of(stage)
    state = "settled" if record.ended else record.state
    lines = [line_data(record, line) for _, line in sorted(record.lines.items())]
    counts = [
        {"dimension": dimension, "month": month, "counted": units, "included": record.included.get(dimension)}
        for (dimension, month), units in sorted(record.counted.items())
    ]
    why = rules.hour(record, subscriber, now)
    parts.data |= {
        "state": state,
        "timestamp": iso(record.sent_timestamp) if record.sent_timestamp is not None else None,
        "identity": dict(record.identity),
        "deadline": iso(hour_deadline(record)),
        "counts": counts,
        "lines": lines,
        "waits": None if why is None else {"reason": why.reason, "says": why.says},
    }
    parts.shown.append(words(f"{parts.data['hour']} is {state}", style="bold"))
    if record.sent_timestamp is not None:
        parts.shown.append(words(f"sent as Timestamp {iso(record.sent_timestamp)} for {_identity(record)}"))
    parts.shown.append(_counts(counts))
    if lines:
        parts.shown.append(table("lines", COLUMNS, [line_row(each) for each in lines]))
    elif record.state == "sealed":
        parts.shown.append(
            words("It has no lines: nothing was left to bill (all included, or less than a billed unit).")
        )
    if why is not None:
        parts.shown.append(words(why.says, style="yellow"))
        parts.next += why.next
    for line in record.lines.values():
        waits = rules.line(record, line, subscriber, now)
        if waits is not None:
            parts.shown.append(words(f"{line.dimension} waits: {waits.says}", style="yellow"))
            parts.next += waits.next
        if line.failed:
            parts.trouble = True
            parts.shown.append(words(f"{line.dimension} was not billed: {line.verdict}", style="red"))
            parts.shown.append(words(*(f"  {sentence}" for sentence in verdict_means(str(line.verdict)))))
            parts.next += can_be_done(record, line, now)
    parts.next.append(f"ops customer {record.customer_identifier}: what the customer holds and has used")


def _counts(counts: list[dict[str, Any]]) -> Any:
    if not counts:
        return words("No usage was recorded in it.")
    rows = [(each["dimension"], each["month"], each["counted"], each["included"]) for each in counts]
    return table("recorded units", ("dimension", "month", "#counted", "#of these included"), rows)


def _identity(record: MeteringRecord) -> str:
    known = {name: value for name, value in record.identity.items() if name != "integration"}
    return ", ".join(f"{name} {value}" for name, value in sorted(known.items())) or "nobody: its identity is not known"


def _nothing(stage: OpenStage, wanted: HourId, parts: Parts, now: float) -> None:
    """Why there is no record of an hour."""
    subscriber = read_subscriber(stage, wanted.customer)
    if subscriber is None:
        says = f"There is no customer {wanted.customer}, so nothing can be recorded for it."
    elif wanted.hour > now:
        says = "The hour has not begun."
    else:
        ended = judge(min(wanted.hour + SECONDS - 1.0, now), subscriber, now)
        says = "No usage was recorded in this hour, so there was nothing to bill."
        if ended.kind != "accept":
            says += f" Usage of this hour would be {ended.kind}: {ended.message}."
        else:
            says += " Usage reported later than its hour is in the hour after it, marked late; a sender's refused or"
            says += " waiting usage is in the queues."
    parts.data |= {"state": None, "says": says, "counts": [], "lines": [], "quantity": Decimal(0)}
    parts.shown.append(words(f"{wanted} has no record.", says))
    parts.next += [f"ops customer {wanted.customer}", "ops status: the queues of refused and waiting usage"]
    if subscriber is not None and subscriber.previous_identifier:
        parts.next.append(f"ops customer {subscriber.previous_identifier}: the key before a renewal")
