"""Where functions log to, how long that is kept, and which lines there are."""

import hashlib
import re

import pytest
from itsdangerous import URLSafeSerializer

from deploy.engine import secret
from stacks.constructs.log_group import CUSTOM, MANAGED
from stacks.stage.stage_keys import LOG_LEVELS
from tests.synthesized import PRODUCT_CODE, Assembly


def test_log_groups_are_named_and_kept_as_the_stage_says(engines: Assembly, local: Assembly) -> None:
    for assembly in (engines, local):
        groups = assembly.properties("AWS::Logs::LogGroup")
        assert len(groups) == len(assembly.functions()) + 3
        for group in groups:
            assert f"/yawl-metering/{assembly.stage.name}/" in group["LogGroupName"]
            assert group["RetentionInDays"] == assembly.stage.log_retention_days


@pytest.mark.parametrize("stage", ["engines", "local"])
def test_lambda_lets_through_what_the_stage_asks_for(stage: str, request: pytest.FixtureRequest) -> None:
    """By default it drops whatever is below INFO; and Powertools takes Lambda's level before its own variable."""
    assembly: Assembly = request.getfixturevalue(stage)
    for function in assembly.functions().values():
        logging = function["LoggingConfig"]
        assert logging["LogFormat"] == "JSON"
        assert logging["ApplicationLogLevel"] == assembly.stage.log_level
        assert logging["SystemLogLevel"] == "INFO"
        assert function["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] == assembly.stage.log_level


def test_no_level_drops_the_lines_that_carry_metrics() -> None:
    """They have no level, and Lambda takes them for INFO: a higher one would silence the alarms on them."""
    assert LOG_LEVELS == ("DEBUG", "INFO")


TOKEN = "kz1oK+0Qy9Zb/3T4uW5xQ6rE7yT8uI9oP0aS1dF2gH3jK4lZ5xC6vB7nM8=="
#: As a page holds it; the key is a sample.
SESSION = URLSafeSerializer("key", signer_kwargs={"digest_method": hashlib.sha256}).dumps(
    ["l-0123456789abcdef", PRODUCT_CODE, 1_764_000_000]
)


def test_every_log_group_masks_and_counts_what_no_line_should_carry(engines: Assembly, abroad: Assembly) -> None:
    arns = [f"arn:aws:dataprotection::aws:data-identifier/{name}" for name in MANAGED]
    for assembly in (engines, abroad):
        for group in assembly.properties("AWS::Logs::LogGroup"):
            policy = group["DataProtectionPolicy"]
            audit, mask = policy["Statement"]
            assert audit["Operation"] == {"Audit": {"FindingsDestination": {}}}
            assert mask["Operation"] == {"Deidentify": {"MaskConfig": {}}}
            assert audit["DataIdentifier"] == [*arns, *CUSTOM]
            # PutDataProtectionPolicy refuses lists that differ.
            assert mask["DataIdentifier"] == audit["DataIdentifier"]
            custom = policy["Configuration"]["CustomDataIdentifier"]
            assert {one["Name"]: one["Regex"] for one in custom} == CUSTOM


def test_custom_identifiers_keep_to_what_cloudwatch_logs_takes() -> None:
    """CloudWatch Logs User Guide, "Custom data identifiers"."""
    assert len(CUSTOM) <= 10
    for name, regex in CUSTOM.items():
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", name)
        assert re.fullmatch(r"[a-zA-Z0-9_#=@/;,\- ^$?\[\]{}|\\*+.]{1,200}", regex), regex


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        (f"body: x-amzn-marketplace-token={TOKEN}", TOKEN),
        (f'{{"x-amzn-marketplace-token": "{TOKEN}", "x": 1}}', TOKEN),
        (f'{{\\"x-amzn-marketplace-token\\": \\"{TOKEN}\\"}}', TOKEN),
        (f"Parameter RegistrationToken={TOKEN} is wrong", TOKEN),
        (f'{{"registrationToken": "{TOKEN}"}}', TOKEN),
        (f'{{"session": "{SESSION}"}}', SESSION),
        (f"POST {secret.ROUTE}/engine-7/{'a1_-' * 10}abc 400", "a1_-" * 10 + "abc"),
    ],
)
def test_a_secret_that_slips_into_a_line_is_masked(line: str, hidden: str) -> None:
    assert hidden in line and hidden not in masked(line)


@pytest.mark.parametrize(
    "line",
    [
        '{"customer": "l-0123456789abcdef", "hour": "2026-11-15T14:00:00Z", "dimension": "api_calls", "quantity": 9}',
        '{"message": "AWS Marketplace rejected a line", "line": "l-0123456789abcdef/2026-11-15T14:00Z/api_calls"}',
        "arn:aws:license-manager::111122223333:license:l-0123456789abcdef0123456789abcdef",
        "arn:aws:states:eu-west-1:111122223333:execution:yawl-metering-prod-hourly:hour-2026-11-15T14-00-00Z.0",
        '{"request_id": "0b9f4b0e-4b3c-4a52-9c66-1a2b3c4d5e6f", "trace_id": "1-692c7d5a-0123456789abcdef01234567"}',
        '{"field": "x-amzn-marketplace-token", "code": "missing_token"}',
        "The field x-amzn-marketplace-token is missing; registrationToken is not there",
        '{"resourcePath": "/yawl/v1/{engineId}/{secret}", "status": "202"}',
        f"sha256 {'0123456789abcdef' * 4} of archive/year=2026/month=11/{'a' * 64}.json.gz",
    ],
)
def test_what_people_search_for_stays_readable(line: str) -> None:
    assert masked(line) == line


def masked(line: str) -> str:
    for regex in CUSTOM.values():
        line = re.sub(regex, "*", line)
    return line
