"""A wrong stage file is one line: file, key, remedy."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from marketplace.dimensions import Dimension
from marketplace.regions import METERING_REGIONS
from stacks import stage as stages
from stacks import synth
from stacks.toml_section import StageError
from tests.synthesized import PRODUCT_CODE, STAGES, shipped

SHIPPED = stages.names(STAGES)
TO_BE_SET = "set it to the product code shown in the AWS Marketplace Management Portal (or pass -c productCode=...)"

GOOD = """
productCode = "abc"
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
page = ["oncall@yawl.example"]
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


def load(tmp_path: Path, text: str) -> stages.Stage:
    folder = tmp_path / "stages"
    folder.mkdir()
    (folder / "x.toml").write_text(text, encoding="utf-8")
    return stages.load("x", folder=folder)


def test_more_dimensions_than_a_functions_environment_holds_are_one_line(tmp_path: Path) -> None:
    """CloudFormation would say it in the middle of a deployment, and not of which file."""
    more = "".join(f'[dimensions.dimension_number_{n}]\nunit = "unit"\naggregation = "sum"\n' for n in range(40))
    with pytest.raises(StageError, match=r"stages/x.toml: dimensions and tiers take \d+ of the 3000 bytes"):
        load(tmp_path, GOOD.replace("[[tiers]]", more + "[[tiers]]"))


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    stage = load(tmp_path, GOOD)
    assert (stage.name, stage.product_code, stage.region, stage.suffix) == ("x", "abc", "eu-central-1", "-x")
    assert stage.dimensions == {"api_calls": Dimension(name="api_calls", unit="call", aggregation="sum", scale=1000)}
    assert stage.tiers[0].included == {"api_calls": Decimal("0.5")}
    assert stage.keep_data is False
    assert stage.clock_offset_file is None


@pytest.mark.parametrize(
    ("found", "written", "line"),
    [
        ('productCode = "abc"', 'productCode = ""', f"productCode is empty: {TO_BE_SET}"),
        ('productCode = "abc"\n', "", f"productCode is missing: {TO_BE_SET}"),
        ('productCode = "abc"', "productCode = 7", f"productCode is 7, not text: {TO_BE_SET}"),
        ('productCode = "abc"', 'productCode = "a b"', f"productCode is 'a b': {TO_BE_SET}"),
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
            "oncall@yawl.example",
            "oncall",
            "alarms.page holds 'oncall', neither an e-mail address nor an SNS topic ARN: list e-mail addresses and SNS"
            ' topic ARNs, for example ["billing-oncall@your-company.com"]',
        ),
        (
            "oncall@yawl.example",
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
            'removalPolicy = "retain"\nmovableClock = true',
            "movableClock is true on a stage that keeps its data: remove it: it is for local runs only",
        ),
    ],
)
def test_a_fault_is_one_line_with_file_key_and_remedy(tmp_path: Path, found: str, written: str, line: str) -> None:
    assert found in GOOD
    with pytest.raises(StageError) as raised:
        load(tmp_path, GOOD.replace(found, written))
    assert str(raised.value) == f"stages/x.toml: {line}"


def test_what_waits_is_tried_again_after_sqs_longest_delay_unless_the_stage_says_otherwise(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).waiting_usage_seconds == 900
    assert {name for name in SHIPPED if shipped(name).waiting_usage_seconds != 900} == {"local"}


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


def test_the_shipped_stages_are_good_but_for_the_product_code() -> None:
    assert SHIPPED == ["dev", "local", "prod", "staging"]
    for name in SHIPPED:
        assert shipped(name).product_code == PRODUCT_CODE
    for name in ("dev", "staging", "prod"):
        with pytest.raises(StageError) as raised:
            stages.load(name, folder=STAGES)
        assert str(raised.value) == f"stages/{name}.toml: productCode is empty: {TO_BE_SET}"


def test_the_shipped_stages_sell_the_specifications_dimensions() -> None:
    for name in SHIPPED:
        sold = {
            dimension.name: (dimension.aggregation, dimension.scale) for dimension in shipped(name).dimensions.values()
        }
        assert sold == {
            "workflow_executions": ("sum", 1),
            "active_users": ("distinct", 1),
            "data_processed_gb": ("sum", 1),
            "api_calls": ("sum", 1000),
            "worklet_invocations": ("sum", 1),
        }
        assert shipped(name).dimensions["data_processed_gb"].decimals > 0
        assert [tier.name for tier in shipped(name).tiers] == [
            "basic_tier",
            "professional_tier",
            "enterprise_tier",
            "unlimited_tier",
        ]


def test_what_the_shipped_stages_risk() -> None:
    assert shipped("dev").metering_mode == "dry-run"
    assert shipped("prod").suffix == ""
    assert len({shipped(name).suffix for name in SHIPPED}) == len(SHIPPED)
    assert {name: shipped(name).keep_data for name in SHIPPED} == {
        "dev": False,
        "local": False,
        "staging": True,
        "prod": True,
    }


def test_metering_regions_are_those_that_the_sdk_knows() -> None:
    import boto3

    # ca-west-1 and other new Regions come and go in the SDK's pattern-based list; this is the listed one
    known = boto3.Session(region_name="us-east-1").get_available_regions("meteringmarketplace", "aws")
    assert set(METERING_REGIONS) <= set(known)
    assert len(METERING_REGIONS) == 28


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--stage", "dev"], f"stages/dev.toml: productCode is empty: {TO_BE_SET}"),
        ([], "no stage is named: pass -c stage=<dev|local|prod|staging>"),
        (
            ["-c", "stage=nowhere"],
            "stages/nowhere.toml: there is no such stage: name one of dev, local, prod, staging (-c stage=...)",
        ),
        (
            ["--stage", "prod", "-c", "productCode=x", "-c", "clockOffsetFile=/tmp/o"],
            "stages/prod.toml: movableClock is not true: remove -c clockOffsetFile=/tmp/o",
        ),
        (
            ["--stage", "local", "-c", "functionPython=/no/python"],
            "-c functionPython=/no/python: there is no such interpreter: correct the path or leave it out",
        ),
        (["-c", "stage"], "-c stage: is not KEY=VALUE: write for example -c productCode=..."),
    ],
)
def test_the_command_prints_that_line_and_nothing_else(arguments: list[str], line: str) -> None:
    command = [sys.executable, str(synth.ROOT / "app.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line + "\n")


def test_without_the_cdk_cli_the_same_feature_flags_apply() -> None:
    flags = json.loads((synth.ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    assert synth.cdk_json_context() == flags
    assert flags["@aws-cdk/core:validateAgainstDefaultRules"] is True


def test_a_second_synth_is_the_same_and_uses_the_bundled_asset_again(tmp_path: Path) -> None:
    command = [sys.executable, str(synth.ROOT / "app.py"), "--stage", "local", "--out", str(tmp_path)]
    command += ["-c", f"functionPython={sys.executable}", "-c", f"clockOffsetFile={tmp_path / 'offset'}"]
    said, templates = [], []
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said.append("Bundling asset" in done.stderr)
        templates.append({path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.template.json")})
    assert said == [True, False]
    assert len(templates[0]) == 4
    assert templates[0] == templates[1]
    assert str(tmp_path / "offset") in templates[0]["YawlMetering-local-Doors.template.json"]
