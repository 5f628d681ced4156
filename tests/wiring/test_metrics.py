"""An alarm on a metric that no function emits is silent for ever."""

import ast

import pytest

from runtime import metric_names
from runtime.metric_names import NAMESPACE
from tests.stacks.alarm_facts import alarms
from tests.synthesized import Assembly
from tests.wiring.services import SERVICES, SOURCE


def emitted(service: str) -> set[str]:
    """Values of a service's metric names that the source mentions."""
    names = SERVICES[service]
    return {
        names[node.attr].value
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == names.__name__
        and node.attr in names.__members__
    }


def test_every_service_that_declares_metrics_is_listed() -> None:
    declared = {name for name in vars(metric_names) if name.endswith("Metric")}
    assert declared == {names.__name__ for names in SERVICES.values()}, (
        "a class of runtime/metric_names.py is new or gone: change SERVICES in tests/wiring/services.py"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_declared_metrics_are_emitted(service: str) -> None:
    assert emitted(service) == {metric.value for metric in SERVICES[service]}, (
        "no function counts this metric of runtime/metric_names.py: count it where it happens, or remove its name"
    )


def test_alarmed_metrics_are_emitted_by_that_service_in_that_namespace(prod: Assembly) -> None:
    namespaces = {
        function["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] for function in prod.functions().values()
    }
    assert namespaces == {f"{NAMESPACE}/{prod.stage.name}"}
    ours = [m for alarm in alarms(prod).values() for m in alarm.metrics if m.namespace.startswith(NAMESPACE)]
    assert {metric.namespace for metric in ours} == namespaces
    by_service = [metric for metric in ours if metric.dimensions]
    assert len(by_service) > 20
    for metric in by_service:
        assert metric.dimensions.keys() == {"service"}
        assert metric.name in emitted(metric.dimensions["service"]), (
            f"{metric.name}: the service {metric.dimensions['service']} does not emit it; `alarms.of(function)` in"
            " stacks/watch.py says whose metrics an alarm reads"
        )


def test_alarmed_metrics_without_a_service_are_read_from_a_log(prod: Assembly) -> None:
    ours = {
        (m.namespace, m.name)
        for alarm in alarms(prod).values()
        for m in alarm.metrics
        if m.namespace.startswith(NAMESPACE) and not m.dimensions
    }
    made = [t for found in prod.properties("AWS::Logs::MetricFilter") for t in found["MetricTransformations"]]
    assert ours == {(one["MetricNamespace"], one["MetricName"]) for one in made}
    assert not [one for one in made if "Dimensions" in one]
