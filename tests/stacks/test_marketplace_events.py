"""Which events of AWS Marketplace are asked for, as EventBridge takes it, and of whose buyers."""

import json
import re
from dataclasses import replace

import pytest

from buyer.allowed_buyers import EVERYBODY, AllowedBuyers
from marketplace import agreement_event
from stacks.marketplace_events import DETAIL_TYPES, SOURCE, STARTS, detail_of_buyers, notices_of
from stacks.stage import Stage
from stacks.stage.stage_keys import MOST_TEST_ACCOUNTS
from tests.synthesized import Assembly, shipped

ACCOUNTS = ("444455556666", "111122223333")
#: Amazon EventBridge quotas, "Event pattern size"
PATTERN_SIZE = 2048
#: Events for sales people; nothing here depends on them.
NOT_ASKED_FOR = {
    "Purchase Agreement Ending",
    "Purchase Agreement Renewal Terms Finalized",
    "Purchase Agreement Renewal Upcoming",
}


def test_the_rule_matches_the_events_that_the_runtime_understands_and_no_others() -> None:
    asked = {kind.split(" - ")[0] for kind in DETAIL_TYPES}
    understood = {
        *agreement_event.STEMS,
        *(f"{stem} {state}" for stem, (_, states) in agreement_event.STANDING.items() for state in states),
    }
    assert asked == understood - NOT_ASKED_FOR
    assert len(set(DETAIL_TYPES)) == len(DETAIL_TYPES)
    assert set(STARTS) <= set(DETAIL_TYPES)


def test_the_rule_leaves_out_the_sellers_own_purchases() -> None:
    assert {kind.split(" - ")[1] for kind in DETAIL_TYPES if " - " in kind} == {"Proposer", "Manufacturer"}


def test_advisories_and_requests_reach_the_subscriptions_queue(prod: Assembly) -> None:
    patterns = [rule["EventPattern"]["detail-type"] for rule in prod.properties("AWS::Events::Rule", stack="Doors")]
    assert sum("Purchase Agreement Advisory Issued - Manufacturer" in kinds for kinds in patterns) == 1


def before_live(accounts: tuple[str, ...] = (), buyers: tuple[str, ...] = ()) -> Stage:
    return replace(shipped("dev"), metering_mode="test-buyers", test_accounts=accounts, test_buyers=buyers)


@pytest.mark.parametrize("number", [0, 1, MOST_TEST_ACCOUNTS])
def test_eventbridge_accepts_the_pattern(number: int) -> None:
    """No empty list, and not too long with as many accounts as a stage may name."""
    detail = detail_of_buyers(before_live(ACCOUNTS[:1] * number))
    pattern = json.dumps({"source": [SOURCE], "detail-type": list(DETAIL_TYPES), "detail": detail})
    assert len(pattern) <= PATTERN_SIZE
    assert "[]" not in pattern


def test_events_are_of_the_buyers_that_are_listed_or_of_everybody() -> None:
    assert detail_of_buyers(shipped("prod")) is None
    assert detail_of_buyers(before_live(ACCOUNTS)) == {"acceptor": {"accountId": list(ACCOUNTS)}}
    (nobody,) = (detail_of_buyers(before_live()) or {})["acceptor"]["accountId"]
    assert not re.fullmatch(r"\d{12}", nobody)


def test_an_event_cannot_be_picked_by_a_billing_key_so_all_reach_the_function_that_picks() -> None:
    assert detail_of_buyers(before_live(ACCOUNTS, ("l-0123",))) is None


def test_the_functions_read_the_setting_as_it_is_written() -> None:
    assert AllowedBuyers.from_setting(notices_of(shipped("prod"))) == EVERYBODY
    listed = AllowedBuyers.from_setting(notices_of(before_live(ACCOUNTS, ("l-0123",)))).listed
    assert listed == frozenset((*ACCOUNTS, "l-0123"))
    assert AllowedBuyers.from_setting(notices_of(before_live())).listed == frozenset()


@pytest.mark.parametrize("function", ["registration", "subscription-notices", "entitlement-notices"])
def test_a_live_stage_applies_all_notices(prod: Assembly, local: Assembly, function: str) -> None:
    for assembly in (prod, local):
        assert assembly.stage.takes_all_notices
        assert assembly.functions()[function]["Environment"]["Variables"]["NOTICES_OF"] == "all"
