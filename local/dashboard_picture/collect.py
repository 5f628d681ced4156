"""The dashboard of a run on the local cloud: what CloudWatch would have of it, and the answers of its log queries."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from local.alarm_judge.pump import Pump
from local.dashboard_picture.body import read_body
from local.dashboard_picture.figure import Board
from local.dashboard_picture.log_query import groups_of, run


class Collector(Pump):
    """Collects a run's figures for the dashboard."""

    def board(self) -> Board:
        """The dashboard of the time since the first look."""
        widgets = read_body(self.templates)
        first, last = self.first_minute, self._minute(time.time())
        return Board(
            widgets=widgets,
            recording=self.take(),
            minutes=range(first - first % 60, last + 1),
            tables=self._tables(widgets),
        )

    def _tables(self, widgets: list[dict[str, Any]]) -> dict[str, list[dict[str, str]]]:
        """The answers of the dashboard's log queries, by the widget's title."""
        found = {}
        for widget in widgets:
            if widget["type"] == "log":
                query = widget["properties"]["query"]
                lines = [line for name in groups_of(query) for line in self._json_lines(name)]
                found[widget["properties"]["title"]] = run(query, lines)
        return found

    def _json_lines(self, logical_id: str) -> Iterator[Mapping[str, Any]]:
        group = self.resources["AWS::Logs::LogGroup", logical_id]
        for _, message in self.events(group):
            if message.startswith("{"):
                yield json.loads(message)
