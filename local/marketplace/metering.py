"""BatchMeterUsage: the rules in order, then one verdict a record. A refused request processes no record at all."""

import uuid
from typing import Any

from local.marketplace.call_log import Accepted, Call
from local.marketplace.errors import ApiError
from local.marketplace.model import violations
from local.marketplace.rules import deduplication, identity, request_form, window
from local.marketplace.rules.usage_record import BoundRecord, MeteringRequest
from local.marketplace.state import MarketplaceState
from runtime.clock import iso

_RECORD_IDS = uuid.UUID("6b1d9a51-32c5-4e63-9d4f-2f2a3c7d3a10")


def batch_meter_usage(state: MarketplaceState, body: Any, size: int, call: Call) -> dict[str, Any]:
    """The answer of one call; ``size`` is the request's bytes. Raises ApiError for the whole request."""
    request_form.request_fits_model(violations("meteringmarketplace", "BatchMeterUsage", body))
    request = MeteringRequest.from_body(body, size)
    now = state.now()
    bound, product_code = _judge_request(state, request, now)
    call.productCode = product_code
    results: list[dict[str, Any]] = []
    unprocessed: list[dict[str, Any]] = []
    for entry in bound:
        if state.faults.take("unprocessed", "BatchMeterUsage", product=product_code, buyer=entry.buyer.id):
            unprocessed.append(entry.record.sent)
        else:
            results.append(_meter(state, entry, product_code, now, call))
    call.unprocessed = len(unprocessed)
    state.log.counts["unprocessed"] += len(unprocessed)
    return {"Results": results, "UnprocessedRecords": unprocessed}


def _judge_request(
    state: MarketplaceState, request: MeteringRequest, now: float
) -> tuple[tuple[BoundRecord, ...], str]:
    """Every rule that rejects the whole request; the bound records and their product."""
    request_form.request_under_one_megabyte(request)
    for record in request.records:
        for form_rule in request_form.RECORD_FORM_RULES:
            form_rule(record)
    bound = identity.bind(request, state.catalogue)
    product_code = request.product_code or (bound[0].buyer.product_code if bound else "")
    _refuse_on_demand(state, product_code, bound)
    for entry in bound:
        identity.dimension_of_product(entry, product_code, state.catalogue)
        for window_rule in window.WINDOW_RULES:
            window_rule(entry.record, now)
        window.not_before_activation(entry.record, entry.buyer)
    return bound, product_code


def _refuse_on_demand(state: MarketplaceState, product_code: str, bound: tuple[BoundRecord, ...]) -> None:
    """Armed faults of kind ``error`` that name a product, a buyer or a dimension of this request."""
    for entry in bound:
        fault = state.faults.take(
            "error", "BatchMeterUsage", product=product_code, buyer=entry.buyer.id, dimension=entry.record.dimension
        )
        if fault:
            raise ApiError(fault.error, "fault on demand")


def _meter(state: MarketplaceState, entry: BoundRecord, product_code: str, now: float, call: Call) -> dict[str, Any]:
    """One record's result; writes it if its slot was free and its buyer is subscribed."""
    record, buyer = entry.record, entry.buyer
    key = deduplication.key_of(record, product_code, call.region)
    on_file = state.on_file.get(key)
    forced = state.faults.take("status", "BatchMeterUsage", buyer=buyer.id, dimension=record.dimension)
    is_subscribed = window.subscribed(record, buyer, product_code, now)
    status: str = deduplication.verdict(record.quantity, on_file, is_subscribed, state.switches.identical_resend)
    status = forced.status if forced else status
    if status == "Success" and on_file is None:
        on_file = deduplication.OnFile(record.quantity, str(uuid.uuid5(_RECORD_IDS, "|".join(map(str, key)))))
        state.on_file[key] = on_file
        state.log.accept(_accepted_line(state, entry, key, on_file, product_code, now))
        state.log.counts["accepted"] += 1
        state.log.counts["otherRegion"] += int(call.region != state.catalogue.products[product_code].region)
    elif status == "CustomerNotSubscribed":
        state.log.counts["rejected"] += 1
    else:
        state.log.counts["duplicates"] += 1
        state.log.counts["identical"] += int(on_file is not None and on_file.quantity == record.quantity)
    result: dict[str, Any] = {"UsageRecord": record.sent, "Status": status}
    if status == "Success" and on_file:
        result["MeteringRecordId"] = on_file.metering_record_id
    call.results.append(
        {
            "buyer": buyer.id,
            "dimension": record.dimension,
            "timestamp": iso(record.timestamp),
            "quantity": record.quantity_text,
            "status": status,
        }
    )
    return result


def _accepted_line(
    state: MarketplaceState,
    entry: BoundRecord,
    key: deduplication.Key,
    on_file: deduplication.OnFile,
    product_code: str,
    now: float,
) -> Accepted:
    record = entry.record
    named = ("CustomerIdentifier", "CustomerAWSAccountId", "LicenseArn")
    return Accepted(
        seq=len(state.log.accepted) + 1,
        productCode=product_code,
        buyer=entry.buyer.id,
        identity={name: record.sent[name] for name in named if record.sent.get(name)},
        region=key[0],
        dimension=record.dimension,
        hour=iso(key[5]),
        timestamp=iso(record.timestamp),
        quantity=record.quantity_text,
        meteringRecordId=on_file.metering_record_id,
        at=iso(now),
    )
