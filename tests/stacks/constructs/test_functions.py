"""Functions: the settings that one gets, its log group, its rights."""

import pytest

from ledger.tables import ACCOUNT_INDEX, PENDING_INDEX, SUBSCRIBERS
from runtime.settings import UsageSettings
from stacks.constructs.storage.signing_secret import SigningSecret
from stacks.constructs.storage.table import LedgerTable
from tests.stacks.constructs.conftest import Foreign


def test_a_function_gets_the_settings_that_its_class_names(foreign: Foreign) -> None:
    foreign.function().allow_marketplace("BatchMeterUsage")
    (deployed,) = foreign.resources("AWS::Lambda::Function")
    assert deployed["Environment"]["Variables"] == {
        "SUBSCRIBERS_TABLE": "buyers",
        "POWERTOOLS_SERVICE_NAME": "theirs",
        "POWERTOOLS_METRICS_NAMESPACE": "Foreign",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    (group,) = foreign.resources("AWS::Logs::LogGroup")
    assert (group["LogGroupName"], group["RetentionInDays"]) == ("/foreign/report", 7)
    assert "DataProtectionPolicy" in group


def test_a_setting_without_a_value_is_an_error(foreign: Foreign) -> None:
    with pytest.raises(KeyError, match="PRODUCTS"):
        foreign.functions.add("usage", "theirs.handle", UsageSettings, "foreign")


def test_access_becomes_rights_on_tables_and_indexes(foreign: Foreign) -> None:
    table = LedgerTable(foreign.stack, "Buyers", declaration=SUBSCRIBERS, physical_name="buyers", protect=True)
    function = foreign.function()
    function.allow(gets=(table,), queries=(table.index(ACCOUNT_INDEX),), updates=(table,))
    SigningSecret(foreign.stack, "Sessions", signs="sessions").grant_read(function)
    (policy,) = foreign.resources("AWS::IAM::Policy")
    actions = {str(statement["Action"]) for statement in policy["PolicyDocument"]["Statement"]}
    assert actions >= {
        str(["dynamodb:GetItem", "dynamodb:UpdateItem"]),
        "dynamodb:Query",
        "secretsmanager:GetSecretValue",
    }
    with pytest.raises(ValueError, match="yawl-subscribers has no index PendingMeteringRecordsIndex"):
        table.index(PENDING_INDEX)
