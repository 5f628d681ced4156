"""The statements that a run must prove, each by evidence of its own, so that no two errors can cancel out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.metering_record import MeteringRecord
from local.replay.send_usage import Tally
from local.replay.units import Key, account, included, sums
from local.run_report.extras import Check
from marketplace.dimensions import Dimension
from marketplace.tiers import UNLIMITED
from runtime.clock import iso

#: The answers that each purpose of the replay may get; ``refusal:x`` may get ``refused x`` only.
EXPECTED = {
    "normal": {"recorded"},
    "late": {"recorded"},
    "duplicate": {"duplicate"},
    "after_cancelling": {"recorded", "refused not_subscribed", "retry_later just_ended"},
    "unknown_customer": {"retry_later unknown_customer"},
}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """tally: the verdicts that senders received. events, records: the ledger's items. accepted: Marketplace's log.

    allowances: the units a month that each buyer's tier includes, by customer and dimension.
    """

    tally: Tally
    events: Sequence[Mapping[str, Any]]
    records: Sequence[MeteringRecord]
    accepted: Sequence[Mapping[str, Any]]
    billed_twice: int
    dimensions: Mapping[str, Dimension]
    allowances: Mapping[str, Mapping[str, Decimal]]


def checks(evidence: Evidence) -> tuple[Check, ...]:
    """Every statement, in the order of a unit's path."""
    return (
        _answers(evidence),
        _stored(evidence),
        _counted(evidence),
        _users(evidence),
        _included(evidence),
        _accepted_once(evidence),
        _agreed(evidence),
        _own_ids(evidence),
        _ended(evidence),
    )


def _answers(evidence: Evidence) -> Check:
    unexpected = {
        f"{purpose}: {answer}": number
        for purpose, answers in evidence.tally.answers.items()
        for answer, number in answers.items()
        if answer not in EXPECTED.get(purpose, {f"refused {purpose.partition(':')[2]}"})
    }
    number = sum(answers.total() for answers in evidence.tally.answers.values())
    figures = ", ".join(f"{what} ({times})" for what, times in sorted(unexpected.items())[:5])
    return Check(
        statement="Every event got the answer that its purpose calls for.",
        holds=not unexpected,
        figures=figures or f"{number} events",
    )


def _stored(evidence: Evidence) -> Check:
    stored = sums((account(item), item["content"]["quantity"]) for item in evidence.events)
    return Check(
        statement="What the API confirmed as recorded is what the ledger stores.",
        holds=_nonzero(evidence.tally.by_verdict["recorded"]) == _nonzero(stored),
        figures=f"{len(_nonzero(stored))} accounts of a customer and a dimension",
    )


def _counted(evidence: Evidence) -> Check:
    """Compares hour by hour, so that a loss in one and a doubling in another do not cancel out."""
    events = sums(((*account(item), int(item.get("billedHour", 0))), item["counted"]) for item in evidence.events)
    counters = sums(
        ((record.customer_identifier, dimension, record.hour), units)
        for record in evidence.records
        for (dimension, _period), units in record.counted.items()
    )
    return Check(
        statement="Each hour's counters are the sums of its events.",
        holds=_nonzero(events) == _nonzero(counters),
        figures=f"{len(counters)} counters",
    )


def _users(evidence: Evidence) -> Check:
    """Counts each user of a month once; the simulated day lies in one month."""
    distinct = {name for name, dimension in evidence.dimensions.items() if dimension.aggregation == "distinct"}
    items = [item for item in evidence.events if item["content"]["dimension"] in distinct]
    users = Counter(key for key, _ in {(account(item), item["content"]["userHash"]) for item in items})
    return Check(
        statement="Each user is counted once.",
        holds=users == sums((account(item), item["counted"]) for item in items),
        figures=f"{users.total()} users",
    )


def _included(evidence: Evidence) -> Check:
    counted = sums(
        ((record.customer_identifier, dimension), units)
        for record in evidence.records
        for (dimension, _period), units in record.counted.items()
    )

    def owed(customer: str, dimension: str) -> Decimal:
        allowance = evidence.allowances[customer].get(dimension, Decimal(0))
        return counted[customer, dimension] if allowance == UNLIMITED else min(counted[customer, dimension], allowance)

    covered = included(evidence.records)
    return Check(
        statement="Each contract covers what its tier includes, no more and no less.",
        holds=_nonzero(covered) == _nonzero({key: owed(*key) for key in list(counted)}),
        figures=f"{len(counted)} allowances",
    )


def _accepted_once(evidence: Evidence) -> Check:
    slots = {(line["buyer"], line["hour"], line["dimension"]) for line in evidence.accepted}
    return Check(
        statement="No line was accepted twice.",
        holds=len(slots) == len(evidence.accepted) and not evidence.billed_twice,
        figures=f"{len(evidence.accepted)} accepted lines",
    )


def _agreed(evidence: Evidence) -> Check:
    at_marketplace = Counter(
        (line["buyer"], line["hour"], line["dimension"], Decimal(line["quantity"])) for line in evidence.accepted
    )
    in_ledger = Counter(
        (record.customer_identifier, iso(record.hour), name, line.quantity)
        for record in evidence.records
        for name, line in record.lines.items()
        if line.verdict in ("billed", "on_file")
    )
    return Check(
        statement="The ledger's billed lines and Marketplace's log agree, line by line.",
        holds=at_marketplace == in_ledger,
        figures=f"{in_ledger.total()} billed lines in the ledger",
    )


def _own_ids(evidence: Evidence) -> Check:
    lines = [line for record in evidence.records for line in record.lines.values()]
    ids = [line.metering_record_id for line in lines if line.metering_record_id]
    return Check(
        statement="Each accepted line has a MeteringRecordId of its own.",
        holds=len(ids) == len(set(ids)),
        figures=f"{len(ids)} ids",
    )


def _ended(evidence: Evidence) -> Check:
    open_or_failed = [record for record in evidence.records if record.pending or record.marked_failed]
    return Check(
        statement="Nothing is pending, and nothing failed.",
        holds=not open_or_failed,
        figures=f"{len(open_or_failed)} of {len(evidence.records)} hours",
    )


def _nonzero(quantities: Mapping[Key, Decimal]) -> dict[Key, Decimal]:
    return {key: quantity for key, quantity in quantities.items() if quantity}
