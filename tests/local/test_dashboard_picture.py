"""The dashboard as a picture: the synthesized body with recorded metrics, drawn without CloudWatch."""

import re
from typing import Any

import plotly.graph_objects as go
import pytest

from local.alarm_judge.recording import Recording
from local.dashboard_picture import log_query
from local.dashboard_picture.body import Plotted, curves, read_body
from local.dashboard_picture.figure import Board, markup, values
from tests.synthesized import Assembly

NAMESPACE = "YawlMarketplaceMetering/prod"
SERVICE = {"service": "metering"}
#: Minutes since the epoch; the first is a full hour.
START = 29_000_040
MINUTES = range(START - START % 60, START - START % 60 + 180)
FIRST = MINUTES.start


@pytest.fixture(scope="module")
def widgets(prod: Assembly) -> list[dict[str, Any]]:
    return read_body(
        {stack: prod.template(stack) for stack in ("Data", "Doors", "Events", "Metering", "Archive", "Audit", "Watch")}
    )


def widget(widgets: list[dict[str, Any]], title: str) -> dict[str, Any]:
    (found,) = [each for each in widgets if each["properties"].get("title") == title]
    return found


def drawn(widgets: list[dict[str, Any]], title: str, recording: Recording) -> dict[str, list[float]]:
    """The values of each curve, by its label."""
    shown = curves(widget(widgets, title))
    return {each.label: [value for _, value in values(each, recording, MINUTES)] for each in shown}


def test_a_count_is_summed_by_the_panels_own_period(widgets: list[dict[str, Any]]) -> None:
    recording = Recording()
    for minute, lines in ((10, 3), (50, 4), (70, 5)):
        recording.put(NAMESPACE, "LinesBilled", SERVICE, minute=FIRST + minute, value=lines)
    recording.put(NAMESPACE, "LinesBilled", SERVICE, minute=MINUTES.stop, value=100)
    assert drawn(widgets, "Lines billed", recording) == {"billed": [7, 5], "not sent (mode)": []}


def test_seconds_are_drawn_as_hours_and_the_worst_reading_counts(widgets: list[dict[str, Any]]) -> None:
    recording = Recording()
    for minute, seconds in ((10, 3600), (20, 7200)):
        recording.put(NAMESPACE, "OldestPendingHourAgeSeconds", SERVICE, minute=FIRST + minute, value=seconds)
        recording.put(NAMESPACE, "NearestDeadlineSeconds", SERVICE, minute=FIRST + minute, value=seconds)
    assert drawn(widgets, "Age of the oldest pending hour", recording) == {"oldest": [2]}
    assert drawn(widgets, "Time until the nearest deadline", recording) == {"left": [1]}


def test_a_query_of_a_table_sums_all_its_operations(widgets: list[dict[str, Any]]) -> None:
    recording = Recording()
    for operation, table in (("PutItem", "yawl-subscribers"), ("GetItem", "yawl-subscribers"), ("GetItem", "other")):
        where = {"Operation": operation, "TableName": table}
        recording.put("AWS/DynamoDB", "ThrottledRequests", where, minute=FIRST, value=2)
    found = drawn(widgets, "Tables: throttled requests", recording)
    assert found["Subscribers"] == [4]
    assert not any(found[label] for label in found if label != "Subscribers")


def test_an_expression_that_is_not_drawn_is_refused() -> None:
    unknown = Plotted(label="", colour=None, statistic="Sum", period=300, expression="RATE(m)")
    with pytest.raises(ValueError, match="RATE"):
        values(unknown, Recording(), MINUTES)


def test_every_panel_is_on_the_page_and_its_texts_are_escaped(widgets: list[dict[str, Any]]) -> None:
    title = "Customers whose lines were not billed"
    board = Board(widgets=widgets, recording=Recording(), minutes=MINUTES, tables={title: [{"customer": "<b>l-1</b>"}]})
    figures: list[go.Figure] = []

    def chart(figure: go.Figure) -> str:
        figures.append(figure)
        return "<svg></svg>"

    page = markup(board, chart)
    assert len(figures) == sum(each["type"] == "metric" for each in widgets)
    titles = re.findall("<h4>([^<]+)</h4>", page)
    assert titles == [each["properties"]["title"] for each in widgets if each["type"] != "text"]
    assert "&lt;b&gt;l-1&lt;/b&gt;" in page
    assert "<b>" not in page


# --- queries of logs --------------------------------------------------------------------------------------------------

LINES = (
    {"message": "settled", "verdict": "billed", "customer": "l-1", "dimension": "api_calls"},
    {"message": "settled", "verdict": "rejected", "customer": "l-2", "dimension": "api_calls", "detail": "first"},
    {"message": "settled", "verdict": "rejected", "customer": "l-2", "dimension": "api_calls", "detail": "second"},
    {"message": "settled", "verdict": "expired", "customer": "l-1", "dimension": "api_calls"},
    {"message": "hour waits", "customer": "l-3", "reason": "identity_incomplete", "hour": "2026-11-15T09:00:00Z"},
    {"message": "hour waits", "customer": "l-3", "reason": "identity_incomplete", "hour": "2026-11-15T08:00:00Z"},
)


def test_the_dashboards_queries_name_the_customers_that_are_affected(widgets: list[dict[str, Any]]) -> None:
    not_billed = widget(widgets, "Customers whose lines were not billed")["properties"]["query"]
    line = {"dimension": "api_calls", "verdict": "rejected"}
    assert log_query.run(not_billed, LINES) == [
        {"customer": "l-2", **line, "lines": "2", "reason": "second"},
        {"customer": "l-1", **line, "verdict": "expired", "lines": "1", "reason": ""},
    ]
    waits = widget(widgets, "Customers whose hours cannot be sealed")["properties"]["query"]
    assert log_query.run(waits, LINES) == [
        {"customer": "l-3", "reason": "identity_incomplete", "times": "2", "oldest": "2026-11-15T08:00:00Z"}
    ]


@pytest.mark.parametrize("query", ["fields @message", "filter verdict like /x/", "parse @message 'x'"])
def test_a_query_that_is_not_understood_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match="not understood"):
        log_query.run(query, LINES)
