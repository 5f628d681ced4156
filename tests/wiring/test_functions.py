"""What is deployed and what runs agree: handlers, settings, names."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from bench.imports import DOORS, WORKERS
from ledger.tables import ALL_TABLES
from runtime import settings
from runtime.clock import OFFSET_VARIABLE
from runtime.settings import Settings
from stacks import stage as stages
from stacks import synth
from stacks.application import function_environment
from tests.synthesized import STAGES, Assembly, shipped
from tests.wiring.services import SERVICES, SOURCE, files_of, metric_names_imported, services_named

POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}

FUNCTIONS = (
    "registration",
    "subscriber-api",
    "buyer-usage",
    "access",
    "usage-page",
    "tell-people",
    "subscription-notices",
    "entitlement-notices",
    "usage",
    "put-zero-records",
    "usage-queue",
    "find-due-hours",
    "seal-hours",
    "plan-batches",
    "submit-batch",
    "settle-hours",
    "report",
    "find-final-hours",
    "refuse-usage",
    "end-subscription",
    "start-final-metering",
    "look-after-leavers",
    "tell-events",
    "send-webhooks",
    "archive-changes",
    "audit-conservation",
    "reconcile-calls",
    "reconcile-usage",
    "reconcile-invoices",
    "search-agreements",
    "engine-gateway",
    "reconcile-engine",
    "look-after-engines",
    "read-access-log",
)


def settings_class(function: str) -> type[Settings]:
    """``seal-hours`` → ``SealHoursSettings``."""
    name = "".join(word.title() for word in function.split("-")) + "Settings"
    found: type[Settings] | None = getattr(settings, name, None)
    assert found, f"{function}: runtime/settings.py has no class {name}"
    return found


def source_of(handler: str) -> Path:
    return SOURCE / Path(*handler.split(".")[:-1]).with_suffix(".py")


def test_these_are_the_functions(prod: Assembly) -> None:
    assert set(prod.functions()) == set(FUNCTIONS), "a function is new or gone: change FUNCTIONS in this file"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_handler_exists_and_takes_event_and_context(prod: Assembly, function: str) -> None:
    module, name = prod.functions()[function]["Handler"].rsplit(".", 1)
    handler = getattr(importlib.import_module(module), name)
    assert callable(handler)


def test_the_benchmark_starts_every_function(prod: Assembly) -> None:
    handlers = {name: function["Handler"].rpartition(".")[0] for name, function in prod.functions().items()}
    assert handlers == WORKERS | DOORS, "a function is new or gone: change DOORS or WORKERS in bench/imports.py"


def test_the_benchmarks_page_has_a_row_of_every_function() -> None:
    page = (synth.ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    section = page.partition("## Time to import and initialise")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| ([a-z-]+) \| [0-9]", section, re.MULTILINE)) - {"reference"}
    assert rows == set(FUNCTIONS), "a function is new or gone: run `make bench B=imports`"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_unit_test_calls_the_handler(prod: Assembly, function: str) -> None:
    room, _, module, _ = prod.functions()[function]["Handler"].split(".")
    called = re.compile(rf'handlers(\.{module}\b| import .*\b{module}\b)|call\(\s*"{module}"')
    tests = (synth.ROOT / "tests" / "unit" / room).rglob("*.py")
    assert any(called.search(test.read_text(encoding="utf-8")) for test in tests), (
        f"{function}: no file of tests/unit/{room} calls its handler; tests/unit/README.md says how"
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_environment_is_the_settings_of_that_function(prod: Assembly, function: str) -> None:
    variables = set(prod.functions()[function]["Environment"]["Variables"])
    assert variables == set(settings_class(function).names()) | POWERTOOLS, (
        f"{function}: its stack gives other variables than {settings_class(function).__name__} in runtime/settings.py"
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_handler_reads_those_settings(prod: Assembly, function: str) -> None:
    path = source_of(prod.functions()[function]["Handler"])
    used = {
        node.attr for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Attribute)
    }
    used |= {node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)}
    name = settings_class(function).__name__
    assert name in used, f"{path.name} does not read {name}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_service_is_one_that_alarms_look_up_and_the_handlers_metrics_are_its_own(
    prod: Assembly, function: str
) -> None:
    """A metric that goes out under another service is one that no alarm reads."""
    deployed = prod.functions()[function]
    service = deployed["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    assert service in SERVICES, (
        f"{function}: no service {service!r} has metrics. Give `service=` where its stack adds the function, or list"
        " the new service with its metric names in tests/wiring/services.py"
    )
    files = files_of(source_of(deployed["Handler"]))
    assert services_named(files) == {service}, (
        f"{function}: the names in telemetry.logger(…) and telemetry.metrics(…) are not the service {service!r} that"
        " its stack gives it (`service=`; without it, the first part of the handler)"
    )
    assert metric_names_imported(files) <= {SERVICES[service].__name__}, (
        f"{function}: emits metrics of another service than {service!r}; no alarm would read them"
    )


def test_a_variable_named_after_a_table_holds_that_tables_name(prod: Assembly) -> None:
    exports = {
        output["Export"]["Name"]: output["Value"]
        for output in prod.template("Data")["Outputs"].values()
        if "Export" in output
    }
    tables = dict(prod.resources("AWS::DynamoDB::Table"))
    expected = {
        "SUBSCRIBERS_TABLE": "yawl-subscribers",
        "METERING_RECORDS_TABLE": "yawl-metering-records",
        "USAGE_EVENTS_TABLE": "yawl-usage-events",
        "STATE_TABLE": "yawl-metering-state",
        "NOTICES_TABLE": "yawl-notices",
        "AUDIT_TABLE": "yawl-audit",
        "ENGINES_TABLE": "yawl-engines",
    }
    assert set(expected.values()) == {table.name for table in ALL_TABLES}
    seen = set()
    for function in prod.functions().values():
        for variable, value in function["Environment"]["Variables"].items():
            if variable.endswith("_TABLE"):
                seen.add(variable)
                table = tables[exports[value["Fn::ImportValue"]]["Ref"]]
                assert table["Properties"]["TableName"] == expected[variable]
    assert seen == set(expected)


def test_a_variable_named_after_a_queue_holds_that_queues_address(prod: Assembly) -> None:
    variables = prod.functions()["usage-queue"]["Environment"]["Variables"]
    named = {name: value["Ref"][:-8] for name, value in variables.items() if name.endswith("_QUEUE_URL")}
    assert named == {
        "WAITING_USAGE_QUEUE_URL": "UsageQueueWaiting",
        "REFUSED_USAGE_QUEUE_URL": "UsageQueueRefused",
    }
    for output, variable in (
        ("WaitingUsageQueueUrl", "WAITING_USAGE_QUEUE_URL"),
        ("RefusedUsageQueueUrl", "REFUSED_USAGE_QUEUE_URL"),
    ):
        assert prod.template("Doors")["Outputs"][output]["Value"] == variables[variable]


def test_only_the_local_stage_can_move_its_clock(prod: Assembly, local: Assembly) -> None:
    movable = {name for name in stages.names(STAGES) if function_environment(shipped(name)).clock_offset_file}
    assert movable == {"local"}
    for assembly, carries in ((prod, False), (local, True)):
        for function in assembly.functions().values():
            assert (OFFSET_VARIABLE in function["Environment"]["Variables"]) is carries


def test_every_index_that_may_be_queried_is_declared(prod: Assembly) -> None:
    declared = {index.name for table in ALL_TABLES for index in table.indexes}
    granted = {
        part.removeprefix("/index/")
        for function in FUNCTIONS
        for statement in prod.policies_of(function)
        for resource in (statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]])
        if isinstance(resource, dict) and "Fn::Join" in resource
        for part in resource["Fn::Join"][1]
        if isinstance(part, str) and part.startswith("/index/")
    }
    assert granted
    assert granted <= declared
