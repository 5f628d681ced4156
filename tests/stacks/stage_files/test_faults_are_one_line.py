"""A wrong stage file is one line: file, key, remedy."""

from pathlib import Path

import pytest

from marketplace.regions import METERING_REGIONS
from stacks import stage as stages
from stacks.stage import StageError
from tests.stacks.stage_files.files import GOOD, TO_BE_SET, load


def test_more_dimensions_than_a_functions_environment_holds_are_one_line(tmp_path: Path) -> None:
    """CloudFormation would say it in the middle of a deployment, and not of which file."""
    more = "".join(f'[dimensions.dimension_number_{n}]\nunit = "unit"\naggregation = "sum"\n' for n in range(40))
    with pytest.raises(StageError, match=r"stages/x.toml: dimensions and tiers take \d+ of the 3000 bytes"):
        load(tmp_path, GOOD.replace("[[tiers]]", more + "[[tiers]]"))


@pytest.mark.parametrize(
    ("found", "written", "line"),
    [
        ('productCode = "1234567890abcdefghijklmno"', 'productCode = ""', f"productCode is empty: {TO_BE_SET}"),
        ('productCode = "1234567890abcdefghijklmno"\n', "", f"productCode is missing: {TO_BE_SET}"),
        ('productCode = "1234567890abcdefghijklmno"', "productCode = 7", f"productCode is 7, not text: {TO_BE_SET}"),
        ('productCode = "1234567890abcdefghijklmno"', 'productCode = "a b"', f"productCode is 'a b': {TO_BE_SET}"),
        ('"eu-central-1"', '"ca-west-1"', f"region is 'ca-west-1': set it to one of {', '.join(METERING_REGIONS)}"),
        ('"license"', '"licence"', "integration is 'licence': set it to one of license, legacy, mixed"),
        (
            '"dry-run"',
            '"on"',
            "meteringMode is 'on': set it to one of off, dry-run, test-buyers, live",
        ),
        (
            '"dry-run"',
            '"test-buyers"',
            'testBuyers is empty: list the billing keys to send for, or set meteringMode = "dry-run"',
        ),
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
            'suffix = "-x"',
            'suffix = "x"',
            'suffix is \'x\': start it with "-" (at most 16 of a-z, 0-9, "-"), or leave it "" in production',
        ),
        (
            "logRetentionDays = 14",
            "logRetentionDays = 15",
            "logRetentionDays is 15: CloudWatch Logs takes 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545,"
            " 731, 1096, 1827, 2192, 2557, 2922, 3288",
        ),
        (
            "oncall@yawl-vendor.com",
            "oncall",
            "alarms.page holds 'oncall', neither an e-mail address nor an SNS topic ARN: list e-mail addresses and SNS"
            ' topic ARNs, for example ["billing-oncall@your-company.com"]',
        ),
        (
            "oncall@yawl-vendor.com",
            "arn:aws:sns:us-east-1:111122223333:oncall",
            "alarms.page reaches nobody in eu-central-1: add a topic of that Region or an e-mail address",
        ),
        (
            'aggregation = "sum"',
            'aggregation = "average"',
            "dimensions.api_calls.aggregation is 'average': set it to one of sum, distinct, max",
        ),
        (
            "scale = 1000",
            "decimals = 7",
            "dimensions.api_calls.decimals is 7: set it to a whole number from 0 to 6",
        ),
        (
            "[dimensions.api_calls]",
            '[dimensions."api calls"]',
            "dimensions.api calls is no usable dimension name: use a letter, then letters, digits and _",
        ),
        (
            "{ api_calls = 0.5 }",
            "{ calls = 1 }",
            "tiers[0].included.calls is not a dimension of this stage: give a quantity of 0 or more, or -1 for"
            " unlimited, to any of api_calls",
        ),
        (
            "{ api_calls = 0.5 }",
            "{ api_calls = -2 }",
            "tiers[0].included.api_calls is -2: give a quantity of 0 or more, or -1 for unlimited, to any of api_calls",
        ),
        (
            'removalPolicy = "destroy"',
            'removalPolicy = "retain"\nnoticesOf = "everybody"\nmovableClock = true',
            "movableClock is true on a stage that keeps its data: remove it: it is for local runs only",
        ),
    ],
)
def test_a_fault_is_one_line_with_file_key_and_remedy(tmp_path: Path, found: str, written: str, line: str) -> None:
    assert found in GOOD
    with pytest.raises(StageError) as raised:
        load(tmp_path, GOOD.replace(found, written))
    assert str(raised.value) == f"stages/x.toml: {line}"


@pytest.mark.parametrize(
    ("below", "where"),
    [("[alarms]", "alarms.pagee"), ('unit = "call"', "dimensions.api_calls.pagee"), ("productCode", "pagee")],
)
def test_a_misspelt_key_is_refused_wherever_it_stands(tmp_path: Path, below: str, where: str) -> None:
    text = GOOD.replace(below, f"{below}\npagee = 1" if below != "productCode" else "pagee = 1\nproductCode", 1)
    with pytest.raises(StageError, match=rf"^stages/x.toml: {where} is not a known key: .*\(known here: .*\)$"):
        load(tmp_path, text)


def test_a_file_without_dimensions_or_that_is_no_toml_says_so(tmp_path: Path) -> None:
    text = GOOD.split("[dimensions")[0] + "[dimensions]\n"
    with pytest.raises(StageError, match=r"^stages/x.toml: dimensions is empty: add an entry$"):
        load(tmp_path, "tiers = []\n" + text)
    (tmp_path / "stages" / "x.toml").write_text("= 1", encoding="utf-8")
    with pytest.raises(StageError, match=r"^stages/x.toml: this is not valid TOML, .*; correct that line$"):
        stages.load("x", folder=tmp_path / "stages")
