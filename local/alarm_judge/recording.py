"""Recorded metrics: values with their minute, and the minute from which CloudWatch shows them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

#: Minutes until CloudWatch shows a value.
LATE = 3


class Datum(NamedTuple):
    """A value that was counted once. shown: the first minute in which an alarm sees it."""

    minute: int
    value: float
    shown: int


class Series(NamedTuple):
    """What CloudWatch keeps apart: a metric of one name with other dimensions is another metric."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


class Recording:
    """Values by metric."""

    def __init__(self) -> None:
        self._data: defaultdict[Series, list[Datum]] = defaultdict(list)

    def put(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        *,
        minute: int,
        value: float = 1,
        late: int = LATE,
    ) -> None:
        """Record one value. late: minutes until CloudWatch shows it."""
        series = Series(namespace, name, frozenset(dimensions.items()))
        self._data[series].append(Datum(minute, value, minute + late))

    def put_emf(self, lines: Iterable[str], minute: int) -> None:
        """Record the metrics that a function's log has (CloudWatch Logs, "Embedded metric format"); other lines are
        left out."""
        for line in lines:
            if '"_aws"' not in line:
                continue
            for namespace, name, dimensions, value in _metrics_of(json.loads(line)):
                self.put(namespace, name, dimensions, minute=minute, value=value)

    def total(self, name: str, since: int) -> float:
        """The sum of a metric's values from that minute on, whatever its dimensions."""
        series = (data for each, data in self._data.items() if each.name == name)
        return sum(datum.value for data in series for datum in data if datum.minute >= since)

    def of(self, namespace: str, name: str, dimensions: Mapping[str, str]) -> list[Datum]:
        """The values of a metric with exactly these dimensions, in the order of their minutes."""
        return sorted(self._data.get(Series(namespace, name, frozenset(dimensions.items())), ()))

    def across(self, namespace: str, name: str, keys: Iterable[str], where: Mapping[str, str]) -> list[Datum]:
        """The values of all metrics that have exactly these dimensions' names, and ``where`` among their values."""
        names, wanted = set(keys), set(where.items())
        found = [
            datum
            for series, data in self._data.items()
            if (series.namespace, series.name) == (namespace, name)
            and {key for key, _ in series.dimensions} == names
            and wanted <= series.dimensions
            for datum in data
        ]
        return sorted(found)

    def __iter__(self) -> Iterator[Series]:
        return iter(self._data)


def _metrics_of(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, str], float]]:
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(document[name]) for name in names}
            for metric in directive["Metrics"]:
                values = document[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield directive["Namespace"], metric["Name"], dimensions, float(value)
