"""Alarms over several metrics and over queries, which the emulator's CloudFormation refuses (``Metrics``).

With this patch it stores and describes them, and rules of composite alarms may name them. They have no data, because
the emulator has no metrics of AWS's services. The patch refuses what PutMetricAlarm would refuse.

``launcher.py`` loads this inside ``.venv-cloud`` after it has checked the version, because all of it reaches into
internals.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

#: Limits of PutMetricAlarm: the form of an Id, the length of an Expression, and the number of queries of each kind.
ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
LONGEST_EXPRESSION = 2048
MOST = 10
#: Properties of an alarm on a single metric, which exclude ``Metrics``.
OF_ONE_METRIC = ("MetricName", "Namespace", "Dimensions", "Period", "Statistic", "ExtendedStatistic", "Unit")


def refusal(properties: Mapping[str, Any]) -> str | None:
    """Why PutMetricAlarm would refuse an alarm's ``Metrics``; None if it would take them."""
    also = [name for name in OF_ONE_METRIC if name in properties]
    if also:
        return f"Metrics must not be specified together with {', '.join(also)}"
    queries: Sequence[Mapping[str, Any]] = properties["Metrics"]
    ids = [query.get("Id", "") for query in queries]
    wrong = next((name for name in ids if not ID.fullmatch(name)), None)
    if wrong is not None or len(set(ids)) < len(ids):
        return f"Id must begin with a lowercase letter and be unique: {', '.join(ids)}"
    if [query["Id"] for query in queries if ("Expression" in query) is ("MetricStat" in query)]:
        return "a query has either an Expression or a MetricStat"
    expressions = [query["Expression"] for query in queries if "Expression" in query]
    if len(expressions) > MOST or len(queries) - len(expressions) > MOST:
        return f"at most {MOST} metrics and {MOST} expressions"
    if any(len(expression) > LONGEST_EXPRESSION for expression in expressions):
        return f"an Expression has at most {LONGEST_EXPRESSION} characters"
    if sum(_returned(query) for query in queries) != 1:
        return "exactly one query must have ReturnData"
    return None


def _returned(query: Mapping[str, Any]) -> bool:
    return str(query.get("ReturnData", True)).lower() == "true"


def apply() -> None:
    """Installs the patch. Raises RuntimeError where the emulator no longer needs it."""
    from ministack.services.cloudformation import provisioners

    record = provisioners._cw_metric_alarm_record
    try:
        record("probe", {"Metrics": [{"Id": "e", "Expression": "1"}], "ComparisonOperator": "x", "Threshold": 1})
    except ValueError as refused:
        if "(metric math) is not supported" not in str(refused):
            raise RuntimeError(f"alarms over several metrics are refused otherwise than expected: {refused}") from None
    else:
        raise RuntimeError("the emulator takes alarms over several metrics by itself: this patch can go")

    def recording(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        if not properties.get("Metrics"):
            return dict(record(name, properties))
        why = refusal(properties)
        if why is not None:
            raise ValueError(why)
        single = {**properties, "MetricName": "none", "Namespace": "none"}
        del single["Metrics"]
        alarm = {key: value for key, value in record(name, single).items() if key not in OF_ONE_METRIC}
        return {**alarm, "Metrics": properties["Metrics"]}

    provisioners._cw_metric_alarm_record = recording
