"""Alarms over several metrics and over queries, which the emulator had to be taught."""

from pathlib import Path
from typing import Any

import pytest

from local.alarm_judge.alarms import METRIC_ALARM
from local.cloud import DeployFailed, LocalCloud
from local.cloud.alarm_patches import refusal
from tests.stacks.alarm_facts import alarms
from tests.synthesized import Assembly

SUM = {"Id": "total", "Expression": "SUM(METRICS())", "ReturnData": True}
STAT = {
    "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 300, "Stat": "Sum"},
    "ReturnData": False,
}


def alarm(*queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    common = {"ComparisonOperator": "GreaterThanOrEqualToThreshold", "EvaluationPeriods": 2, "Threshold": 3}
    return {"Type": METRIC_ALARM, "Properties": {**common, "Metrics": list(queries), **more}}


@pytest.mark.local
def test_they_are_deployed_described_and_part_of_a_composite_alarm(
    cloud: LocalCloud, assembly_of: Any, tmp_path: Path
) -> None:
    resources: dict[str, Any] = {
        "Total": alarm(SUM, {"Id": "m0", **STAT}, AlarmDescription="all"),
        "Either": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmRule": {"Fn::Sub": 'ALARM("${Total.Arn}")'}},
        },
    }
    outputs = {name: {"Value": {"Ref": name}} for name in resources}
    directory = assembly_of(tmp_path, {"Sums": {"Resources": resources, "Outputs": outputs}})
    name = cloud.deploy(directory)["Sums"]["Total"]
    cloudwatch = cloud.seller.client("cloudwatch")
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert [query["Id"] for query in found["Metrics"]] == ["total", "m0"]
    assert (found["Threshold"], found["StateValue"], found["AlarmDescription"]) == (3, "INSUFFICIENT_DATA", "all")
    assert "MetricName" not in found

    resources["Total"] = alarm(SUM, {"Id": "m1", **STAT}, Threshold=4)
    cloud.deploy(assembly_of(tmp_path, {"Sums": {"Resources": resources, "Outputs": outputs}}))
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert ([query["Id"] for query in found["Metrics"]], found["Threshold"]) == (["total", "m1"], 4)


@pytest.mark.local
def test_what_aws_refuses_fails_the_stack(cloud: LocalCloud, assembly_of: Any, tmp_path: Path) -> None:
    wrong = alarm({"Id": "m0", **STAT})
    with pytest.raises(DeployFailed, match="exactly one query must have ReturnData"):
        cloud.deploy(assembly_of(tmp_path, {"NoResult": {"Resources": {"Total": wrong}}}))


@pytest.mark.parametrize(
    ("queries", "more", "why"),
    [
        ([SUM, {"Id": "m0", **STAT}], {}, None),
        ([{"Id": "q", "Expression": "SELECT SUM(m) FROM n", "Period": 300}], {}, None),
        ([SUM], {"Period": 60}, "together with Period"),
        ([{**SUM, "Id": "Total"}], {}, "lowercase letter"),
        ([SUM, {"Id": "total", **STAT}], {}, "unique"),
        ([{"Id": "both", **SUM, **STAT}], {}, "either an Expression or a MetricStat"),
        ([SUM, SUM | {"Id": "again"}], {}, "exactly one"),
        ([SUM, *({"Id": f"m{number}", **STAT} for number in range(11))], {}, "at most 10 metrics"),
        ([{**SUM, "Expression": "x" * 2049}], {}, "2048 characters"),
    ],
)
def test_a_refusal_is_that_of_put_metric_alarm(
    queries: list[dict[str, Any]], more: dict[str, Any], why: str | None
) -> None:
    refused = refusal(alarm(*queries, **more)["Properties"])
    assert refused is None if why is None else why in str(refused)


def test_no_alarm_of_ours_would_be_refused(prod: Assembly) -> None:
    over_several = [found.properties for found in alarms(prod).values() if "Metrics" in found.properties]
    assert len(over_several) > 5
    assert [refusal(properties) for properties in over_several] == [None] * len(over_several)
