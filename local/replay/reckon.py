"""Finds where every unit ended, from the sender's tally, the ledger's tables and Marketplace's log."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger import tables
from ledger.balance import ENDED, REMAINDER
from ledger.metering_record import FAILED, MeteringRecord, from_item
from local.replay.buyers import Buyer
from local.replay.checks import Evidence, checks
from local.replay.engine_day import EngineDay
from local.replay.living_engine import LivingEngineDay
from local.replay.send_usage import Tally
from local.replay.units import AccountKey, Units, account, billed, included, sums
from local.run_report.extras import Check
from local.run_report.schema import UNKNOWN, Account, Customer, Marketplace
from local.stage import LocalStage


@dataclass(frozen=True)
class Reckoning:
    """The result. customers: with their accounts. marketplace: its own counts. checks: the run's statements."""

    customers: tuple[Customer, ...]
    marketplace: Marketplace
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Stored:
    """The ledger's items and Marketplace's log. states: recorded units, and the units of each state after that."""

    events: list[dict[str, Any]]
    records: list[MeteringRecord]
    accepted: list[dict[str, Any]]
    states: dict[str, Units]

    @classmethod
    def of(cls, stage: LocalStage) -> "Stored":
        """Reads everything."""
        records = [from_item(item) for item in stage.items(tables.METERING_RECORDS)]
        accepted = list(stage.marketplace.accepted())
        events = [item for item in stage.items(tables.USAGE_EVENTS) if "content" in item]
        states = _ledger_states(records)
        states["included"] = included(records)
        states["billed"] = billed(accepted, stage.settings.dimensions)
        states["remainder"] = sums(_remainders(stage.items(tables.STATE)))
        states["recorded"] = sums((account(item), item["content"]["quantity"]) for item in events)
        states["repeatedUsers"] = sums((account(e), e["content"]["quantity"] - e["counted"]) for e in events)
        return cls(events, records, accepted, states)


def reckon(
    stage: LocalStage, tally: Tally, buyers: Mapping[str, Buyer], engine: EngineDay | LivingEngineDay
) -> Reckoning:
    """Reads everything and adds it up. buyers: by customerIdentifier. engine: of the customer that has one."""
    stored = Stored.of(stage)
    states = {**stored.states, "received": tally.received}
    for state, verdict in (("refused", "refused"), ("repeatedEvents", "duplicate"), ("waiting", "retry_later")):
        states[state] = tally.by_verdict[verdict]
    accounts: dict[str, dict[str, Account]] = defaultdict(dict)
    for customer, dimension in sorted({key for units in states.values() for key in units}):
        amounts = {state: units.get((customer, dimension), Decimal(0)) for state, units in states.items()}
        accounts[customer][dimension] = Account(**amounts)
    customers = tuple(
        Customer(
            customerIdentifier=name, integration=buyers[name].integration if name in buyers else UNKNOWN, dimensions=own
        )
        for name, own in accounts.items()
    )
    summary = stage.marketplace.summary()
    names = ("calls", "records", "accepted", "duplicates", "rejected")
    judged = Marketplace(url=stage.marketplace.url, **{name: summary[name] for name in names})
    evidence = Evidence(
        tally=tally,
        events=stored.events,
        records=stored.records,
        accepted=stored.accepted,
        billed_twice=summary["billedTwice"],
        dimensions=stage.settings.dimensions,
        allowances={key: _allowance(stage, buyer) for key, buyer in buyers.items()},
    )
    return Reckoning(customers, judged, (*checks(evidence), engine.check(stored.events)))


def _allowance(stage: LocalStage, buyer: Buyer) -> Mapping[str, Decimal]:
    return next(tier.included for tier in stage.product.tiers if tier.name == buyer.tier)


def _ledger_states(records: list[MeteringRecord]) -> dict[str, Units]:
    """Units of the hours by state: pending, failed, unconfirmed or not sent."""
    states: dict[str, Units] = {name: defaultdict(Decimal) for name in ("pending", "failed", "unconfirmed", "notSent")}
    for record in records:
        if record.state != "sealed":
            for (dimension, _period), units in record.counted.items():
                states["pending"][record.customer_identifier, dimension] += units
        for name, line in record.lines.items():
            key = (record.customer_identifier, name)
            if not line.ended:
                states["pending"][key] += line.units
            elif line.verdict == "not_sent":
                states["notSent"][key] += line.units
            elif line.verdict in FAILED and line.resolution != "carried":  # Those are in another hour or the balance.
                states["unconfirmed" if line.unconfirmed else "failed"][key] += line.units
    return states


def _remainders(items: list[dict[str, Any]]) -> Iterator[tuple[AccountKey, Decimal]]:
    """Units that do not fill a billed unit yet, or did not when a subscription ended."""
    for item in items:
        for name, value in item.items():
            if name.startswith(REMAINDER):
                yield (item["customerIdentifier"], name[len(REMAINDER) :]), value
            elif name.startswith(ENDED):
                yield (item["customerIdentifier"], name[len(ENDED) :].rpartition("#")[0]), value
