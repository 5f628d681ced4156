"""A good stage file, and how a test loads another."""

from pathlib import Path

from stacks import stage as stages

TO_BE_SET = "set it to the product code shown in the AWS Marketplace Management Portal (or pass -c productCode=...)"

GOOD = """
productCode = "1234567890abcdefghijklmno"
integration = "license"
pricingModel = "contract-with-consumption"
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
[dimensions.api_calls]
unit = "call"
aggregation = "sum"
scale = 1000
[[tiers]]
name = "basic_tier"
included = { api_calls = 0.5 }
"""


def write(folder: Path, text: str | bytes, name: str = "x") -> Path:
    """The folder of stage files, with one."""
    stage_folder = folder / "stages"
    stage_folder.mkdir(exist_ok=True)
    content = text.encode() if isinstance(text, str) else text
    (stage_folder / f"{name}.toml").write_bytes(content)
    return stage_folder


def load(folder: Path, text: str | bytes, name: str = "x") -> stages.Stage:
    """Raises StageError."""
    return stages.load(name, folder=write(folder, text, name))


def changed(found: str, written: str, text: str = GOOD) -> str:
    """The good file with one text instead of another."""
    assert found in text
    return text.replace(found, written)
