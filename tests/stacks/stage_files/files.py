"""Good stage files, and how a test loads another."""

from pathlib import Path

from stacks import stage as stages

TO_BE_SET = (
    "set it to the product code shown in the AWS Marketplace Management Portal, not to an id like prod-abc (or pass"
    " PRODUCT_CODE=... to make)"
)
ROLE = "arn:aws:iam::999988887777:role/marketplace/Metering"
CERTIFICATE = "arn:aws:acm:eu-central-1:111122223333:certificate/01234567-89ab-cdef-0123-456789abcdef"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
ENGINE = "arn:aws:iam::444455556666:role/yawl-engine"

#: What a stage's own file holds at least: keys first, then the table.
STAGE = """
region = "eu-central-1"
suffix = "-x"
meteringMode = "dry-run"
testBuyers = []
sealDelayMinutes = 10
marketplaceCallsPerSecond = 8
submitConcurrency = 2
pendingShards = 1
requestsPerSecond = 50
requestBurst = 100
logLevel = "INFO"
logRetentionDays = 14
removalPolicy = "destroy"
[alarms]
page = ["oncall@yawl-vendor.com"]
ticket = []
oldestPendingHourTicketHours = 4
oldestPendingHourPageHours = 12
"""
#: What ``product.toml`` holds: keys, and tables.
SOLD = """
productCode = "1234567890abcdefghijklmno"
integration = "license"
pricingModel = "contract-with-consumption"
"""
SOLD_TABLES = """
[dimensions.api_calls]
unit = "call"
aggregation = "sum"
scale = 1000
[[tiers]]
name = "basic_tier"
included = { api_calls = 0.5 }
"""
PRODUCT = SOLD + SOLD_TABLES
#: A stage file that takes nothing from ``product.toml``.
GOOD = SOLD + STAGE + SOLD_TABLES
#: The same with every key that companies ask for. Keys stand before the first table.
FULL = f"""
account = "111122223333"
testAccounts = ["444455556666", "777788889999"]
sellerRoleArn = "{ROLE}"
externalId = "yawl-metering:prod"
encryptionKeyArn = "{KEY}"
permissionsBoundary = "arn:aws:iam::111122223333:policy/boundary"
bootstrapQualifier = "acme12345"
publicConcurrency = 20
tableReadUnits = 4000
tableWriteUnits = 2000
{GOOD}
[domain]
name = "metering.vendor.com"
certificateArn = "{CERTIFICATE}"
hostedZoneId = "Z0123456789ABC"
hostedZoneName = "vendor.com"
[firewall]
requestsPerAddress = 300
[budget]
monthlyAmount = 200
notify = ["finops@vendor.com"]
[tags]
CostCenter = "1234"
"team:owner" = "billing"
[[reporters]]
principal = "{ENGINE}"
senderId = "AROAEXAMPLEID1234567"
customers = ["l-0123"]
dimensions = ["api_calls"]
sources = ["engine-7"]
[[reporters]]
principal = "arn:aws:iam::444455556666:user/ops"
"""
#: A stage that bills.
LIVE = (
    GOOD.replace('"dry-run"', '"live"')
    .replace('removalPolicy = "destroy"', 'removalPolicy = "retain"')
    .replace('integration = "license"', 'integration = "license"\naccount = "111122223333"')
)


def write(folder: Path, text: str | bytes, name: str = "x", product: str | None = None) -> Path:
    """The folder of stage files, with this one and, if there is one, the product's."""
    stage_folder = folder / "stages"
    stage_folder.mkdir(exist_ok=True)
    (stage_folder / f"{name}.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    if product is not None:
        (stage_folder / "product.toml").write_text(product, encoding="utf-8")
    return stage_folder


def load(folder: Path, text: str | bytes, name: str = "x", product: str | None = None) -> stages.Stage:
    """Raises StageError."""
    return stages.load(name, folder=write(folder, text, name, product))


def changed(found: str, written: str, text: str = GOOD) -> str:
    """The good file with one text instead of another."""
    assert found in text
    return text.replace(found, written)
