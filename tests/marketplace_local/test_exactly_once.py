"""Whatever a seller sends, the log holds first writes only, and its counts add up."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace_local import api
from marketplace_local.admin import api as admin_api
from marketplace_local.state import MarketplaceState
from tests.marketplace_local.market import HOUR, NOW, PRODUCT, Ticks

AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=A/20261115/us-east-1/aws-marketplace/aws4_request, Signature=0"
HEADERS = {"Authorization": AUTHORIZATION, "X-Amz-Target": "AWSMPMeteringService.BatchMeterUsage"}
#: ``Quantity`` and ``QuantityAsDecimal`` that are equal by value, and some that are not
AMOUNTS: list[dict[str, Any]] = [{"Quantity": 5}, {"QuantityAsDecimal": "5.0"}, {"Quantity": 6}, {}]
FAULTS = ["throttle", "server-error", "lost-answer", "unprocessed"]

records = st.tuples(
    st.integers(0, 2),  # The buyer; the third has no agreement.
    st.integers(-30, 1),  # Hours from HOUR on; some are too old, some in the future.
    st.sampled_from([0, 1800]),  # Seconds into the hour.
    st.sampled_from(["runs", "gb"]),
    st.sampled_from(AMOUNTS),
)
#: About one call in five meets a fault.
calls = st.tuples(st.lists(records, max_size=6), st.sampled_from([*FAULTS, *[None] * 12]))


@settings(max_examples=150, deadline=None)
@given(st.lists(calls, max_size=12), st.sampled_from(["Success", "DuplicateRecord"]))
def test_no_slot_is_billed_twice_and_the_first_write_stays(
    sent: list[tuple[list[Any], str | None]], identical: Any
) -> None:
    """BatchMeterUsage deduplicates by identity, dimension and hour; first write wins (AWS skill)."""
    state = MarketplaceState(now=NOW.timestamp, monotonic=Ticks())
    state.settings.identical_resend = identical
    product = {"productCode": PRODUCT, "dimensions": ["runs", "gb"], "integration": "license"}
    admin_api.answer(state, "POST", "/_local/products", {}, product)
    buyer = {"productCode": PRODUCT, "activatedAt": "2026-11-01T00:00:00Z"}
    buyers = [admin_api.answer(state, "POST", "/_local/buyers", {}, buyer) for _ in range(2)]
    buyers.append(admin_api.answer(state, "POST", "/_local/buyers", {}, {"productCode": PRODUCT}))

    expected: dict[tuple[str, str, str], Decimal] = {}
    for entries, fault in sent:
        if fault:
            admin_api.answer(state, "POST", "/_local/faults", {}, {"kind": fault})
        usage = [_record(buyers, *entry) for entry in entries]
        given_back = api.answer(state, HEADERS.get, json.dumps({"UsageRecords": usage}).encode())
        state.faults.clear()
        _expect(expected, buyers, usage, given_back)

    lines = {(line.buyer, line.dimension, line.hour): Decimal(line.quantity) for line in state.log.accepted}
    assert lines == expected
    assert len(state.log.accepted) == len(lines)
    sums = state.log.summary()
    assert sums["accepted"] == len(lines)
    assert sums["records"] == sum(len(entries) for entries, _ in sent)
    assert sums["records"] == sums["accepted"] + sums["duplicates"] + sums["rejected"] + sums["unprocessed"]
    assert sums["billedTwice"] == 0


def _record(
    buyers: list[dict[str, Any]], who: int, hours: int, seconds: int, dimension: str, amount: dict[str, Any]
) -> dict[str, Any]:
    return {
        "Timestamp": (HOUR + timedelta(hours=hours, seconds=seconds)).timestamp(),
        "Dimension": dimension,
        "CustomerAWSAccountId": buyers[who]["accountId"],
        "LicenseArn": buyers[who]["licenseArn"],
        **amount,
    }


def _expect(
    expected: dict[tuple[str, str, str], Decimal],
    buyers: list[dict[str, Any]],
    usage: list[dict[str, Any]],
    given_back: api.ApiAnswer,
) -> None:
    """The independent oracle: the work that the answer reports. In this process even a lost answer can be read."""
    in_window = all(
        NOW.timestamp() - 86400 < entry["Timestamp"] // 3600 * 3600 and entry["Timestamp"] <= NOW.timestamp()
        for entry in usage
    )
    if given_back.status != 200:
        assert given_back.error in ("ThrottlingException", "InternalServiceErrorException") or not in_window
        return
    assert in_window
    left = list(given_back.body["UnprocessedRecords"])
    for entry in usage:
        if entry in left:
            left.remove(entry)
            continue
        owner = next(buyer for buyer in buyers if buyer["licenseArn"] == entry["LicenseArn"])
        if not owner["periods"]:
            continue
        hour = datetime.fromtimestamp(entry["Timestamp"] // 3600 * 3600, UTC)
        quantity = Decimal(entry.get("QuantityAsDecimal", entry.get("Quantity", 0)))
        expected.setdefault((owner["id"], entry["Dimension"], f"{hour:%Y-%m-%dT%H:%M:%SZ}"), quantity)
