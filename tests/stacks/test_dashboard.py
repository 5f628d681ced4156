"""The dashboard: what it shows exists, it keeps CloudWatch's grid and limits, and questions lead to runbooks."""

import re
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from local.dashboard_picture.body import Plotted, metrics_of, read_body
from runtime.metric_names import NAMESPACE
from stacks import synth
from tests.products import selling
from tests.stacks.alarm_facts import alarms
from tests.synthesized import Assembly, shipped
from tests.wiring.services import SERVICES

#: CloudWatch API Reference, "Dashboard Body Structure and Syntax".
COLUMNS = 24
#: The same page's older limit; today's is higher.
MOST_WIDGETS = 100
#: CloudWatch quotas: metrics in one graph, and the bound that this project sets for a whole dashboard.
MOST_METRICS = 500
#: "Alarm widget": alarms in one.
MOST_ALARMS = 100
QUESTIONS = [
    "Is money flowing?",
    "Is it late?",
    "Is something lost?",
    "Who is affected?",
    "Is the system well?",
]
#: Metrics of AWS that panels show, by namespace (each service's page of metrics).
OF_AWS = {
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    "AWS/States": {"ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"},
    "AWS/Lambda": {"Errors", "Duration"},
    "AWS/ApiGateway": {"Latency", "4XXError", "5XXError"},
}


def templates(assembly: Assembly) -> dict[str, Any]:
    stacks = ["Data", "Doors", "Metering", "Archive", "Audit", "Watch", *(["Yawl"] if assembly.stage.engines else [])]
    return {stack: assembly.template(stack) for stack in stacks}


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """As in production, with list prices."""
    stage = shipped("prod")
    sold = {name: replace(dimension, price=Decimal(2)) for name, dimension in stage.dimensions.items()}
    return Assembly.of(selling(stage, dimensions=sold), tmp_path_factory.mktemp("priced"))


@pytest.fixture(params=["prod", "engines", "priced"])
def stage(request: pytest.FixtureRequest) -> Assembly:
    found: Assembly = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def widgets(stage: Assembly) -> list[dict[str, Any]]:
    return read_body(templates(stage))


def shown(widgets: list[dict[str, Any]]) -> list[Plotted]:
    return [plotted for widget in widgets for plotted in metrics_of(widget)]


def test_it_asks_the_questions_in_their_order(stage: Assembly, widgets: list[dict[str, Any]]) -> None:
    texts = [widget["properties"]["markdown"] for widget in widgets if widget["type"] == "text"]
    asked = [text.splitlines()[0].removeprefix("## ") for text in texts]
    assert asked == [*QUESTIONS, *(["YAWL engines"] if stage.stage.engines else [])]


def test_each_question_leads_to_runbooks_that_exist(widgets: list[dict[str, Any]]) -> None:
    for widget in widgets:
        if widget["type"] == "text":
            pages = re.findall(r"`([a-z-]+)`", widget["properties"]["markdown"])
            assert pages
            for page in pages:
                assert (synth.ROOT / "docs" / "runbooks" / f"{page}.md").exists(), page


def test_rows_fill_the_grid_and_nothing_overlaps(widgets: list[dict[str, Any]]) -> None:
    rows: dict[int, list[tuple[int, int, int]]] = {}
    for widget in widgets:
        rows.setdefault(widget["y"], []).append((widget["x"], widget["width"], widget["height"]))
    tops = sorted(rows)
    for top, below in pairwise([*tops, tops[-1] + max(height for _, _, height in rows[tops[-1]])]):
        cells = sorted(rows[top])
        assert cells[0][0] == 0
        assert all(x + width == next_x for (x, width, _), (next_x, _, _) in pairwise(cells))
        assert cells[-1][0] + cells[-1][1] == COLUMNS
        assert {height for _, _, height in cells} == {below - top}


def test_it_keeps_cloudwatchs_limits(widgets: list[dict[str, Any]]) -> None:
    assert len(widgets) <= MOST_WIDGETS
    assert 50 < len(shown(widgets)) <= MOST_METRICS


def test_every_metric_of_ours_is_one_that_its_service_emits(stage: Assembly, widgets: list[dict[str, Any]]) -> None:
    ours = [each for each in shown(widgets) if each.namespace.startswith(NAMESPACE)]
    assert len(ours) > 20
    for each in ours:
        assert each.namespace == f"{NAMESPACE}/{stage.stage.name}"
        assert each.name in {metric.value for metric in SERVICES[each.dimensions["service"]]}, each.name
        assert each.dimensions.keys() <= {"service", "dimension"}
        assert each.dimensions.get("dimension", next(iter(stage.stage.dimensions))) in stage.stage.dimensions


def test_every_other_metric_is_one_of_aws_about_a_resource_of_the_stage(
    stage: Assembly, widgets: list[dict[str, Any]]
) -> None:
    resources = {name for template in templates(stage).values() for name in template["Resources"]}
    others = [each for each in shown(widgets) if each.namespace and not each.namespace.startswith(NAMESPACE)]
    assert {each.namespace for each in others} == OF_AWS.keys()
    for each in others:
        assert each.name in OF_AWS[each.namespace]
        for key, value in each.dimensions.items():
            assert value in resources or key == "ApiName", f"{each.name}: {key} is {value}"


def test_expressions_read_what_stands_beside_them_or_ask_for_a_table(widgets: list[dict[str, Any]]) -> None:
    expressions = [each.expression for each in shown(widgets) if each.expression]
    tables = [each for each in expressions if each.startswith("SELECT SUM(ThrottledRequests)")]
    assert len(tables) > 3
    assert set(expressions) - set(tables) == {"s / 3600"}


def test_every_alarm_that_calls_is_in_one_panel_of_its_severity(stage: Assembly, widgets: list[dict[str, Any]]) -> None:
    panels = {w["properties"]["title"]: w["properties"]["alarms"] for w in widgets if w["type"] == "alarm"}
    for title, severity in (("Pages", "Page"), ("Tickets", "Ticket")):
        told = {name for name, alarm in alarms(stage).items() if alarm.severity == severity}
        assert len(panels[title]) <= MOST_ALARMS
        assert sorted(panels[title]) == sorted(told)


def test_money_is_shown_where_there_are_prices(priced: Assembly, prod: Assembly) -> None:
    for assembly, has_prices in ((priced, True), (prod, False)):
        names = {each.name for each in shown(read_body(templates(assembly)))}
        assert ("MoneyBilled" in names) == ("FailedMoney" in names) == has_prices


def test_logs_are_those_of_functions(stage: Assembly, widgets: list[dict[str, Any]]) -> None:
    groups = [name for name, _ in stage.resources("AWS::Logs::LogGroup", stack="Metering")]
    queries = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
    assert len(queries) == 2
    for query in queries:
        (group,) = re.findall(r"SOURCE '([^']+)'", query)
        assert group in groups
