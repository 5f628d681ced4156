"""``ops customer``: what a customer is, holds and has used, and how its last hours went."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from ledger import tables
from ledger.metering_record import MeteringRecord
from ledger.reading import every_page
from ledger.subscriber import Subscriber
from marketplace.hour import SECONDS, hour_of, month_of
from marketplace.tiers import UNLIMITED
from metering.seal.terms import Waiting, allowance_for, identity_of
from ops.answer import Answer, Parts, cell, table, words
from ops.line_id import parse_customer, short_hour
from ops.read.errors_page import meaning
from ops.read.waiting import Rules, hour_id, line_id, pause_says, resume
from ops.stage import OpenStage
from ops.subscriber import read_subscriber
from runtime.clock import iso

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="a billing key")]
Hours = Annotated[int, typer.Option(min=1, max=400, help="how many of the last hours")]


def customer(stage: OpenStage, customer: Customer, hours: Hours = 24) -> Answer:
    """What a customer is, what it holds and has used this month, how its last hours went, and open findings."""
    key, now, parts = parse_customer(customer), stage.now(), Parts()
    parts.data["customer"] = key
    subscriber = read_subscriber(stage, key)
    if subscriber is None:
        parts.data["status"] = None
        parts.shown.append(
            words(f"There is no customer {key}.", "A buyer is stored when it registers, or by its first notice.")
        )
        parts.next.append("ops status: kept notices and dead letters, by queue")
        parts.trouble = True
        return parts.answer()
    rules = Rules.of(stage)
    _status(parts, subscriber, rules)
    _contract(parts, stage, subscriber, rules, now)
    _hours(parts, stage, subscriber, rules, now, hours)
    _findings(parts, stage, key)
    parts.next.append(f"ops usage --month {month_of(now)} --customer {key}")
    return parts.answer()


def _status(parts: Parts, subscriber: Subscriber, rules: Rules) -> None:
    periods = [
        {"start": iso(p.start), "end": iso(p.end) if p.end is not None else None} for p in subscriber.active_periods
    ]
    product = rules.products.of(subscriber.product_code)
    identity = identity_of(subscriber, rules.products)
    facts = {
        "status": subscriber.status,
        "since": _time(subscriber.status_changed_at),
        "usage accepted until": _time(subscriber.accepts_until),
        "product": product.named if product else subscriber.product_code,
        "integration": subscriber.integration,
        "AWS account": subscriber.account_id,
        "licence": subscriber.license_arn,
        "agreement": subscriber.agreement_id,
        "agreement is": subscriber.chain.agreement_status,
        "key before": subscriber.previous_identifier,
        "key after": subscriber.chain.succeeded_by,
        "bills from": _time(subscriber.chain.bills_from),
        "bills until": _time(subscriber.chain.bills_until),
        "billed under": subscriber.superseded_by,
        "free trial": subscriber.free_trial,
        "registered": subscriber.registered_at,
        "linked account": subscriber.linked_account,
    }
    standing = {topic: f"{each.state} at {each.at}" for topic, each in subscriber.agreement_standing.items()}
    pause = rules.pause_of(subscriber.customer_identifier)
    parts.data |= {
        "status": subscriber.status,
        "facts": {name: value for name, value in facts.items() if value is not None},
        "activePeriods": periods,
        "agreementStanding": standing,
        "identityComplete": identity is not None,
        "paused": None if pause is None else pause_says(pause[1]),
    }
    parts.shown.append(words(f"{subscriber.customer_identifier} is {subscriber.status}", style="bold"))
    rows = [(name, value) for name, value in facts.items() if value is not None]
    rows += [("active", f"{p['start']} to {p['end'] or 'now'}") for p in periods]
    rows += [
        ("provided", f"{each.license_arn or 'no licence'}: {each.status} ({each.reason or 'no reason'})")
        for each in subscriber.agreement_entitlements
    ]
    rows += [(f"agreement: {topic}", says) for topic, says in standing.items()]
    parts.shown.append(table("", ("", ""), rows))
    if identity is None:
        parts.trouble = True
        parts.shown.append(words("Its identity is not complete: its hours wait.", style="red"))
        parts.next.append("ops explain identity_incomplete")
    if pause is not None:
        parts.shown.append(words(f"It is {pause_says(pause[1])}", style="yellow"))
        parts.next.append(resume(pause[0]))
    if subscriber.superseded_by:
        parts.next.append(f"ops customer {subscriber.superseded_by}")


def _contract(parts: Parts, stage: OpenStage, subscriber: Subscriber, rules: Rules, now: float) -> None:
    held = [
        {"dimension": e.dimension, "value": e.value, "expiresAt": _time(e.expires_at)} for e in subscriber.entitlements
    ]
    product = rules.products.of(subscriber.product_code)
    sold = product.dimensions if product else {}
    allowance = allowance_for(subscriber, hour_of(now), product) if product else Waiting("product_unknown")
    balance = stage.balances.get(subscriber.customer_identifier)
    month = month_of(now)
    used = {name: balance.used.get((name, month), Decimal(0)) for name in sold}
    included: dict[str, Any] = {}
    if not isinstance(allowance, Waiting):
        included = {name: allowance.of(name) for name in sold}
    rows = []
    for name, dimension in sold.items():
        most, remainder = included.get(name), balance.remainder.get(name, Decimal(0))
        left = None if most is None or most == UNLIMITED else max(Decimal(0), most - used[name])
        rows.append(
            {
                "dimension": name,
                "unit": dimension.unit,
                "included": None if most is None else ("unlimited" if most == UNLIMITED else most),
                "used": used[name],
                "left": left,
                "remainder": remainder,
            }
        )
    parts.data |= {
        "tier": subscriber.tier,
        "entitlements": held,
        "entitlementsFetchedAt": _time(subscriber.entitlements_fetched_at),
        "month": month,
        "allowance": rows,
    }
    if held:
        parts.shown.append(
            table(
                f"entitlements (tier {subscriber.tier or 'none'}, fetched {_time(subscriber.entitlements_fetched_at)})",
                ("dimension", "value", "expires"),
                [tuple(each.values()) for each in held],
            )
        )
    parts.shown.append(
        table(
            f"contract in {month}, in recorded units (sealed hours only)",
            ("dimension", "unit", "#included", "#used of it", "#left", "#not yet a billed unit"),
            [tuple(row.values()) for row in rows],
        )
    )
    if isinstance(allowance, Waiting):
        row = meaning(allowance.reason, "Why an hour waits")
        parts.data["waits"] = allowance.reason
        parts.trouble = parts.trouble or subscriber.status == "active"
        missing = f": missing is {row.cells['what is missing']}" if row else ""
        parts.shown.append(words(f"Its hours cannot be sealed ({allowance.reason}){missing}", style="red"))
        parts.next.append(f"ops explain {allowance.reason}")


def _hours(parts: Parts, stage: OpenStage, subscriber: Subscriber, rules: Rules, now: float, hours: int) -> None:
    last = hour_of(now) + SECONDS
    key = subscriber.customer_identifier
    records = stage.records.of_customer(key, last - hours * SECONDS, last, limit=hours + 1)
    found = [_hour(record, subscriber, rules, now) for record in records]
    parts.data["hours"] = found
    if not found:
        parts.shown.append(words(f"No usage was recorded in its last {hours} hours."))
        return
    parts.shown.append(
        table(
            f"last {hours} hours",
            ("hour", "state", "recorded units", "lines", "why it waits"),
            [(each["hour"], each["state"], each["counted"], each["lines"], each["waits"]) for each in found],
        )
    )
    failed = [line_id(record, line) for record in records for line in record.lines.values() if line.failed]
    if failed:
        parts.trouble = True
        parts.next += [f"ops explain {line}" for line in failed[:3]]
    waiting = [hour_id(record) for record in records if not record.ended and record.hour + SECONDS <= now]
    parts.next += [f"ops hour {each}" for each in waiting[:1]]


def _hour(record: MeteringRecord, subscriber: Subscriber, rules: Rules, now: float) -> dict[str, Any]:
    totals: dict[str, Decimal] = {}
    for (dimension, _), units in record.counted.items():
        totals[dimension] = totals.get(dimension, Decimal(0)) + units
    reasons = [rules.hour(record, subscriber, now)]
    reasons += [rules.line(record, line, subscriber, now) for line in record.lines.values()]
    return {
        "hour": short_hour(record.hour),
        "state": "settled" if record.ended else record.state,
        "counted": ", ".join(f"{name} {cell(units)}" for name, units in sorted(totals.items())),
        "lines": ", ".join(
            f"{name} {cell(line.quantity)} {line.verdict or 'pending'}"
            + (f" ({line.resolution})" if line.resolution else "")
            for name, line in sorted(record.lines.items())
        ),
        "waits": ", ".join(dict.fromkeys(why.reason for why in reasons if why is not None)) or None,
    }


def _findings(parts: Parts, stage: OpenStage, key: str) -> None:
    found = every_page(
        stage.table(tables.AUDIT).query,
        KeyConditionExpression="subject = :subject AND begins_with(#item, :kind)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":subject": key, ":kind": "finding#"},
    )
    findings = [{"finding": item["item"], "foundAt": item.get("foundAt")} for item in found if "findingState" in item]
    parts.data["openFindings"] = findings
    if findings:
        parts.trouble = True
        parts.shown.append(
            table("open findings of audits", ("finding", "found"), [tuple(f.values()) for f in findings])
        )
        parts.next.append("ops findings")


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else iso(int(seconds))
