"""The body of a synthesized dashboard: its widgets, with references resolved to logical ids."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from local.alarm_judge.alarms import Templates, owner

DASHBOARD = "AWS::CloudWatch::Dashboard"


@dataclass(frozen=True)
class Plotted:
    """One curve of a widget: a metric (``namespace``, ``name``, ``dimensions``), or an expression over ``uses``.

    statistic: ``Sum``, ``Maximum``, ``p99`` and the like. period: seconds. uses: the metrics of an expression by the
    names that it has for them; they are not shown themselves.
    """

    label: str
    colour: str | None
    statistic: str
    period: int
    namespace: str = ""
    name: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    expression: str = ""
    uses: Mapping[str, "Plotted"] = field(default_factory=dict)


def read_templates(assembly: Path) -> dict[str, Any]:
    """The templates in a folder of cdk synth, by the last word of their stack's name."""
    files = assembly.glob("*.template.json")
    return {file.name.split(".")[0].rsplit("-", 1)[-1]: json.loads(file.read_text("utf-8")) for file in files}


def read_body(templates: Templates, stack: str = "Watch") -> list[dict[str, Any]]:
    """The widgets of the stack's dashboard, as the API gets them."""
    (body,) = [
        resource["Properties"]["DashboardBody"]
        for resource in templates[stack]["Resources"].values()
        if resource["Type"] == DASHBOARD
    ]
    _, parts = body["Fn::Join"]
    text = "".join(part if isinstance(part, str) else owner(templates, part) for part in parts)
    return list(json.loads(text)["widgets"])


def curves(widget: Mapping[str, Any]) -> list[Plotted]:
    """The curves of a metric widget (CloudWatch API Reference, "Dashboard Body Structure and Syntax")."""
    entries = [_entry(entry) for entry in widget["properties"].get("metrics", [])]
    by_id = {options["id"]: plotted for plotted, options in entries if "id" in options}
    return [
        replace(plotted, uses=by_id) if plotted.expression else plotted
        for plotted, options in entries
        if options.get("visible", True)
    ]


def metrics_of(widget: Mapping[str, Any]) -> Iterator[Plotted]:
    """Every metric that a widget reads, shown or used."""
    yield from (plotted for plotted, _ in map(_entry, widget["properties"].get("metrics", [])))


def _entry(entry: list[Any]) -> tuple[Plotted, dict[str, Any]]:
    *named, options = entry if isinstance(entry[-1], dict) else [*entry, {}]
    common = {
        "label": options.get("label", ""),
        "colour": options.get("color"),
        "statistic": options.get("stat", "Average"),
        "period": int(options.get("period", 300)),
    }
    if not named:
        return Plotted(expression=options["expression"], **common), options
    namespace, name, *pairs = named
    dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
    return Plotted(namespace=namespace, name=name, dimensions=dimensions, **common), options
