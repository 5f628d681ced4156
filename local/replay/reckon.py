"""Where every unit ended: the sender's tally, the ledger's tables and Marketplace's log, held against each other."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger import tables
from ledger.balance import REMAINDER
from ledger.metering_record import FAILED, MeteringRecord, from_item
from local.replay.send_usage import AccountKey, Tally
from local.run_report.extras import Check
from local.run_report.schema import UNKNOWN, Account, Customer, Marketplace
from local.stage import LocalStage
from marketplace.dimensions import Dimension
from runtime.clock import iso

Units = dict[AccountKey, Decimal]


@dataclass(frozen=True)
class Reckoning:
    """customers: with their accounts. marketplace: its own counts. checks: statements held against the evidence."""

    customers: tuple[Customer, ...]
    marketplace: Marketplace
    checks: tuple[Check, ...]


def reckon(stage: LocalStage, tally: Tally, integrations: Mapping[str, str]) -> Reckoning:
    """Read everything and add it up. integrations: by customerIdentifier."""
    records = [from_item(item) for item in stage.items(tables.METERING_RECORDS)]
    accepted = list(stage.marketplace.accepted())
    states = _ledger_states(records)
    states["billed"] = _billed(accepted, stage.settings.dimensions)
    states["remainder"] = _remainders(stage.items(tables.STATE))
    states["recorded"], states["repeatedUsers"] = _events(stage.items(tables.USAGE_EVENTS))
    states["received"] = tally.received
    for state, verdict in (("refused", "refused"), ("repeatedEvents", "duplicate"), ("waiting", "retry_later")):
        states[state] = tally.by_verdict[verdict]
    accounts: dict[str, dict[str, Account]] = defaultdict(dict)
    for customer, dimension in sorted({key for units in states.values() for key in units}):
        amounts = {state: units.get((customer, dimension), Decimal(0)) for state, units in states.items()}
        accounts[customer][dimension] = Account(**amounts)
    customers = tuple(
        Customer(customerIdentifier=name, integration=integrations.get(name, UNKNOWN), dimensions=own)
        for name, own in accounts.items()
    )
    summary = stage.marketplace.summary()
    names = ("calls", "records", "accepted", "duplicates", "rejected")
    judged = Marketplace(url=stage.marketplace.url, **{name: summary[name] for name in names})
    return Reckoning(customers, judged, _checks(stage, tally, states["recorded"], records, accepted, summary))


def _events(items: list[dict[str, Any]]) -> tuple[Units, Units]:
    """What is stored as recorded, and how much of it was users already counted."""
    recorded: Units = defaultdict(Decimal)
    repeated: Units = defaultdict(Decimal)
    for item in items:
        if "content" in item:
            key = (item["customerIdentifier"], item["content"]["dimension"])
            recorded[key] += item["content"]["quantity"]
            repeated[key] += item["content"]["quantity"] - item["counted"]
    return recorded, repeated


def _ledger_states(records: list[MeteringRecord]) -> dict[str, Units]:
    """Units of hours that are included, pending, failed, unconfirmed or not sent."""
    states: dict[str, Units] = {
        name: defaultdict(Decimal) for name in ("included", "pending", "failed", "unconfirmed", "notSent")
    }
    for record in records:
        if record.state != "sealed":
            for (dimension, _period), units in record.counted.items():
                states["pending"][record.customer_identifier, dimension] += units
        for name, units in record.included.items():
            states["included"][record.customer_identifier, name] += units
        for name, line in record.lines.items():
            key = (record.customer_identifier, name)
            if not line.ended:
                states["pending"][key] += line.units
            elif line.verdict == "not_sent":
                states["notSent"][key] += line.units
            elif line.verdict in FAILED:
                # sealed as expired: never sent, so certainly not billed
                never_sent = record.settle_version == 0
                states["failed" if never_sent or line.resolution == "lost" else "unconfirmed"][key] += line.units
    return states


def _billed(accepted: list[dict[str, Any]], dimensions: Mapping[str, Dimension]) -> Units:
    billed: Units = defaultdict(Decimal)
    for line in accepted:
        billed[line["buyer"], line["dimension"]] += Decimal(line["quantity"]) * dimensions[line["dimension"]].scale
    return billed


def _remainders(items: list[dict[str, Any]]) -> Units:
    return {
        (item["customerIdentifier"], name[len(REMAINDER) :]): value
        for item in items
        for name, value in item.items()
        if name.startswith(REMAINDER)
    }


def _checks(
    stage: LocalStage,
    tally: Tally,
    recorded: Units,
    records: list[MeteringRecord],
    accepted: list[dict[str, Any]],
    summary: Mapping[str, Any],
) -> tuple[Check, ...]:
    at_marketplace = Counter((a["buyer"], a["hour"], a["dimension"], Decimal(a["quantity"])) for a in accepted)
    slots = {(a["buyer"], a["hour"], a["dimension"]) for a in accepted}
    in_ledger = Counter(_billed_lines(records))
    ids = [line.metering_record_id for r in records for line in r.lines.values() if line.metering_record_id]
    told = {key: units for key, units in tally.by_verdict["recorded"].items() if units}
    stored = {key: units for key, units in recorded.items() if units}
    return (
        Check(
            statement="No line was accepted twice.",
            holds=len(slots) == len(accepted) and not summary["billedTwice"],
            figures=f"{len(accepted)} accepted lines",
        ),
        Check(
            statement="The ledger's billed lines and Marketplace's log agree, line by line.",
            holds=at_marketplace == in_ledger,
            figures=f"{in_ledger.total()} billed lines in the ledger",
        ),
        Check(
            statement="Each accepted line has a MeteringRecordId of its own.",
            holds=len(ids) == len(set(ids)),
            figures=f"{len(ids)} ids",
        ),
        Check(
            statement="What senders were told is recorded is what is stored.",
            holds=told == stored,
            figures=f"{len(stored)} accounts of a customer and a dimension",
        ),
        Check(
            statement="Nothing is pending, and nothing failed.",
            holds=not any(r.pending or r.marked_failed for r in records),
            figures=f"{sum(bool(r.pending) for r in records)} of {len(records)} hours pending",
        ),
    )


def _billed_lines(records: list[MeteringRecord]) -> list[tuple[str, str, str, Decimal]]:
    return [
        (record.customer_identifier, iso(record.hour), name, line.quantity)
        for record in records
        for name, line in record.lines.items()
        if line.verdict in ("billed", "on_file")
    ]
