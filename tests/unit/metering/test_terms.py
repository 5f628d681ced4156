"""With which allowance an hour is sealed, or why it waits."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger.subscriber import from_item
from marketplace.tiers import Tier
from metering.seal.terms import Allowance, Waiting, allowance_for
from tests.products import sold

HOUR = 1_000_000 * 3600
TIERS = (Tier("basic", {"d": Decimal(5)}), Tier("pro", {"d": Decimal(50), "e": Decimal(-1)}))


def subscriber(**changes: Any) -> Any:
    item = {
        "customerIdentifier": "c",
        "subscriptionStatus": "active",
        "activePeriods": [{"start": HOUR - 9}],
        "entitlements": [{"dimension": "basic", "expiresAt": HOUR + 1, "value": "1"}],
        "entitlementsFetchedAt": HOUR - 1,
        "lastNoticeAt": HOUR - 2,
    } | changes
    return from_item({name: value for name, value in item.items() if value is not None})


def found(model: str = "contract-with-consumption", hour: int = HOUR, **changes: Any) -> Allowance | Waiting:
    return allowance_for(subscriber(**changes), hour, *sold(pricing_model=model, tiers=TIERS))


def test_a_subscription_has_no_allowance_and_waits_for_nothing() -> None:
    answer = found("subscription", entitlements=None, entitlementsFetchedAt=None)
    assert answer == Allowance(None)
    assert Allowance(None).of("d") is None


@pytest.mark.parametrize("model", ["contract", "contract-with-consumption"])
def test_a_contract_includes_what_its_tier_says_and_nothing_else(model: str) -> None:
    answer = found(model)
    assert isinstance(answer, Allowance)
    assert answer.of("d") == 5
    assert answer.of("not listed") == 0


def test_the_highest_tier_held_counts() -> None:
    both = [{"dimension": name, "value": "1"} for name in ("pro", "basic", "else")]
    assert found(entitlements=both) == Allowance(TIERS[1].included)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"entitlementsFetchedAt": None}, "entitlements_not_fetched"),
        ({"lastNoticeAt": HOUR}, "entitlements_older_than_last_notice"),
        ({"entitlements": None}, "no_valid_entitlement"),
        ({"entitlements": [{"dimension": "basic", "expiresAt": HOUR, "value": "1"}]}, "no_valid_entitlement"),
        ({"entitlements": [{"dimension": "unknown", "value": "1"}]}, "no_valid_entitlement"),
    ],
)
def test_an_hour_waits_rather_than_being_billed_by_guess(changes: dict[str, Any], reason: str) -> None:
    assert found(**changes) == Waiting(reason)


@pytest.mark.parametrize(("notice", "waits"), [(HOUR - 1, False), (HOUR - 2, False), (None, False), (HOUR, True)])
def test_entitlements_must_not_be_older_than_the_last_notice(notice: int | None, waits: bool) -> None:
    assert isinstance(found(lastNoticeAt=notice), Waiting) is waits


def test_validity_counts_at_the_hours_start() -> None:
    entitlement = [{"dimension": "basic", "expiresAt": HOUR + 1, "value": "1"}]
    assert isinstance(found(entitlements=entitlement), Allowance)
    assert found(entitlements=entitlement, hour=HOUR + 3600) == Waiting("no_valid_entitlement")


def test_an_entitlement_without_an_end_is_valid() -> None:
    assert isinstance(found(entitlements=[{"dimension": "basic", "value": "1"}]), Allowance)


def test_a_cancelled_customers_last_hours_use_its_last_entitlements() -> None:
    """The notice of the end is newer than the last fetch, and a fetch after it finds nothing."""
    gone: dict[str, Any] = {
        "entitlements": [],
        "lastNoticeAt": HOUR + 60,
        "acceptsUntil": HOUR + 2700,
        "lastHeld": {"entitlements": [{"dimension": "pro", "value": "1"}], "until": HOUR + 90},
    }
    assert found(**gone) == Allowance(TIERS[1].included)
    kept = replace(subscriber(lastNoticeAt=HOUR + 60), accepts_until=HOUR + 2700)
    assert allowance_for(kept, HOUR, *sold(pricing_model="contract", tiers=TIERS)) == Allowance(TIERS[0].included)
