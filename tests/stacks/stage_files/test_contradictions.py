"""Settings that are good by themselves and lose money, or mean nothing, together: one line each."""

from pathlib import Path

import pytest

from stacks.stage import StageError
from tests.stacks.stage_files.files import CERTIFICATE, ENGINE, FULL, GOOD, KEY, LIVE, ROLE, changed, load

SELLER = """
sellerRoleArn = "arn:aws:iam::999988887777:role/Metering"
externalId = "yawl-metering:prod"
"""
ABROAD_KEY = KEY.replace("eu-central-1", "us-east-1")
ABROAD_CERTIFICATE = CERTIFICATE.replace("eu-central-1", "us-east-1")
VAULT = "arn:aws:backup:eu-central-1:777788889999:backup-vault:metering"
KEYS = ", ".join(f'"l-{number:016x}"' for number in range(200))
PRICED = GOOD.replace('unit = "call"', 'unit = "call"\nprice = 0.05')
SECOND_TIER = '[[tiers]]\nname = "small_tier"\nincluded = { api_calls = 0.25 }\n'

#: A whole file, and the line that refuses it. A schema cannot see these.
CONTRADICTIONS = [
    pytest.param(
        changed('page = ["oncall@yawl-vendor.com"]', "page = []", LIVE),
        "alarms.page is empty: a live stage pages a person: name an address or a topic",
        id="live-wakes-nobody",
    ),
    pytest.param(
        changed("oncall@yawl-vendor.com", "oncall@example.com", LIVE),
        "alarms.page holds the placeholder 'oncall@example.com': name an address that a person reads",
        id="live-wakes-a-placeholder",
    ),
    pytest.param(
        changed("ticket = []", 'ticket = ["billing@vendor.example"]', LIVE),
        "alarms.ticket holds the placeholder 'billing@vendor.example': name an address that a person reads",
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
        LIVE + '\n[email]\nvendor = ["sales@example.com"]\n',
        "email.vendor holds the placeholder 'sales@example.com': name an address that a person reads",
        id="a-new-buyer-is-told-to-a-placeholder",
    ),
    pytest.param(
        GOOD + '\n[branding]\naccent = "#8a8a8a"\n',
        "branding.accent is '#8a8a8a', whose contrast with white is 3.45: choose a darker one: WCAG asks for 4.5",
        id="buttons-that-cannot-be-read",
    ),
    pytest.param(
        GOOD + '\n[branding]\nheader = "#FFCC00"\n',
        "branding.header is '#FFCC00', whose contrast with white is 1.51: choose a darker one: WCAG asks for 4.5",
        id="a-name-that-cannot-be-read",
    ),
    pytest.param(
        GOOD + '\n[handover]\nurl = "http://127.0.0.1:8097/x"\n',
        "handover.url is 'http://127.0.0.1:8097/x': set it to an https address",
        id="buyers-sent-to-their-own-machine",
    ),
    pytest.param(
        GOOD + "\n[archive]\nlockDays = 30\n",
        'archive.lockDays is given on a stage with removalPolicy = "destroy", whose bucket could not be deleted:'
        " remove it",
        id="a-locked-archive-of-a-throwaway-stage",
    ),
    pytest.param(
        LIVE + "\n[archive]\nkeepDays = 400\nlockDays = 401\n",
        "archive.lockDays is 401 and keepDays is 400: keep objects for at least as long as they are locked",
        id="locked-for-longer-than-kept",
    ),
    pytest.param(
        GOOD + "\n[archive]\nkeepDays = 90\n",
        "archive.coldAfterDays is 90 and keepDays is 90: let objects change their class before they go",
        id="cold-when-it-goes",
    ),
    pytest.param(
        GOOD + "\n[backup]\nkeepDays = 30\n",
        'backup is given on a stage with removalPolicy = "destroy", whose vault could not be deleted: remove it',
        id="backups-of-a-throwaway-stage",
    ),
    pytest.param(
        LIVE + f'\n[backup]\ncopyToVaultArn = "{VAULT}"\n',
        "backup.copyToVaultArn is given without encryptionKeyArn, and a copy cannot be made of what AWS's own key"
        " encrypts: set encryptionKeyArn to a key that the other account may use, or leave the copy out",
        id="a-copy-without-a-key",
    ),
    pytest.param(
        SELLER
        + changed('account = "111122223333"\n', "", LIVE).replace('"live"', '"dry-run"\nnoticesOf = "everybody"'),
        "account is missing: the seller's account lets this account use the role in sellerRoleArn, and sends it the"
        " notices: name it",
        id="a-seller-of-nobody",
    ),
    pytest.param(
        SELLER + changed('integration = "license"', 'notices = ["eventbridge", "sns"]\nintegration = "mixed"', LIVE),
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
        "testBuyers with dimensions and tiers and unusual take 4062 of the 3000 bytes that functions have for them:"
        " name fewer, include less by name in the tiers, or deploy a product as a stage of its own",
        id="test-buyers-beyond-a-functions-environment",
    ),
    pytest.param(
        changed("requestBurst = 100", "requestBurst = 1"),
        "requestBurst is 1 and requestsPerSecond is 50: set it to at least one second's requests: the burst is what"
        " API Gateway takes at once",
        id="a-burst-below-the-rate",
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
        changed('integration = "license"', 'integration = "license"\nhourlyZeros = "calls"'),
        "hourlyZeros is 'calls': set it to one of off, every, api_calls",
        id="zeros-of-no-dimension",
    ),
    pytest.param(
        changed("{ api_calls = 0.5 }", "{ calls = 1 }"),
        "tiers[0].included.calls is not a dimension of this product: include any of api_calls",
        id="a-tier-that-includes-no-dimension",
    ),
    pytest.param(
        GOOD + '[[tiers]]\nname = "basic_tier"\nincluded = {}\n',
        "tiers[1].name is 'basic_tier' twice: name each tier once, lowest first",
        id="a-tier-twice",
    ),
    pytest.param(
        changed('"dry-run"', '"test-buyers"'),
        'testBuyers is empty: list the billing keys to send for, or set meteringMode = "dry-run"',
        id="test-buyers-without-any",
    ),
    pytest.param(
        changed("oncall@yawl-vendor.com", "arn:aws:sns:us-east-1:111122223333:oncall"),
        "alarms.page reaches nobody in eu-central-1: add a topic of that Region or an e-mail address",
        id="a-topic-of-another-region",
    ),
    pytest.param(
        changed('"destroy"', '"retain"\nnoticesOf = "everybody"\nmovableClock = true'),
        "movableClock is true on a stage that keeps its data: remove it: it is for local runs only",
        id="a-movable-clock-over-kept-data",
    ),
    pytest.param(
        changed(f'sellerRoleArn = "{ROLE}"\n', "", FULL),
        "externalId is given without sellerRoleArn: add sellerRoleArn or remove externalId",
        id="an-external-id-without-a-role",
    ),
    pytest.param(
        changed('externalId = "yawl-metering:prod"\n', "", FULL),
        "sellerRoleArn is given without externalId: add externalId, and ask for it in the role's trust policy",
        id="a-role-without-its-external-id",
    ),
    pytest.param(
        changed(KEY, ABROAD_KEY, FULL),
        f"encryptionKeyArn is '{ABROAD_KEY}': set it to the ARN of a KMS key in eu-central-1 (a key, not an alias),"
        " or leave it out",
        id="a-key-of-another-region",
    ),
    pytest.param(
        changed(CERTIFICATE, ABROAD_CERTIFICATE, FULL),
        f"domain.certificateArn is '{ABROAD_CERTIFICATE}': set it to the ARN of a certificate of ACM in eu-central-1",
        id="a-certificate-of-another-region",
    ),
    pytest.param(
        changed('hostedZoneName = "vendor.com"\n', "", FULL),
        "domain.hostedZoneId and hostedZoneName belong together: give both or none",
        id="half-a-hosted-zone",
    ),
    pytest.param(
        changed('hostedZoneName = "vendor.com"', 'hostedZoneName = "other.com"', FULL),
        "domain.hostedZoneName is 'other.com': name the zone that metering.vendor.com lies in",
        id="another-hosted-zone",
    ),
    pytest.param(
        changed('dimensions = ["api_calls"]', 'dimensions = ["calls"]', FULL),
        "reporters[0].dimensions holds 'calls': name any of api_calls",
        id="a-reporter-of-no-dimension",
    ),
    pytest.param(
        changed("arn:aws:iam::444455556666:user/ops", ENGINE, FULL),
        f"reporters[1].principal is '{ENGINE}' twice: write one [[reporters]] table for it",
        id="a-reporter-twice",
    ),
]


@pytest.mark.parametrize(("text", "line"), CONTRADICTIONS)
def test_it_is_refused_by_file_key_and_remedy(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(StageError) as raised:
        load(tmp_path, text)
    assert str(raised.value) == f"stages/x.toml: {line}"


def test_a_stage_that_may_have_been_live_must_say_whose_notices_it_takes(tmp_path: Path) -> None:
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


def test_a_complete_live_stage_is_taken(tmp_path: Path) -> None:
    stage = load(tmp_path, LIVE)
    assert (stage.is_live, stage.keep_data, stage.account) == (True, True, "111122223333")


def test_an_amount_at_risk_is_taken_once_something_has_a_price(tmp_path: Path) -> None:
    text = changed("oldestPendingHourPageHours = 12", "oldestPendingHourPageHours = 12\natRiskMoneyPage = 500", PRICED)
    assert load(tmp_path, text).alarms.page_at_money == 500


def test_tiers_that_differ_both_ways_may_stand_in_any_order(tmp_path: Path) -> None:
    two = GOOD.replace("[[tiers]]", '[dimensions.users]\nunit = "user"\naggregation = "sum"\n[[tiers]]')
    text = two + '[[tiers]]\nname = "other_tier"\nincluded = { api_calls = 0.25, users = 1 }\n'
    assert [tier.name for tier in load(tmp_path, text).products.each[0].tiers] == ["basic_tier", "other_tier"]


def test_a_stage_takes_the_notices_that_its_integration_needs_unless_it_says_more(tmp_path: Path) -> None:
    def ways(text: str) -> list[tuple[str, ...]]:
        return list(load(tmp_path, text).notices.values())

    assert ways(GOOD) == [("eventbridge",)]
    assert ways(changed('"license"', '"legacy"')) == [("sns",)]
    assert ways(changed('"license"', '"mixed"')) == [("eventbridge", "sns")]
    both = changed('"license"', '"license"\nnotices = ["sns", "eventbridge"]')
    assert ways(both) == [("sns", "eventbridge")]


def test_before_it_is_live_a_stage_takes_notices_of_its_test_buyers_only(tmp_path: Path) -> None:
    alone = load(tmp_path, GOOD)
    assert (alone.takes_all_notices, alone.takes_notices) == (False, False)
    tested = load(tmp_path, changed("testBuyers = []", 'testBuyers = []\ntestAccounts = ["444455556666"]'))
    assert (tested.takes_all_notices, tested.takes_notices) == (False, True)
    assert load(tmp_path, LIVE).takes_all_notices
