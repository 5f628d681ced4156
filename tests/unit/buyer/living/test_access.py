"""Who may use the product: a table of decisions, at their boundaries."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from buyer.access import decide
from buyer.access_terms import Access, AccessRules, Question
from ledger.chain import chain_of
from ledger.subscriber import HeldEntitlement as Held
from ledger.subscriber import Period, Subscriber
from marketplace.dimensions import Dimension
from marketplace.products import Product, Products
from marketplace.tiers import Tier

NOW = 1_796_000_000
HOUR = 3600
STALE = 24 * HOUR
DIMENSIONS = {name: Dimension(name=name, unit="unit") for name in ("calls", "users")}
TIERS = (
    Tier("basic", {"calls": Decimal(100)}),
    Tier("pro", {"calls": Decimal(-1), "users": Decimal(5)}),
)


def sold(pricing_model: str) -> Products:
    return Products(
        (Product(code="prod", integration="license", pricing_model=pricing_model, dimensions=DIMENSIONS, tiers=TIERS),)
    )


def asked(pricing_model: str = "subscription", now: float = NOW, dimension: str = "", **rules: Any) -> Question:
    return Question(products=sold(pricing_model), rules=AccessRules(**rules), now=now, dimension=dimension)


def buyer(**facts: Any) -> Subscriber:
    item = facts.pop("item", {})
    known: dict[str, Any] = {
        "customer_identifier": "l-1",
        "integration": "license",
        "status": "active",
        "product_code": "prod",
        "active_periods": (Period(NOW - 1000 * HOUR),),
        "last_notice_at": NOW - 900.0 * HOUR,
    }
    return Subscriber(**known | facts, item=item, chain=chain_of(item))


def contract(*held: Held, **facts: Any) -> Subscriber:
    return buyer(entitlements=held, **{"entitlements_fetched_at": NOW - 800.0 * HOUR, **facts})


BASIC = Held("basic", NOW + 100 * HOUR, "1")
PRO = Held("pro", NOW + 50 * HOUR, "1")


def one(found: Subscriber | None, question: Question) -> Access:
    return decide([found], question)


# --- the status -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "allowed", "reason"),
    [
        ({}, True, "active"),
        ({"free_trial": True}, True, "trial"),
        ({"free_trial": False}, True, "active"),
        ({"status": "pending"}, False, "pending"),
        ({"status": "failed"}, False, "failed"),
        ({"status": "final_metering"}, False, "ended"),
        ({"status": "cancelled"}, False, "revoked"),
        ({"status": "expired"}, False, "no_entitlement"),
        ({"status": "pending_cancellation", "accepts_until": NOW + 1}, True, "ending"),
        ({"status": "pending_cancellation", "accepts_until": NOW}, False, "ended"),
        ({"status": "pending_cancellation"}, False, "ended"),
        ({"status": "final_metering", "accepts_until": NOW + 1}, False, "ended"),
        ({"product_code": "another"}, False, "no_entitlement"),
    ],
)
def test_each_status_has_one_answer(facts: dict[str, Any], allowed: bool, reason: str) -> None:
    decision = one(buyer(**facts), asked())
    assert (decision.allowed, decision.reason) == (allowed, reason)


def test_nobody_knows_the_customer() -> None:
    assert one(None, asked()) == Access(False, "unknown_customer")


def test_an_end_says_until_when_usage_is_taken() -> None:
    ending = buyer(status="pending_cancellation", accepts_until=NOW + 1)
    assert one(ending, asked()).until == NOW + 1


@pytest.mark.parametrize("status", ["pending", "final_metering", "cancelled", "expired", "failed"])
def test_what_a_contract_holds_gives_nobody_access_who_is_not_active(status: str) -> None:
    assert not one(contract(BASIC, status=status), asked("contract")).allowed


def test_a_plain_subscription_is_never_stale() -> None:
    """No news for years is what a subscription that goes on looks like."""
    old = buyer(last_notice_at=0.0)
    assert one(old, asked(stale_after_hours=1)) == Access(True, "active", None, 0.0)


@pytest.mark.parametrize(("dimension", "allowed"), [("calls", True), ("", True), ("basic", False), ("Calls", False)])
def test_a_subscription_opens_the_dimensions_of_its_product(dimension: str, allowed: bool) -> None:
    decision = one(buyer(), asked(dimension=dimension))
    assert (decision.allowed, decision.reason) == (allowed, "active" if allowed else "no_entitlement")


# --- how old the knowledge is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "known_at"),
    [
        ({"last_notice_at": 5.0, "entitlements_fetched_at": 7.0}, 7.0),
        ({"last_notice_at": 8.0, "entitlements_fetched_at": 7.0}, 8.0),
        ({"last_notice_at": None, "entitlements_fetched_at": None, "created_at": "1970-01-01T00:00:09Z"}, 9.0),
        ({"last_notice_at": 8.0, "entitlements_fetched_at": None, "created_at": "1970-01-01T00:00:09Z"}, 8.0),
        ({"last_notice_at": None}, None),
    ],
)
def test_it_says_when_something_was_last_learnt(facts: dict[str, Any], known_at: float | None) -> None:
    assert one(buyer(**facts), asked()).known_at == known_at


# --- a contract -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "model", "dimension", "allowed"),
    [
        ((BASIC,), "contract", "", True),
        ((BASIC,), "contract", "basic", True),
        ((BASIC,), "contract", "calls", True),
        ((BASIC,), "contract", "users", False),  # Nothing beyond what a pure contract includes can be billed.
        ((BASIC,), "contract-with-consumption", "users", True),
        ((BASIC,), "contract", "pro", False),
        ((PRO,), "contract", "calls", True),  # Unlimited.
        ((PRO, BASIC), "contract", "users", True),
        ((Held("seats", None, "3"),), "contract", "seats", True),
        ((Held("seats", None, "3"),), "contract-with-consumption", "calls", False),  # No tier: no terms to bill by.
        ((Held("basic", None, "0"),), "contract", "", False),
        ((Held("basic", None, "false"),), "contract", "", False),
        ((), "contract", "", False),
        ((BASIC,), "contract-with-consumption", "unheard_of", False),
    ],
)
def test_a_contract_opens_what_it_holds(held: tuple[Held, ...], model: str, dimension: str, allowed: bool) -> None:
    decision = one(contract(*held), asked(model, dimension=dimension))
    assert (decision.allowed, decision.reason) == (allowed, "active" if allowed else "no_entitlement")
    assert decision.doubted_since is None


@pytest.mark.parametrize(
    ("held", "dimension", "until"),
    [
        ((BASIC,), "", BASIC.expires_at),
        ((PRO, BASIC), "", BASIC.expires_at),  # One is held for longer.
        ((PRO, BASIC), "users", PRO.expires_at),
        ((BASIC, Held("seats", None, "1")), "", None),
        ((BASIC, Held("seats", None, "1")), "basic", BASIC.expires_at),
    ],
)
def test_it_holds_until_what_opens_it_passes_its_date(
    held: tuple[Held, ...], dimension: str, until: int | None
) -> None:
    assert one(contract(*held), asked("contract", dimension=dimension)).until == until


# --- doubt ------------------------------------------------------------------------------------------------------------

FETCHED = NOW - 800.0 * HOUR
NOTICE = NOW - 10.0 * HOUR
RUNS_OUT = Held("basic", NOW, "1")


@pytest.mark.parametrize("when_stale", ["allow", "refuse"])
@pytest.mark.parametrize(
    ("found", "since"),
    [
        (contract(BASIC, last_notice_at=NOTICE), NOTICE),
        (contract(RUNS_OUT), float(NOW)),
        (contract(RUNS_OUT, last_notice_at=NOTICE), NOTICE),
        (contract(RUNS_OUT, last_notice_at=NOW + 5.0), float(NOW)),
    ],
    ids=["a newer notice", "passed its date", "a notice, then its date", "its date, then a notice"],
)
def test_old_knowledge_counts_for_a_while_then_the_setting(found: Subscriber, since: float, when_stale: str) -> None:
    def at(now: float) -> Access:
        return one(found, asked("contract", now, when_stale=when_stale))

    stale_at = since + STALE
    before = at(stale_at - 1)
    assert (before.allowed, before.reason) == (True, "active")
    assert (before.until, before.doubted_since) == (int(stale_at), since)
    after = at(stale_at)
    assert (after.allowed, after.reason, after.doubted_since) == (when_stale == "allow", "stale", since)


def test_a_date_is_in_doubt_from_its_second_on() -> None:
    found = contract(RUNS_OUT)
    assert one(found, asked("contract", NOW - 1)).doubted_since is None
    assert one(found, asked("contract", NOW)).doubted_since == NOW


def test_a_fetch_at_the_notices_own_second_is_not_older() -> None:
    assert one(contract(BASIC, last_notice_at=FETCHED), asked("contract")).doubted_since is None
    assert one(contract(BASIC, last_notice_at=FETCHED + 0.5), asked("contract")).doubted_since == FETCHED + 0.5


def test_what_had_run_out_when_it_was_fetched_is_not_in_doubt() -> None:
    found = contract(RUNS_OUT, entitlements_fetched_at=float(NOW))
    assert one(found, asked("contract", NOW + 1)) == Access(False, "no_entitlement", None, float(NOW))


def test_doubt_about_one_dimension_is_none_about_another() -> None:
    found = contract(Held("pro", NOW, "1"), BASIC)
    assert one(found, asked("contract", dimension="users")).doubted_since == NOW
    assert one(found, asked("contract", dimension="calls")).doubted_since == NOW  # The higher tier opened it.
    assert one(found, asked("contract")).doubted_since is None


@pytest.mark.parametrize("when_stale", ["allow", "refuse"])
def test_nobody_gets_what_was_never_held(when_stale: Any) -> None:
    found = contract(BASIC, last_notice_at=NOTICE)
    early = one(found, asked("contract", dimension="users", when_stale=when_stale))
    late = one(found, asked("contract", NOTICE + STALE, "users", when_stale=when_stale))
    assert (early.allowed, early.reason) == (False, "no_entitlement")
    assert (late.allowed, late.reason) == (False, "stale")


@pytest.mark.parametrize(("when_stale", "allowed"), [("allow", True), ("refuse", False)])
def test_a_contract_that_was_never_fetched_is_pending_and_then_stale(when_stale: Any, allowed: bool) -> None:
    found = buyer(active_periods=(Period(NOW),), entitlements_fetched_at=None)
    before = one(found, asked("contract", NOW + STALE - 1, when_stale=when_stale))
    assert (before.allowed, before.reason) == (False, "pending")
    after = one(found, asked("contract", NOW + STALE, when_stale=when_stale))
    assert (after.allowed, after.reason) == (allowed, "stale")


# --- renewals ---------------------------------------------------------------------------------------------------------

ENDED = buyer(status="cancelled", item={"succeededBy": "l-2"})


def test_a_renewed_buyer_keeps_its_access_by_its_next_key() -> None:
    decision = decide([ENDED, buyer(customer_identifier="l-2")], asked())
    assert (decision.allowed, decision.reason, decision.customer) == (True, "active", "l-2")


def test_the_old_key_answers_while_it_is_active_itself() -> None:
    old = buyer(item={"succeededBy": "l-2"})
    decision = decide([old, buyer(customer_identifier="l-2", status="pending")], asked())
    assert (decision.allowed, decision.customer) == (True, None)


def test_an_end_of_the_last_key_is_the_end() -> None:
    decision = decide([ENDED, buyer(customer_identifier="l-2", status="final_metering")], asked())
    assert (decision.allowed, decision.reason, decision.customer) == (False, "ended", "l-2")


def test_a_next_key_that_nobody_knows_decides_nothing() -> None:
    assert decide([ENDED, None], asked()).reason == "revoked"


def test_the_third_key_of_a_chain_decides() -> None:
    chain = [ENDED, replace(ENDED, customer_identifier="l-2"), buyer(customer_identifier="l-3")]
    assert decide(chain, asked()).customer == "l-3"


@pytest.mark.parametrize("status", ["cancelled", "final_metering", "pending_cancellation"])
@pytest.mark.parametrize("agreement", ["RENEWED", "REPLACED"])
def test_a_renewal_whose_next_key_is_unknown_is_a_doubt(status: str, agreement: str) -> None:
    found = buyer(status=status, active_periods=(Period(0, NOW),), item={"agreementStatus": agreement})
    early, late = (one(found, asked(now=NOW + STALE - left)) for left in (1, 0))
    assert (early.allowed, early.reason, early.until, early.doubted_since) == (True, "active", NOW + STALE, NOW)
    assert (late.allowed, late.reason) == (False, "stale")
    assert one(found, asked(now=NOW + STALE, when_stale="allow")).allowed


def test_another_end_of_an_agreement_is_none() -> None:
    found = buyer(status="cancelled", active_periods=(Period(0, NOW),), item={"agreementStatus": "TERMINATED"})
    assert one(found, asked()).reason == "revoked"


def test_the_successor_has_one_of_two_names() -> None:
    assert buyer().next_key is None
    assert buyer(superseded_by="l-3").next_key == "l-3"
    assert buyer(superseded_by="l-3", item={"succeededBy": "l-2"}).next_key == "l-2"


def test_the_rules_travel_as_json() -> None:
    rules = AccessRules(stale_after_hours=7, when_stale="allow", cache_seconds=3)
    assert AccessRules.from_json(rules.to_json()) == rules
    assert rules.stale_after == 7 * HOUR
