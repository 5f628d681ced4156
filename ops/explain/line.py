"""What happened to a line, from its counts to AWS Marketplace's answer."""

from decimal import Decimal
from typing import Any, NamedTuple

from ledger.metering_record import Line, MeteringRecord
from ops.answer import Answer, Parts, cell, table, words
from ops.explain.log_lines import log_of
from ops.line_id import LineId, short_hour
from ops.read.errors_page import meaning
from ops.read.line_view import can_be_done, line_data, verdict_means
from ops.read.waiting import Rules
from ops.refused import Refused
from ops.stage import OpenStage
from ops.subscriber import read_subscriber
from runtime.clock import iso

SENT_AGAIN = {
    None: "It is sent by itself until its deadline. Sending the same line twice cannot bill it twice.",
    "retried": "It is sent again by itself: a person decided so.",
    "not_subscribed": "It is sent again by itself: every 4 hours, and when the buyer's status changes.",
    "rejected": "It is sent again by itself, in each run until its deadline.",
    "billed": "No, and it need not be: AWS Marketplace has it.",
    "on_file": "No, and it need not be: AWS Marketplace has it.",
    "not_sent": "No: the stage's meteringMode did not send it, and its time is over.",
    "conflict": "No: another quantity is on file for this buyer, dimension and hour, and the first one wins.",
    "presumed_on_file": "No: most likely it is billed, and only the answer was lost.",
    "expired": "No: AWS Marketplace takes no usage after the deadline. Its units can be carried into the open hour.",
}


class Step(NamedTuple):
    """Something that happened to a line; at: ISO, or empty where the time is not stored."""

    at: str
    what: str


def explain_line(stage: OpenStage, wanted: LineId, *, logs: bool) -> Answer:
    """The whole story of a line. Raises Refused where there is no such line."""
    record = stage.records.get(wanted.customer, wanted.hour)
    counted = record is not None and any(name == wanted.dimension for name, _ in record.counted)
    if record is None or (wanted.dimension not in record.lines and not counted):
        raise Refused(f"there is no line {wanted}: ops hour {wanted.of_hour} shows what there is")
    parts = Parts(data={"line": str(wanted)})
    parts.shown.append(words(str(wanted), style="bold"))
    show_line(stage, record, wanted, parts, logs=logs)
    return parts.answer()


def show_line(stage: OpenStage, record: MeteringRecord, wanted: LineId, parts: Parts, *, logs: bool) -> None:
    """Add a line's story to an answer."""
    now = stage.now()
    subscriber = read_subscriber(stage, wanted.customer)
    rules = Rules.of(stage)
    line = record.lines.get(wanted.dimension)
    steps = _steps(record, line, wanted.dimension)
    parts.data["steps"] = [{"at": step.at, "what": step.what} for step in steps]
    parts.shown.append(table("what happened", ("at", ""), steps))
    if line is None:
        why = rules.hour(record, subscriber, now)
        if why is None:
            says = "The hour is sealed, and nothing of this dimension was left to bill in it."
        else:
            says = f"It is no line yet: {why.says}."
            parts.next += why.next
        parts.data |= {"waits": says, "verdict": None}
        parts.shown.append(words(says))
        return
    data = line_data(record, line)
    again = SENT_AGAIN.get(line.verdict, SENT_AGAIN[None])
    waits = rules.line(record, line, subscriber, now)
    parts.data |= {**data, "sentAgain": again, "waits": None if waits is None else waits.says}
    parts.shown.append(words(f"verdict: {data['verdict']}", style="bold"))
    parts.shown.append(words(*(f"  {sentence}" for sentence in verdict_means(data["verdict"]))))
    parts.shown.append(
        words("May it be sent again?", style="bold"),
    )
    parts.shown.append(words(f"  {again}"))
    if waits is not None:
        parts.shown.append(words(f"  Now: {waits.says}"))
        parts.next += waits.next
    if logs and line.at is not None:
        _log(stage, record, line, parts)
    if line.failed or line.verdict in ("rejected", "not_subscribed"):
        parts.trouble = True
        _for_aws(stage, record, line, parts)
    parts.next += can_be_done(record, line, now)


def _steps(record: MeteringRecord, line: Line | None, dimension: str) -> list[Step]:
    counted = sum((units for (name, _), units in record.counted.items() if name == dimension), Decimal(0))
    steps = [Step(iso(record.hour), f"{cell(counted)} recorded units were counted in the hour that began then")]
    if record.state != "sealed" or line is None:
        return steps
    included = sum(line.included.values(), Decimal(0))
    scale = f", {line.scale} recorded units a billed unit" if line.scale != 1 else ""
    sealed = f"sealed as {cell(line.quantity)} billed units ({cell(included)} included{scale})"
    if record.sent_timestamp is not None:
        sealed += f", Timestamp {iso(record.sent_timestamp)}"
    steps.append(Step("", sealed))
    if line.hold is not None:
        held = f"held for a person: {cell(line.hold.times)} times the usual {cell(line.hold.usual)} recorded units"
        steps.append(Step(iso(int(line.hold.at)), held))
        if line.hold.released_at is not None:
            steps.append(Step(iso(int(line.hold.released_at)), f"released by {line.hold.released_by}"))
    for attempt in sorted(line.attempts):
        at, _, _ = attempt.rpartition("-")
        moment = iso(int(at)) if at.isdecimal() and int(at) else ""
        steps.append(Step(moment, "sent, and no answer is stored: AWS Marketplace may have taken it"))
    if line.verdict is not None:
        said = f"verdict {line.verdict}"
        said += f": {line.detail}" if line.detail else ""
        said += f", MeteringRecordId {line.metering_record_id}" if line.metering_record_id else ""
        said += f", AWS's request id {line.request_id}" if line.request_id else ""
        steps.append(Step(iso(int(line.at)) if line.at is not None else "", said))
    if line.resolution:
        to = f" to the hour {short_hour(line.carried_to)}" if line.carried_to is not None else ""
        at = iso(int(line.resolved_at)) if line.resolved_at is not None else ""
        steps.append(Step(at, f"resolution: {line.resolution}{to}"))
    if not line.ended:
        steps.append(Step(iso(line.deadline), "its deadline: from then on it is no longer sent"))
    return steps


def _log(stage: OpenStage, record: MeteringRecord, line: Line, parts: Parts) -> None:
    assert line.at is not None
    found, missing = log_of(stage, record.customer_identifier, iso(record.hour), line.at)
    mine = [each for each in found if each.get("dimension") in (None, line.dimension)]
    parts.data["log"] = mine
    if missing:
        parts.shown.append(words(f"The log was not read: {missing}.", style="yellow"))
    elif mine:
        said = [{k: v for k, v in each.items() if k not in ("timestamp", "dimension")} for each in mine]
        told = (", ".join(f"{name} {value}" for name, value in each.items()) for each in said)
        rows = list(zip((each.get("timestamp") for each in mine), told, strict=True))
        parts.shown.append(table("in the log of submit-batch", ("at", ""), rows))


def _for_aws(stage: OpenStage, record: MeteringRecord, line: Line, parts: Parts) -> None:
    """What a case at AWS needs (docs/errors.md), without personal data."""
    facts: dict[str, Any] = {
        "product code": record.product_code or ", ".join(stage.settings.products.codes),
        **{
            name: value for name, value in sorted(record.identity.items()) if name not in ("integration", "productCode")
        },
        "dimension": line.dimension,
        "timestamp": iso(record.sent_timestamp) if record.sent_timestamp is not None else None,
        "quantity": line.quantity,
        "MeteringRecordId": line.metering_record_id,
        "request id": line.request_id,
        "answered at": iso(int(line.at)) if line.at is not None else None,
        "error": line.detail,
    }
    known = {name: value for name, value in facts.items() if value is not None}
    parts.data["forAws"] = known
    parts.shown.append(table("what to tell AWS, if you open a case", ("", ""), list(known.items())))
    row = meaning(line.detail, "AWS Marketplace") if line.detail else None
    if row:
        parts.shown.append(
            table(f"{line.detail}", ("", ""), [(head, text) for head, text in row.cells.items() if text])
        )
        parts.next.append(f"ops explain {line.detail}")
