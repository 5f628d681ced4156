"""What is left out of a template, what goes with it, and what must not."""

from typing import Any

import pytest

from local.cloud.prune import PruneFailed, prune

QUERY = {"Type": "AWS::Logs::QueryDefinition", "Properties": {"Name": "q"}}
METRIC_MATH = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Id": "a", "Expression": "1"}]}}
PLAIN = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "m", "Namespace": "n"}}


def _pruned(
    resources: dict[str, Any], outputs: dict[str, Any] | None = None, lost: set[str] | None = None
) -> tuple[Any, list[str]]:
    template = {"Resources": resources, "Outputs": outputs or {}}
    kept, gone = prune(template, set() if lost is None else lost)
    return kept, [one.logical_id for one in gone]


def test_alarms_stay_and_what_the_emulator_does_not_know_goes() -> None:
    kept, gone = _pruned({"Plain": PLAIN, "Math": METRIC_MATH, "Query": QUERY})
    assert (list(kept["Resources"]), gone) == (["Plain", "Math"], ["Query"])


@pytest.mark.parametrize(
    "reference",
    [
        {"Ref": "Query"},
        {"Fn::GetAtt": ["Query", "Arn"]},
        {"Fn::GetAtt": "Query.Arn"},
        {"Fn::Sub": "x ${Query.Arn} y"},
        {"Fn::Sub": ["${Query}", {}]},
        {"Fn::Join": ["", ["a", {"Ref": "Query"}]]},
    ],
)
def test_a_dashboard_of_a_removed_resource_is_removed_too(reference: Any) -> None:
    dashboard = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": reference}}
    _, gone = _pruned({"Board": dashboard, "Query": QUERY})
    assert sorted(gone) == ["Board", "Query"]


def test_removing_a_resource_that_another_needs_is_an_error() -> None:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Ref": "Query"}}}
    with pytest.raises(PruneFailed, match=r"Param \(AWS::SSM::Parameter\) refers to Query"):
        _pruned({"Query": QUERY, "Param": parameter})


@pytest.mark.parametrize(("after", "left"), [("Query", None), (["Query", "Other"], ["Other"])])
def test_dependencies_on_removed_resources_are_removed(after: Any, left: Any) -> None:
    kept, _ = _pruned({"Query": QUERY, "Other": PLAIN, "B": {"Type": "AWS::S3::Bucket", "DependsOn": after}})
    assert kept["Resources"]["B"].get("DependsOn") == left


def test_a_removed_export_is_noticed_by_its_importer() -> None:
    lost: set[str] = set()
    kept, _ = _pruned({"Query": QUERY}, {"M": {"Value": {"Ref": "Query"}, "Export": {"Name": "query"}}}, lost)
    assert kept["Outputs"] == {}
    importer = {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Fn::ImportValue": "query"}}}
    with pytest.raises(PruneFailed, match="refers to query"):
        _pruned({"Param": importer}, lost=lost)


def test_a_removed_output_is_noticed_by_its_reader() -> None:
    lost: set[str] = set()
    _pruned({"Query": QUERY}, {"M": {"Value": {"Ref": "Query"}}}, lost)
    looked_up = {"Fn::GetStackOutput": {"StackName": "other", "OutputName": "M"}}
    importer = {"Type": "AWS::SSM::Parameter", "Properties": {"Value": looked_up}}
    with pytest.raises(PruneFailed, match="refers to M"):
        _pruned({"Param": importer}, lost=lost)


def test_the_given_template_is_left_as_it_is() -> None:
    resources = {"Query": QUERY, "B": {"Type": "AWS::S3::Bucket", "DependsOn": "Query"}}
    _pruned(resources)
    assert resources == {"Query": QUERY, "B": {"Type": "AWS::S3::Bucket", "DependsOn": "Query"}}
