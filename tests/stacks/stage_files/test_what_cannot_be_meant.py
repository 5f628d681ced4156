"""Settings that are good by themselves and lose money, or say nothing, together: one line each."""

from pathlib import Path

import pytest

from stacks.stage import StageError
from tests.stacks.stage_files.files import GOOD, TO_BE_SET, changed, load

LIVE = (
    GOOD.replace('"dry-run"', '"live"')
    .replace('removalPolicy = "destroy"', 'removalPolicy = "retain"')
    .replace('integration = "license"', 'integration = "license"\naccount = "111122223333"')
)
SELLER = """
sellerRoleArn = "arn:aws:iam::999988887777:role/Metering"
externalId = "yawl-metering:prod"
"""
KEYS = ", ".join(f'"l-{number:016x}"' for number in range(200))
ACCOUNTS = ", ".join(f'"{number:012d}"' for number in range(21))
PRICED = GOOD.replace('unit = "call"', 'unit = "call"\nprice = 0.05')
SECOND_TIER = '[[tiers]]\nname = "small_tier"\nincluded = { api_calls = 0.25 }\n'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            changed('page = ["oncall@yawl-vendor.com"]', "page = []", LIVE),
            "alarms.page is empty: a live stage needs somebody who is woken: name an address or a topic",
            id="live-wakes-nobody",
        ),
        pytest.param(
            changed("oncall@yawl-vendor.com", "oncall@example.com", LIVE),
            "alarms.page holds the placeholder 'oncall@example.com': name an address that somebody reads",
            id="live-wakes-a-placeholder",
        ),
        pytest.param(
            changed("ticket = []", 'ticket = ["billing@vendor.example"]', LIVE),
            "alarms.ticket holds the placeholder 'billing@vendor.example': name an address that somebody reads",
            id="live-writes-to-a-placeholder",
        ),
        pytest.param(
            changed('removalPolicy = "retain"', 'removalPolicy = "destroy"', LIVE),
            'removalPolicy is "destroy": a live stage keeps its ledger: set it to "retain"',
            id="live-destroys-its-ledger",
        ),
        pytest.param(
            changed('account = "111122223333"\n', "", LIVE),
            'account is missing: meteringMode = "live" calls AWS Marketplace: name the account that this may happen in',
            id="live-anywhere",
        ),
        pytest.param(
            changed('"dry-run"', '"test-buyers"').replace("testBuyers = []", 'testBuyers = ["l-1"]'),
            'account is missing: meteringMode = "test-buyers" calls AWS Marketplace: name the account that this may'
            " happen in",
            id="test-buyers-anywhere",
        ),
        pytest.param(
            SELLER
            + changed('account = "111122223333"\n', "", LIVE).replace('"live"', '"dry-run"\nnoticesOf = "everybody"'),
            "account is missing: the role in sellerRoleArn lets this account in, and is told by it from the seller's"
            " own: name it",
            id="a-seller-of-nobody",
        ),
        pytest.param(
            SELLER + changed('integration = "license"', 'integration = "mixed"', LIVE),
            "notices hold 'sns', and sellerRoleArn is of another account, 999988887777: AWS Marketplace lets the"
            ' seller\'s account alone subscribe to its topics: use notices = ["eventbridge"], or deploy into the'
            " seller's account",
            id="topics-of-another-account",
        ),
        pytest.param(
            changed('"contract-with-consumption"', '"subscription"'),
            'tiers include usage, and pricingModel = "subscription" has no contracts that could hold them: set'
            ' pricingModel = "contract-with-consumption", or tiers = []',
            id="tiers-that-the-pricing-model-ignores",
        ),
        pytest.param(
            GOOD + SECOND_TIER,
            "tiers are not lowest first: 'basic_tier' includes more than 'small_tier', which stands after it: put them"
            " in order: the last that a buyer holds counts",
            id="tiers-in-the-wrong-order",
        ),
        pytest.param(
            GOOD.replace("api_calls = 0.5", "api_calls = -1") + SECOND_TIER,
            "tiers are not lowest first: 'basic_tier' includes more than 'small_tier', which stands after it: put them"
            " in order: the last that a buyer holds counts",
            id="an-unlimited-tier-before-a-small-one",
        ),
        pytest.param(
            changed("oldestPendingHourPageHours = 12", "oldestPendingHourPageHours = 12\natRiskMoneyPage = 500"),
            "alarms.atRiskMoneyPage can never be reached: no dimension has a price: give the dimensions their list"
            " prices, or leave it out",
            id="an-amount-at-risk-without-prices",
        ),
        pytest.param(
            GOOD.replace("TicketHours = 4", "TicketHours = 20").replace("PageHours = 12", "PageHours = 3"),
            "alarms.oldestPendingHourPageHours is 3 and the ticket comes at 20 hours: let the page come later than the"
            " ticket",
            id="the-page-before-the-ticket",
        ),
        pytest.param(
            changed("testBuyers = []", f"testBuyers = [{KEYS}]"),
            "testBuyers with dimensions and tiers take 3935 of the 3000 bytes that functions have for them: name fewer,"
            " or include less by name in the tiers",
            id="test-buyers-beyond-a-functions-environment",
        ),
        pytest.param(
            changed("testBuyers = []", f"testBuyers = []\ntestAccounts = [{ACCOUNTS}]"),
            "testAccounts are 21, and the pattern of an event rule has room for 20: name fewer",
            id="more-test-accounts-than-an-event-pattern-takes",
        ),
        pytest.param(
            changed('"1234567890abcdefghijklmno"', '"prod-4abcdefghijkl"'),
            f"productCode is 'prod-4abcdefghijkl', an id of AWS Marketplace's catalogue: {TO_BE_SET}",
            id="a-product-id-for-a-product-code",
        ),
        pytest.param(
            changed('"1234567890abcdefghijklmno"', '"x"'), f"productCode is 'x': {TO_BE_SET}", id="no-product-code"
        ),
        pytest.param(
            changed("requestBurst = 100", "requestBurst = 1"),
            "requestBurst is 1 and requestsPerSecond is 50: set it to at least one second's requests: the burst is what"
            " API Gateway takes at once",
            id="a-burst-below-the-rate",
        ),
        pytest.param(
            changed("testBuyers = []", 'testBuyers = ["l-1,l-2"]'),
            "testBuyers holds 'l-1,l-2': list billing keys, for example [\"l-0123456789abcdef\"], or []",
            id="test-buyers-joined-by-a-comma",
        ),
        pytest.param(
            changed("testBuyers = []", 'testBuyers = ["l-1", "l-1"]'),
            "testBuyers holds 'l-1' twice: name it once",
            id="a-test-buyer-twice",
        ),
        pytest.param(
            changed('["oncall@yawl-vendor.com"]', '["a@yawl-vendor.com", "a@yawl-vendor.com"]'),
            "alarms.page holds 'a@yawl-vendor.com' twice: name it once",
            id="an-address-twice",
        ),
        pytest.param(
            changed(
                '["oncall@yawl-vendor.com"]',
                str(["arn:aws:sns:eu-central-1:111122223333:oncall", "b@yawl-vendor.com"] * 2).replace("'", '"'),
            ),
            "alarms.page holds 'arn:aws:sns:eu-central-1:111122223333:oncall' twice: name it once",
            id="a-topic-twice",
        ),
        pytest.param(
            changed('logLevel = "INFO"', 'logLevel = "WARNING"'),
            "logLevel is 'WARNING': set it to one of DEBUG, INFO",
            id="a-log-level-that-would-drop-the-metrics",
        ),
        pytest.param(
            changed('integration = "license"', 'integration = "license"\nnotices = ["sns"]'),
            "notices leaves out 'eventbridge': integration = \"license\" learns of its buyers by it: add it",
            id="licences-without-their-events",
        ),
        pytest.param(
            changed('integration = "license"', 'integration = "mixed"\nnotices = ["eventbridge"]'),
            "notices leaves out 'sns': integration = \"mixed\" learns of its buyers by it: add it",
            id="legacy-buyers-without-their-topic",
        ),
        pytest.param(
            changed('integration = "license"', 'integration = "license"\nnotices = ["email"]'),
            'notices holds \'email\': list "eventbridge", "sns" or both, as the product has them',
            id="notices-by-a-way-that-there-is-not",
        ),
    ],
)
def test_it_is_refused_by_file_key_and_remedy(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(StageError) as raised:
        load(tmp_path, text)
    assert str(raised.value) == f"stages/x.toml: {line}"


def test_a_stage_that_may_have_been_live_says_whose_notices_it_takes(tmp_path: Path) -> None:
    """An afternoon in dry-run must not lose the starts and ends of that afternoon, which come once."""
    paused = LIVE.replace('"live"', '"dry-run"')
    with pytest.raises(StageError) as raised:
        load(tmp_path, paused)
    assert str(raised.value) == (
        'stages/x.toml: noticesOf is missing: set it to "everybody" if real buyers have come to this stage, to'
        ' "test-accounts" if it was never live'
    )
    for word, everybody in (("everybody", True), ("test-accounts", False)):
        said = paused.replace("testBuyers = []", f'testBuyers = []\nnoticesOf = "{word}"')
        assert load(tmp_path, said).takes_all_notices is everybody
    with pytest.raises(StageError, match='noticesOf is "test-accounts": a live stage bills everybody'):
        load(tmp_path, LIVE.replace("testBuyers = []", 'testBuyers = []\nnoticesOf = "test-accounts"'))


def test_a_live_stage_that_means_it_is_taken(tmp_path: Path) -> None:
    stage = load(tmp_path, LIVE)
    assert (stage.is_live, stage.keep_data, stage.account) == (True, True, "111122223333")


def test_an_amount_at_risk_is_taken_once_something_has_a_price(tmp_path: Path) -> None:
    text = changed("oldestPendingHourPageHours = 12", "oldestPendingHourPageHours = 12\natRiskMoneyPage = 500", PRICED)
    assert load(tmp_path, text).alarms.page_at_money == 500


def test_tiers_that_differ_both_ways_may_stand_in_any_order(tmp_path: Path) -> None:
    two = GOOD.replace("[[tiers]]", '[dimensions.users]\nunit = "user"\naggregation = "sum"\n[[tiers]]')
    text = two + '[[tiers]]\nname = "other_tier"\nincluded = { api_calls = 0.25, users = 1 }\n'
    assert [tier.name for tier in load(tmp_path, text).tiers] == ["basic_tier", "other_tier"]


def test_a_stage_takes_the_notices_that_its_integration_needs_unless_it_says_more(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).notices == ("eventbridge",)
    assert load(tmp_path, changed('"license"', '"legacy"')).notices == ("sns",)
    assert load(tmp_path, changed('"license"', '"mixed"')).notices == ("eventbridge", "sns")
    both = changed('"license"', '"license"\nnotices = ["sns", "eventbridge"]')
    assert load(tmp_path, both).notices == ("sns", "eventbridge")


def test_before_it_is_live_a_stage_takes_notices_of_its_test_buyers_only(tmp_path: Path) -> None:
    alone = load(tmp_path, GOOD)
    assert (alone.takes_all_notices, alone.takes_notices) == (False, False)
    tested = load(tmp_path, changed("testBuyers = []", 'testBuyers = []\ntestAccounts = ["444455556666"]'))
    assert (tested.takes_all_notices, tested.takes_notices) == (False, True)
    assert load(tmp_path, LIVE).takes_all_notices
