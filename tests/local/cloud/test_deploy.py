"""A cloud assembly becomes stacks: assets, order, and what a failed deployment reports."""

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from local.cloud import DeployFailed, LocalCloud
from local.cloud.deployer import zipped
from tests.local.cloud.probe_stack import WriteAssembly

pytestmark = pytest.mark.local

BUCKET = {"Type": "AWS::S3::Bucket"}


def test_a_deployment_returns_outputs_and_reports_each_stack(probe: dict[str, str], said: list[str]) -> None:
    assert set(probe) == {"ApiId", "BothArn", "WorkflowArn", "WaiterArn", "QueueUrl", "Table"}
    assert len(said) == 1
    assert said[0].startswith("Probe: created, ")


def test_stacks_are_deployed_in_order_of_dependency_and_again(
    cloud: LocalCloud, assembly_of: WriteAssembly, tmp_path: Path
) -> None:
    exporter: dict[str, Any] = {
        "Resources": {"B": BUCKET},
        "Outputs": {"Name": {"Value": {"Ref": "B"}, "Export": {"Name": "b-name"}}},
    }
    importer: dict[str, Any] = {
        "Resources": {
            "P": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "b-name"}},
            }
        }
    }
    stacks: dict[str, Any] = {"Importer": importer, "Exporter": exporter}
    said: list[str] = []
    assembly = assembly_of(tmp_path, stacks, {"Importer": ["Exporter"]})
    cloud.deploy(assembly, say=said.append)
    assert [line.split(",")[0] for line in said] == ["Exporter: created", "Importer: created"]

    importer["Resources"]["Q"] = BUCKET
    cloud.deploy(assembly_of(tmp_path, stacks, {"Importer": ["Exporter"]}), say=said.append)
    assert [line.split(",")[0] for line in said[2:]] == ["Exporter: unchanged", "Importer: updated"]


def test_an_unknown_resource_type_is_named(cloud: LocalCloud, assembly_of: WriteAssembly, tmp_path: Path) -> None:
    template = {"Resources": {"Odd": {"Type": "AWS::Nowhere::Thing"}, "B": BUCKET}}
    with pytest.raises(DeployFailed, match="AWS::Nowhere::Thing"):
        cloud.deploy(assembly_of(tmp_path, {"Odd": template}))


def test_a_failing_resource_and_its_reason_are_named(
    cloud: LocalCloud, assembly_of: WriteAssembly, tmp_path: Path
) -> None:
    subscription = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": "arn:aws:sns:us-east-1:287250355862:absent",
            "Protocol": "sqs",
            "Endpoint": "arn:aws:sqs:us-east-1:111122223333:absent",
        },
    }
    with pytest.raises(DeployFailed, match=r"Late \(AWS::SNS::Subscription\): \S+"):
        cloud.deploy(assembly_of(tmp_path, {"Broken": {"Resources": {"Late": subscription}}}))
    # and the stack can be deployed once the template is right
    said: list[str] = []
    cloud.deploy(assembly_of(tmp_path, {"Broken": {"Resources": {"B": BUCKET}}}), say=said.append)
    assert said[0].startswith("Broken: created")


def test_a_missing_asset_is_named(cloud: LocalCloud, assembly_of: WriteAssembly, tmp_path: Path) -> None:
    assembly = assembly_of(tmp_path, {"NoCode": {"Resources": {"B": BUCKET}}})
    manifest = assembly / "NoCode.assets.json"
    manifest.write_text(manifest.read_text().replace("probe.zip", "absent.zip").replace("/function", "/absent"))
    with pytest.raises(DeployFailed, match="absent is missing"):
        cloud.deploy(assembly)


def test_a_zip_depends_on_content_alone(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "b").mkdir(parents=True)
        (tmp_path / name / "b" / "c.py").write_text("x = 1\n")
        (tmp_path / name / "a.py").write_text("y = 2\n")
    (tmp_path / "two" / "a.py").touch()
    assert zipped(tmp_path / "one") == zipped(tmp_path / "two")
    assert zipfile.ZipFile(BytesIO(zipped(tmp_path / "one"))).namelist() == ["a.py", "b/c.py"]
