"""``ops adjust``: a billing adjustment request for a line that is billed and should not have been.

Marketplace takes no usage back: a seller asks it to adjust the buyer's invoice instead (Agreement API,
``BatchCreateBillingAdjustmentRequest``, reason INCORRECT_METERING; shapes: botocore's model of marketplace-agreement).
The request's token is made from the line, its invoice and the units, so that a repeat is the same request.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from ledger import tables
from ledger.metering_record import Line, MeteringRecord
from ledger.reading import every_page
from ledger.transaction import Operation
from marketplace.quantity import text
from ops.answer import words
from ops.change import OUTCOME, Change, note_outcome, write_entry
from ops.line_id import LineId, parse_line
from ops.refused import Refused
from ops.repair.lines import AnyLine
from ops.repair.once import record_of
from ops.stage import OpenStage
from ops.subscriber import read_subscriber

#: The Agreement API's only Region (botocore's endpoints).
REGION = "us-east-1"
SERVICE = "marketplace-agreement"
#: ``adjustmentAmount`` has at most eight decimals.
SMALLEST = Decimal("0.00000001")
ON_FILE = ("billed", "on_file")

Units = Annotated[str, typer.Option(help="billed units that should not have been billed")]
Everything = Annotated[bool, typer.Option("--all", help="all units of the line")]
Price = Annotated[
    str, typer.Option(help="the price of a billed unit in the buyer's offer, if it is not the list price")
]
InvoiceId = Annotated[str, typer.Option(help="the invoice, where the month has several")]
Send = Annotated[bool, typer.Option("--send", help="with --apply: send the request to AWS Marketplace")]


def adjust(
    stage: OpenStage,
    line: AnyLine,
    units: Units = "",
    everything: Everything = False,
    price: Price = "",
    invoice: InvoiceId = "",
    send: Send = False,
) -> Change:
    """Prepare AWS Marketplace's billing adjustment request for a line that is billed, and print it.

    It is sent only with --apply and --send.
    """
    named = parse_line(line)
    record = record_of(stage, named)
    billed = record.lines.get(named.dimension)
    if billed is None or billed.verdict not in ON_FILE:
        found = "no such line" if billed is None else (billed.verdict or "pending")
        raise Refused(f"{named} is not billed ({found}), so there is nothing to adjust: ops explain {named}")
    quantity = _units(billed, units, everything)
    amount = amount_of(quantity, _price(stage, record, named.dimension, price))
    subscriber = read_subscriber(stage, named.customer)
    if subscriber is None or subscriber.agreement_id is None:
        raise Refused(f"the agreement of {named.customer} is not known: look it up in the Management Portal")
    agreement = subscriber.agreement_id
    invoices = _invoices(stage, agreement, record.hour)
    chosen, note = choose(invoices, invoice, amount)
    made = token(named, chosen, quantity)
    _check_asked(stage, named, billed, quantity, made)
    request = {
        "agreementId": agreement,
        "originalInvoiceId": chosen or invoice or "<invoice>",
        "adjustmentAmount": text(amount),
        "currencyCode": stage.settings.currency,
        "adjustmentReasonCode": "INCORRECT_METERING",
        "description": f"{text(quantity)} units of {named.dimension} were metered too much",
        "clientToken": made,
    }

    def do(entry: Operation) -> list[str]:
        if not send:
            raise Refused("--apply sends the request only together with --send: without both it is only printed")
        if not chosen:
            raise Refused(note)
        write_entry(stage, entry)
        try:
            # Another person may have asked since: of two who look after they wrote, one at least sees the other.
            _check_asked(stage, named, billed, quantity, made)
        except Refused as why:
            note_outcome(stage, entry, {"refused": str(why)})
            raise
        return _send(stage, entry, request)

    return Change(
        subject=named.customer,
        target=str(named),
        change={"units": quantity, "request": request},
        shown=[
            words(f"{named}: {text(quantity)} of {text(billed.quantity)} billed units too much", note),
            words(json.dumps({"billingAdjustmentRequestEntries": [request]}, indent=2)),
        ],
        do=do,
        next=[f"ops actions {named.customer}"],
    )


# --- rules: pure ------------------------------------------------------------------------------------------------------


def amount_of(units: Decimal, price: Decimal) -> Decimal:
    """The money of these units, cut to what a request takes."""
    return (units * price).quantize(SMALLEST, rounding=ROUND_DOWN)


def token(line: LineId, invoice: str, units: Decimal) -> str:
    """The idempotency token: the same for the same line, invoice and units; 64 characters of ``[a-zA-Z0-9-]`` at
    most."""
    named = json.dumps([str(line), invoice, text(units)])
    return f"line-{hashlib.sha256(named.encode()).hexdigest()[:48]}"


def choose(invoices: Sequence[Mapping[str, Any]], wanted: str, amount: Decimal) -> tuple[str, str]:
    """The invoice to adjust, empty where none can be, and a sentence about it."""
    ids = [str(each["invoiceId"]) for each in invoices]
    if not ids:
        return "", "The month's invoice is not issued yet (metered usage is invoiced at the start of the next month)."
    if wanted and wanted not in ids:
        return "", f"The month has no invoice {wanted}; it has {', '.join(ids)}."
    if not wanted and len(ids) > 1:
        return "", f"The month has several invoices ({', '.join(ids)}): name one with --invoice."
    (chosen,) = (each for each in invoices if each["invoiceId"] == (wanted or ids[0]))
    most = chosen.get("pricingCurrencyAmount", {}).get("maxAdjustmentAmount")
    if most is not None and amount > Decimal(most):
        return "", f"AWS Marketplace adjusts the invoice {chosen['invoiceId']} by at most {most}."
    return str(chosen["invoiceId"]), f"It is part of the invoice {chosen['invoiceId']}."


def _units(line: Line, units: str, everything: bool) -> Decimal:
    if everything == bool(units):
        raise Refused("say how much was billed too much: --units N, or --all")
    wanted = line.quantity if everything else _number(units, "--units")
    if not 0 < wanted <= line.quantity:
        raise Refused(f"--units must lie between 0 and the line's {text(line.quantity)} billed units")
    return wanted


def _number(given: str, option: str) -> Decimal:
    try:
        number = Decimal(given)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0:
        raise Refused(f"{option} must be a number above 0, for example 2 or 0.5, not {given[:40]!r}")
    return number


# --- AWS and the tables -----------------------------------------------------------------------------------------------


def _price(stage: OpenStage, record: MeteringRecord, dimension: str, given: str) -> Decimal:
    if given:
        return _number(given, "--price")
    known = stage.dimensions_of(record).get(dimension)
    if known is None or known.price is None:
        raise Refused(f"the stage file has no price of {dimension}: add --price <the price of a billed unit>")
    return known.price


def _check_asked(stage: OpenStage, line: LineId, billed: Line, units: Decimal, made: str) -> None:
    """Raises Refused where more than the line would be adjusted, or where AWS Marketplace has this very request."""
    before, known = _asked_before(stage, line, made)
    if before + units > billed.quantity:
        raise Refused(
            f"{line} has {text(billed.quantity)} billed units, and an adjustment of {text(before)} was asked for"
            f" before (ops actions {line.customer}): at most {text(billed.quantity - before)} are left"
        )
    if known:
        raise Refused(
            f"AWS Marketplace has this request already ({known}), and would take a repeat for it: for {text(units)}"
            f" units more, ask for them in parts of another size (ops actions {line.customer})"
        )


def _asked_before(stage: OpenStage, line: LineId, repeated: str) -> tuple[Decimal, str]:
    """Billed units of the line that earlier commands asked AWS Marketplace to adjust, and that it did not refuse; and
    the id of the earlier request with the same token, which AWS Marketplace has; empty where there is none.

    repeated: the token of the request that is about to be made. One with the same token whose answer is not known is
    the same request.
    """
    items = list(_audited(stage, line))
    outcomes = {
        str(item["item"]).removesuffix(OUTCOME): item["change"]["outcome"] for item in items if _is_outcome(item)
    }
    asked, known = Decimal(0), ""
    for item in items:
        outcome = outcomes.get(str(item["item"]))
        if _is_outcome(item) or (outcome is not None and "refused" in outcome):
            continue
        same = item["change"]["request"]["clientToken"] == repeated
        if outcome is not None or not same:
            asked += item["change"]["units"]
        if outcome is not None and same:
            known = str(outcome["billingAdjustmentRequestId"])
    return asked, known


def _audited(stage: OpenStage, line: LineId) -> Iterable[Mapping[str, Any]]:
    """What the audit trail has of adjustments of the line."""
    items = every_page(
        stage.table(tables.AUDIT).query,
        KeyConditionExpression="subject = :customer AND begins_with(#item, :actions)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":customer": line.customer, ":actions": "action#"},
        ConsistentRead=True,
    )
    return (item for item in items if (item["command"], item["target"]) == ("adjust", str(line)))


def _is_outcome(item: Mapping[str, Any]) -> bool:
    return str(item["item"]).endswith(OUTCOME)


def _invoices(stage: OpenStage, agreement: str, hour: int) -> Sequence[Mapping[str, Any]]:
    """The invoices of the hour's month."""
    month = datetime.fromtimestamp(hour, UTC)
    answer = stage.aws.ask(
        SERVICE,
        "list_agreement_invoice_line_items",
        region=REGION,
        agreementId=agreement,
        groupBy="INVOICE_ID",
        invoiceType="INVOICE",
        invoiceBillingPeriod={"month": month.month, "year": month.year},
    )
    found: Sequence[Mapping[str, Any]] = answer.get("agreementInvoiceLineItemGroupSummaries", ())
    return found


def _send(stage: OpenStage, entry: Operation, request: Mapping[str, Any]) -> list[str]:
    try:
        answer = stage.aws.ask(
            SERVICE,
            "batch_create_billing_adjustment_request",
            region=REGION,
            billingAdjustmentRequestEntries=[request],
        )
    except ClientError as failure:
        if failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) < 500:
            note_outcome(stage, entry, {"refused": failure.response["Error"]["Code"]})
        raise
    if errors := answer.get("errors"):
        why = f"{errors[0]['code']}: {errors[0]['message']}"
        note_outcome(stage, entry, {"refused": why})
        raise Refused(f"AWS Marketplace refuses the request ({why}); nothing was adjusted")
    made = answer["items"][0]["billingAdjustmentRequestId"]
    note_outcome(stage, entry, {"billingAdjustmentRequestId": made})
    return [f"AWS Marketplace has the request: {made}. Its answer comes as a notice."]
