"""What happened to a reported event: the whole chain to AWS Marketplace's record id."""

from typing import Any

from ledger import tables
from ledger.metering_record import Line
from ledger.usage_events import event_key, stored_event
from ops.answer import Answer, Parts, table, words
from ops.explain.line import show_line
from ops.line_id import EventId, LineId, short_hour
from ops.stage import OpenStage
from ops.subscriber import read_subscriber
from runtime.clock import iso


def explain_event(stage: OpenStage, wanted: EventId, *, logs: bool) -> Answer:
    """Event → trace of its request → hour → line → run → AWS's request → MeteringRecordId."""
    parts = Parts(data={"event": str(wanted)})
    item = _read(stage, wanted)
    if item is None:
        return _unknown(stage, wanted, parts)
    event = stored_event(item)
    content = dict(event.content)
    line = LineId(wanted.customer, event.billed_hour, str(content["dimension"]))
    stored = {
        "dimension": content["dimension"],
        "quantity": content.get("quantity"),
        "source": content.get("source"),
        "happened": item.get("occurredAt"),
        "recorded": item.get("recordedAt"),
        "hour that bills it": short_hour(event.billed_hour),
        "late": event.late,
        "counted": event.counted,
        "month": event.period,
        "trace id": item.get("traceId"),
        "taken back": item.get("voidedAt"),
        "taken back by": item.get("voidedBy"),
    }
    parts.data["stored"] = {name: value for name, value in stored.items() if value is not None}
    parts.shown.append(words(f"event {wanted}", style="bold"))
    parts.shown.append(table("", ("", ""), list(parts.data["stored"].items())))
    if event.voided:
        parts.shown.append(words("It was taken back: nothing of it is billed, and its id can never be used again."))
        return parts.answer()
    if not event.counted:
        parts.shown.append(words("It added nothing: its user or count was counted in that month before."))
    record = stage.records.get(line.customer, line.hour)
    if record is None:
        parts.trouble = True
        parts.shown.append(words("The hour that has to bill it has no record: that must not be.", style="red"))
        parts.next.append("docs/runbooks: the page on restoring the ledger")
        return parts.answer()
    parts.shown.append(words(f"its line {line}", style="bold"))
    parts.data["line"] = str(line)
    _show_chain(parts, record.lines.get(line.dimension), line, item.get("traceId"))
    show_line(stage, record, line, parts, logs=logs)
    if record.state == "open":
        parts.next.append(f'ops void {wanted} --why "...": take it back, while its hour is open')
    return parts.answer()


def _show_chain(parts: Parts, billed: Line | None, line: LineId, trace: str | None) -> None:
    """The ids by which each system names it, from the sender's request to AWS Marketplace's record, as far as it has
    come."""
    chain = [
        ("trace id", trace, "the request: answers of POST /usage, X-Ray, the log of usage (xray_trace_id, traceId)"),
        ("line", str(line), "the ledger"),
        ("run", billed.run if billed else None, "the execution of the workflow that sent the line"),
        ("request id", billed.request_id if billed else None, "AWS's call BatchMeterUsage: CloudTrail's requestID"),
        ("MeteringRecordId", billed.metering_record_id if billed else None, "AWS Marketplace's record"),
    ]
    parts.data["chain"] = {name: value for name, value, _ in chain}
    rows = [(name, value or "none yet", where) for name, value, where in chain]
    parts.shown.append(table("its ids", ("", "", "where it is found"), rows))


def _read(stage: OpenStage, wanted: EventId) -> dict[str, Any] | None:
    key = {"customerIdentifier": wanted.customer, "eventId": event_key(wanted.event)}
    return stage.table(tables.USAGE_EVENTS).get_item(Key=key, ConsistentRead=True).get("Item")


def _unknown(stage: OpenStage, wanted: EventId, parts: Parts) -> Answer:
    subscriber = read_subscriber(stage, wanted.customer)
    says = [
        f"No event {wanted.event} is recorded for {wanted.customer}.",
        "It was never sent, or refused, or still waits in a queue. Events are kept for 60 days.",
    ]
    if subscriber is None:
        says.append(f"There is no customer {wanted.customer}: usage that names it waits for a day, then it is refused.")
    elif subscriber.status != "active":
        says.append(f"The customer is {subscriber.status} since {iso(subscriber.status_changed_at or 0)}.")
    parts.data |= {"stored": None, "says": says}
    parts.shown.append(words(*says))
    parts.trouble = True
    parts.next += [f"ops customer {wanted.customer}", "ops status: the queues of waiting and refused usage"]
    if subscriber is not None and subscriber.previous_identifier:
        parts.next.append(
            f"ops explain {subscriber.previous_identifier}/{wanted.event}: under the key before a renewal"
        )
    return parts.answer()
