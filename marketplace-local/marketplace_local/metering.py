"""BatchMeterUsage: the rules in order, then one status a record. A refused request processes no record (rule A06)."""

import uuid
from typing import Any, NamedTuple

from marketplace_local.call_log import Accepted, Call
from marketplace_local.clock import iso
from marketplace_local.errors import ServiceError
from marketplace_local.faults.armed import CallFault
from marketplace_local.faults.met import FaultsMet
from marketplace_local.model import violations
from marketplace_local.rules import deduplication, identity, request_form, window
from marketplace_local.rules.usage_record import BoundRecord, MeteringRequest
from marketplace_local.state import MarketplaceState

_RECORD_IDS = uuid.UUID("6b1d9a51-32c5-4e63-9d4f-2f2a3c7d3a10")


class _Context(NamedTuple):
    """The values that all records of one call share; ``now``: epoch seconds."""

    state: MarketplaceState
    call: Call
    faults: FaultsMet
    product_code: str
    now: float


def batch_meter_usage(state: MarketplaceState, body: Any, size: int, call: Call, faults: FaultsMet) -> dict[str, Any]:
    """The answer of one call; ``size`` is the request's bytes. Raises ServiceError for the whole request."""
    request_form.request_fits_model(violations("meteringmarketplace", "BatchMeterUsage", body))
    request = MeteringRequest.from_body(body, size)
    now = state.now()
    bound, product_code = _judge_request(state, request, now, faults)
    call.productCode = product_code
    context = _Context(state, call, faults, product_code, now)
    results: list[dict[str, Any]] = []
    unprocessed: list[dict[str, Any]] = []
    partial = faults.take("partial-unprocessed", product=product_code)
    for index, entry in enumerate(bound):
        if (partial and faults.touches(index)) or _record_fault(context, "unprocessed", entry):
            unprocessed.append(entry.record.sent)
        else:
            results.append(_meter(context, entry))
    call.unprocessed = len(unprocessed)
    state.log.counts["unprocessed"] += len(unprocessed)
    return _answer(context, results, unprocessed)


def _judge_request(
    state: MarketplaceState, request: MeteringRequest, now: float, faults: FaultsMet
) -> tuple[tuple[BoundRecord, ...], str]:
    """Applies every rule that rejects the whole request; returns the bound records and their product."""
    request_form.request_under_one_megabyte(request)
    for record in request.records:
        request_form.record_is_well_formed(record)
    bound = identity.bind(request, state.catalogue)
    product_code = request.product_code or (bound[0].buyer.product_code if bound else "")
    _refuse_on_demand(faults, product_code, bound)
    for entry in bound:
        identity.dimension_of_product(entry, product_code, state.catalogue)
        window.in_bounds(entry.record, now)
        window.not_before_activation(entry.record, entry.buyer)
        if state.settings.usage_after_end == "InvalidLicenseException":
            window.not_after_end(entry.record, entry.buyer)
    return bound, product_code


def _refuse_on_demand(faults: FaultsMet, product_code: str, bound: tuple[BoundRecord, ...]) -> None:
    """Armed faults of kind ``error`` that name a product, a buyer or a dimension of this request."""
    for entry in bound:
        if fault := faults.take("error", product=product_code, buyer=entry.buyer.id, dimension=entry.record.dimension):
            raise ServiceError(fault.error, "a fault on demand")


def _record_fault(context: _Context, kind: str, entry: BoundRecord) -> CallFault | None:
    """The fault of that kind that touches the record."""
    return context.faults.take(
        kind, product=context.product_code, buyer=entry.buyer.id, dimension=entry.record.dimension
    )


def _answer(context: _Context, results: list[dict[str, Any]], unprocessed: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer's two lists (rule A07), which faults may reverse or shorten."""
    if context.faults.take("reordered", product=context.product_code):
        results, unprocessed = results[::-1], unprocessed[::-1]
    if context.faults.take("omitted", product=context.product_code):
        results = [result for index, result in enumerate(results) if not context.faults.touches(index)]
    return {"Results": results, "UnprocessedRecords": unprocessed}


def _meter(context: _Context, entry: BoundRecord) -> dict[str, Any]:
    """One record's result; accepts the record if its slot is free and its buyer is subscribed."""
    state, record = context.state, entry.record
    key = deduplication.key_of(record, context.product_code, context.call.region)
    on_file = state.on_file.get(key)
    status, rule = _judge(context, entry, on_file)
    counts = state.log.counts
    if status == "Success" and on_file is None:
        record_id = metering_record_id(key)
        on_file = deduplication.OnFile(record.quantity, record_id, deduplication.shares_of(record))
        state.on_file[key] = on_file
        state.log.accept(_accepted(context, entry, key, record_id))
        counts["accepted"] += 1
        counts["otherRegion"] += int(context.call.region != state.catalogue.products[context.product_code].region)
    elif status == "CustomerNotSubscribed":
        counts["rejected"] += 1
    else:
        counts["duplicates"] += 1
        counts["identical"] += int(on_file is not None and deduplication.identical(record, on_file))
    context.call.results.append(
        {
            "buyer": entry.buyer.id,
            "dimension": record.dimension,
            "timestamp": iso(record.timestamp),
            "quantity": record.quantity_text,
            "status": status,
            "rule": rule,
        }
    )
    result: dict[str, Any] = {"UsageRecord": record.sent, "Status": status}
    if status == "Success" and on_file:
        result["MeteringRecordId"] = on_file.metering_record_id
    return result


def _judge(context: _Context, entry: BoundRecord, on_file: deduplication.OnFile | None) -> tuple[str, str]:
    """A record's status and the id of the rule that it breaks, "" for Success and for a forced status."""
    if fault := _record_fault(context, "status", entry):
        return fault.status, ""
    record = entry.record
    rule = window.why_not_subscribed(record, entry.buyer, context.product_code, context.now)
    status = deduplication.status_of(record, on_file, not rule, context.state.settings.identical_resend)
    if status == "DuplicateRecord" and on_file:
        rule = deduplication.rule_of_duplicate(record, on_file)
    return status, rule


def metering_record_id(key: deduplication.Key) -> str:
    """Rule A02. The id follows from the slot."""
    return str(uuid.uuid5(_RECORD_IDS, "|".join(map(str, key))))


def _accepted(context: _Context, entry: BoundRecord, key: deduplication.Key, record_id: str) -> Accepted:
    record = entry.record
    named = ("CustomerIdentifier", "CustomerAWSAccountId", "LicenseArn")
    return Accepted(
        seq=len(context.state.log.accepted) + 1,
        productCode=context.product_code,
        buyer=entry.buyer.id,
        identity={name: record.sent[name] for name in named if record.sent.get(name)},
        region=key[0],
        dimension=record.dimension,
        hour=iso(key[5]),
        timestamp=iso(record.timestamp),
        quantity=record.quantity_text,
        meteringRecordId=record_id,
        at=iso(context.now),
    )
