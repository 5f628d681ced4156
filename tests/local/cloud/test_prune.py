"""What is left out of a template, what goes with it, and what must not."""

from typing import Any

import pytest

from local.cloud.prune import PruneFailed, prune

METRIC_MATH = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Id": "a", "Expression": "1"}]}}
PLAIN = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "m", "Namespace": "n"}}


def _pruned(resources: dict[str, Any], outputs: dict[str, Any] | None = None, lost: set[str] | None = None):
    template = {"Resources": resources, "Outputs": outputs or {}}
    kept, gone = prune(template, set() if lost is None else lost)
    return kept, [one.logical_id for one in gone]


def test_a_plain_alarm_stays_and_one_with_metric_math_goes():
    kept, gone = _pruned({"Plain": PLAIN, "Math": METRIC_MATH})
    assert (list(kept["Resources"]), gone) == (["Plain"], ["Math"])


@pytest.mark.parametrize(
    "reference",
    [
        {"Ref": "Math"},
        {"Fn::GetAtt": ["Math", "Arn"]},
        {"Fn::GetAtt": "Math.Arn"},
        {"Fn::Sub": "x ${Math.Arn} y"},
        {"Fn::Sub": ["${Math}", {}]},
        {"Fn::Join": ["", ["a", {"Ref": "Math"}]]},
    ],
)
def test_an_onlooker_goes_with_what_it_looks_at(reference):
    dashboard = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": reference}}
    _, gone = _pruned({"Board": dashboard, "Math": METRIC_MATH})
    assert sorted(gone) == ["Board", "Math"]


def test_what_matters_never_goes_in_silence():
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Ref": "Math"}}}
    with pytest.raises(PruneFailed, match=r"Param \(AWS::SSM::Parameter\) refers to Math"):
        _pruned({"Math": METRIC_MATH, "Param": parameter})


@pytest.mark.parametrize(("after", "left"), [("Math", None), (["Math", "Other"], ["Other"])])
def test_nobody_waits_for_what_is_gone(after, left):
    kept, _ = _pruned({"Math": METRIC_MATH, "Other": PLAIN, "B": {"Type": "AWS::S3::Bucket", "DependsOn": after}})
    assert kept["Resources"]["B"].get("DependsOn") == left


def test_an_export_of_what_is_gone_is_missed_by_its_importer():
    lost: set[str] = set()
    kept, _ = _pruned({"Math": METRIC_MATH}, {"M": {"Value": {"Ref": "Math"}, "Export": {"Name": "math"}}}, lost)
    assert kept["Outputs"] == {}
    importer = {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Fn::ImportValue": "math"}}}
    with pytest.raises(PruneFailed, match="refers to math"):
        _pruned({"Param": importer}, lost=lost)


def test_an_output_of_what_is_gone_is_missed_by_who_looks_it_up():
    lost: set[str] = set()
    _pruned({"Math": METRIC_MATH}, {"M": {"Value": {"Ref": "Math"}}}, lost)
    looked_up = {"Fn::GetStackOutput": {"StackName": "other", "OutputName": "M"}}
    importer = {"Type": "AWS::SSM::Parameter", "Properties": {"Value": looked_up}}
    with pytest.raises(PruneFailed, match="refers to M"):
        _pruned({"Param": importer}, lost=lost)


def test_the_given_template_is_left_as_it_is():
    resources = {"Math": METRIC_MATH, "B": {"Type": "AWS::S3::Bucket", "DependsOn": "Math"}}
    _pruned(resources)
    assert resources == {"Math": METRIC_MATH, "B": {"Type": "AWS::S3::Bucket", "DependsOn": "Math"}}
