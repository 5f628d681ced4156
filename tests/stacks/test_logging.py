"""Where functions log to, how long that is kept, and which lines there are."""

import pytest

from stacks.stage.stage_keys import LOG_LEVELS
from tests.synthesized import Assembly


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
