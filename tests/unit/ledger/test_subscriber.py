"""A subscriber as every room reads it."""

from decimal import Decimal

import pytest

from ledger.chain import Chain, Earlier
from ledger.subscriber import HeldEntitlement, Period, Subscriber, from_item, has_ended_since
from ledger.subscribers import accepts_usage


def test_an_item_is_read_whole() -> None:
    item = {
        "customerIdentifier": "lic-1",
        "integration": "license",
        "subscriptionStatus": "pending_cancellation",
        "productCode": "p",
        "licenseArn": "arn:aws:license-manager::1:license:lic-1",
        "customerAWSAccountId": "123456789012",
        "agreementId": "agmt-1",
        "activePeriods": [{"start": Decimal(10), "end": Decimal(20)}, {"start": Decimal(30), "end": None}],
        "statusChangedAt": Decimal(20),
        "acceptsUntil": Decimal(2720),
        "lastNoticeAt": Decimal(21),
        "tier": "basic",
        "entitlements": [{"dimension": "basic", "expiresAt": Decimal(99), "value": "1"}, {"dimension": "pro"}],
        "entitlementsFetchedAt": Decimal("22.5"),
        "previousIdentifier": "old",
        "freeTrial": True,
        "version": Decimal(7),
    }
    read = from_item(item)
    assert read == Subscriber(
        customer_identifier="lic-1",
        integration="license",
        status="pending_cancellation",
        product_code="p",
        license_arn="arn:aws:license-manager::1:license:lic-1",
        account_id="123456789012",
        agreement_id="agmt-1",
        active_periods=(Period(10, 20), Period(30)),
        status_changed_at=20,
        accepts_until=2720,
        last_notice_at=21,
        tier="basic",
        entitlements=(HeldEntitlement("basic", 99, "1"), HeldEntitlement("pro", None, "")),
        entitlements_fetched_at=22.5,
        previous_identifier="old",
        chain=Chain(earlier=(Earlier("old"),)),
        free_trial=True,
        version=7,
    )
    assert read.latest_activation == 30
    assert read.item is item


def test_a_row_that_only_a_notice_made_is_read_too() -> None:
    read = from_item({"customerIdentifier": "c"})
    assert (read.integration, read.status, read.active_periods, read.version) == ("legacy", "pending", (), 0)
    assert read.latest_activation is None
    assert read.accepts_until is None


@pytest.mark.parametrize("now", [100.0, 100.999])
def test_the_condition_compares_whole_seconds(now: float) -> None:
    check = accepts_usage("t", "c", now)["ConditionCheck"]
    assert check["Key"] == {"customerIdentifier": "c"}
    assert check["ExpressionAttributeValues"][":now"] == 100


@pytest.mark.parametrize(
    ("periods", "hour", "ended"),
    [
        ([], 7200, False),
        ([Period(0)], 7200, False),
        ([Period(0, 7201)], 7200, True),
        # What an ended period leaves over goes to an hour that begins with its end, or later.
        ([Period(0, 7200)], 7200, True),
        ([Period(0, 7100)], 7200, True),
        # The buyer is back, and this hour is the new period's own.
        ([Period(0, 7100), Period(7150)], 7200, False),
        ([Period(0, 7300), Period(7350)], 7200, True),
    ],
)
def test_an_hour_that_marketplace_takes_for_an_hour_of_grace_only(
    periods: list[Period], hour: int, ended: bool
) -> None:
    assert has_ended_since(periods, hour) is ended
