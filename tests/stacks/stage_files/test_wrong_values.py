"""A wrong value of one key is one line: file, key, remedy. The schema refuses the same files (``test_schemas``)."""

from pathlib import Path

import boto3
import pytest

from marketplace.regions import METERING_REGIONS
from stacks.stage import StageError
from tests.stacks.stage_files.files import CERTIFICATE, FULL, GOOD, KEY, ROLE, TO_BE_SET, load

PRODUCT_CODE = 'productCode = "1234567890abcdefghijklmno"'
PAGE = 'page = ["oncall@yawl-vendor.com"]'
TOPIC = "arn:aws:sns:eu-central-1:111122223333:oncall"
ROUTES = 'list e-mail addresses and SNS topic ARNs, for example ["billing-oncall@your-company.com"]'
ACCOUNTS = 'list at most 20 AWS accounts by their 12 digits, for example ["111122223333"]'
MANY_ACCOUNTS = ", ".join(f'"{number:012d}"' for number in range(21))
BILLING_KEYS = 'list billing keys, for example ["l-0123456789abcdef"], or []'
QUANTITIES = "give dimensions a quantity of 0 or more, or -1 for unlimited"
KMS = "set it to the ARN of a KMS key in the stage's Region (a key, not an alias), or leave it out"

#: Written into the full file instead of what is found there, and the line that refuses it.
WRONG = [
    (PRODUCT_CODE, 'productCode = ""', f"productCode is empty: {TO_BE_SET}"),
    (PRODUCT_CODE, "productCode = 7", f"productCode is 7, not text: {TO_BE_SET}"),
    (PRODUCT_CODE, 'productCode = "a b"', f"productCode is 'a b': {TO_BE_SET}"),
    (PRODUCT_CODE, 'productCode = "x"', f"productCode is 'x': {TO_BE_SET}"),
    (
        PRODUCT_CODE,
        'productCode = "prod-4abcdefghijkl"',
        f"productCode is 'prod-4abcdefghijkl': {TO_BE_SET}",
    ),
    (
        '"eu-central-1"\nsuffix',
        '"ca-west-1"\nsuffix',
        f"region is 'ca-west-1': set it to one of {', '.join(METERING_REGIONS)}",
    ),
    ('"license"', '"licence"', "integration is 'licence': set it to one of license, legacy, mixed"),
    ('"dry-run"', '"on"', "meteringMode is 'on': set it to one of off, dry-run, test-buyers, live"),
    (
        "sealDelayMinutes = 10",
        "sealDelayMinutes = 0",
        "sealDelayMinutes is 0: set it to a whole number from 1 to 50",
    ),
    (
        "sealDelayMinutes = 10",
        "sealDelayMinutes = true",
        "sealDelayMinutes is True, not a whole number: set it to a whole number from 1 to 50",
    ),
    (
        "marketplaceCallsPerSecond = 8",
        "marketplaceCallsPerSecond = 11",
        "marketplaceCallsPerSecond is 11: set it to a whole number from 1 to 10",
    ),
    ("pendingShards = 1", "pendingShards = 17", "pendingShards is 17: set it to a whole number from 1 to 16"),
    (
        "pendingShards = 1",
        "pendingShards = 1\nwaitingUsageSeconds = 901",
        "waitingUsageSeconds is 901: set it to a whole number from 1 to 900",
    ),
    (
        "pendingShards = 1",
        "pendingShards = 1\nmovableClock = 1",
        "movableClock is 1, not true or false: set it to true or false",
    ),
    (
        'suffix = "-x"',
        'suffix = "x"',
        'suffix is \'x\': start it with "-" (at most 16 of a-z, 0-9, "-"), or leave it "" in production',
    ),
    ('logLevel = "INFO"', 'logLevel = "WARNING"', "logLevel is 'WARNING': set it to one of DEBUG, INFO"),
    (
        "logRetentionDays = 14",
        "logRetentionDays = 15",
        "logRetentionDays is 15: set it to one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096,"
        " 1827, 2192, 2557, 2922, 3288",
    ),
    ("oncall@yawl-vendor.com", "oncall", f"alarms.page holds 'oncall': {ROUTES}"),
    (PAGE, "page = 5", f"alarms.page is 5, not a list: {ROUTES}"),
    (PAGE, "page = [5]", f"alarms.page is [5], not a list of texts: {ROUTES}"),
    (PAGE, 'page = ["a@b.com", "a@b.com"]', "alarms.page holds 'a@b.com' twice: name it once"),
    (PAGE, f'page = ["{TOPIC}", "b@b.com", "{TOPIC}"]', f"alarms.page holds '{TOPIC}' twice: name it once"),
    ("testBuyers = []", 'testBuyers = ["l-1,l-2"]', f"testBuyers holds 'l-1,l-2': {BILLING_KEYS}"),
    ("testBuyers = []", 'testBuyers = ["l-1", "l-1"]', "testBuyers holds 'l-1' twice: name it once"),
    ("testBuyers = []", 'testBuyers = [""]', f"testBuyers holds '': {BILLING_KEYS}"),
    (
        'integration = "license"',
        'integration = "license"\nnotices = ["email"]',
        'notices holds \'email\': list "eventbridge", "sns" or both, as the product has them',
    ),
    (
        'aggregation = "sum"',
        'aggregation = "average"',
        "dimensions.api_calls.aggregation is 'average': set it to one of sum, distinct, max",
    ),
    ("scale = 1000", "decimals = 7", "dimensions.api_calls.decimals is 7: set it to a whole number from 0 to 6"),
    (
        "[dimensions.api_calls]",
        '[dimensions."api calls"]',
        "dimensions.api calls is no usable name: use a letter, then letters, digits and _",
    ),
    ("{ api_calls = 0.5 }", "{ api_calls = -2 }", f"tiers[0].included.api_calls is -2: {QUANTITIES}"),
    ("{ api_calls = 0.5 }", '"all"', f"tiers[0].included is 'all', not a table: {QUANTITIES}"),
    (
        'account = "111122223333"',
        'account = "1111-2222-3333"',
        "account is '1111-2222-3333': set it to the 12 digits of the AWS account that this stage belongs to, for"
        ' example "111122223333"',
    ),
    ('["444455556666", "777788889999"]', '["44445555"]', f"testAccounts holds '44445555': {ACCOUNTS}"),
    ('["444455556666", "777788889999"]', f"[{MANY_ACCOUNTS}]", f"testAccounts holds 21 entries: {ACCOUNTS}"),
    (
        f'sellerRoleArn = "{ROLE}"',
        'sellerRoleArn = "Metering"',
        "sellerRoleArn is 'Metering': set it to the ARN of the role in the account that published the product, or"
        " leave it out",
    ),
    (
        KEY,
        "arn:aws:kms:eu-central-1:111122223333:alias/metering",
        f"encryptionKeyArn is 'arn:aws:kms:eu-central-1:111122223333:alias/metering': {KMS}",
    ),
    (
        'bootstrapQualifier = "acme12345"',
        'bootstrapQualifier = "Acme"',
        "bootstrapQualifier is 'Acme': set it to at most 10 of a-z and 0-9, or leave it out",
    ),
    (
        CERTIFICATE,
        ROLE,
        f"domain.certificateArn is '{ROLE}': set it to the ARN of a certificate of ACM in the stage's Region",
    ),
    (
        "requestsPerAddress = 300",
        "requestsPerAddress = 5",
        "firewall.requestsPerAddress is 5: set it to a whole number from 10 to 2000000000",
    ),
    (
        "monthlyAmount = 200",
        "monthlyAmount = 0",
        "budget.monthlyAmount is 0: set it to US dollars a month, for example 200",
    ),
    (
        'notify = ["finops@vendor.com"]',
        "notify = []",
        'budget.notify is empty: list 1 to 10 e-mail addresses, for example ["finops@your-company.com"]',
    ),
    (
        '"team:owner"',
        '"aws:owner"',
        "tags.aws:owner is no usable name: use letters, digits, spaces and _ . : / = + - @",
    ),
    (
        "[tags]\n",
        "[tags]\n" + "".join(f'tag{number} = "x"\n' for number in range(39)),
        "tags holds 41 entries: keep at most 40",
    ),
    (
        'customers = ["l-0123"]',
        "customers = []",
        "reporters[0].customers is empty: list billing keys, or leave it out for all",
    ),
    (
        "arn:aws:iam::444455556666:user/ops",
        "*",
        "reporters[1].principal is '*': set it to the ARN of an IAM role or user",
    ),
    (
        "AROAEXAMPLEID1234567",
        "yawl-engine",
        "reporters[0].senderId is 'yawl-engine': set it to the principal's unique id: AROA... or AIDA..., or leave"
        " it out",
    ),
]


@pytest.mark.parametrize(("found", "written", "line"), WRONG)
def test_a_wrong_value_is_one_line_with_file_key_and_remedy(
    tmp_path: Path, found: str, written: str, line: str
) -> None:
    assert found in FULL
    with pytest.raises(StageError) as raised:
        load(tmp_path, FULL.replace(found, written, 1))
    assert str(raised.value) == f"stages/x.toml: {line}"


@pytest.mark.parametrize(
    ("below", "where"),
    [("[alarms]", "alarms.pagee"), ('unit = "call"', "dimensions.api_calls.pagee"), ("productCode", "pagee")],
)
def test_a_misspelt_key_is_refused_wherever_it_stands(tmp_path: Path, below: str, where: str) -> None:
    text = GOOD.replace(below, f"{below}\npagee = 1" if below != "productCode" else "pagee = 1\nproductCode", 1)
    with pytest.raises(StageError, match=rf"^stages/x.toml: {where} is not a known key: .*\(known here: .*\)$"):
        load(tmp_path, text)


def test_a_stage_without_dimensions_is_refused(tmp_path: Path) -> None:
    text = GOOD.split("[dimensions")[0] + "[dimensions]\n"
    with pytest.raises(StageError, match=r"^stages/x.toml: dimensions is empty: add an entry$"):
        load(tmp_path, "tiers = []\n" + text)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"^stages/x.toml: this is not valid TOML, .*; correct that line$"):
        load(tmp_path, "= 1")


def test_the_regions_are_those_that_the_sdk_lists() -> None:
    """The SDK also matches Regions by a pattern; METERING_REGIONS has the listed ones only."""
    listed = boto3.Session(region_name="us-east-1").get_available_regions("meteringmarketplace", "aws")
    assert set(METERING_REGIONS) <= set(listed)
    assert len(METERING_REGIONS) == 28
