"""Deploys a cloud assembly to the local cloud through its CloudFormation, as the CDK's command line would to AWS.

The templates are those that go to AWS. The deployer uploads the file assets and stands in for the CDK's bootstrap
stack, that is for its bucket and its version parameter.
"""

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError

from local.cloud.accounts import LocalSession
from local.cloud.assembly import Assembly, FileAsset, StackArtifact, read

#: The version that the CDK's bootstrap template of today leaves; stacks ask for 6 or more.
BOOTSTRAP_VERSION = "30"
STACK_TIMEOUT = 120.0
#: The earliest time that a zip can hold, so that the archive depends on its content alone.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)

#: Outputs by stack name.
Outputs = dict[str, dict[str, str]]


class DeployFailed(RuntimeError):
    """A stack or an asset could not be deployed; the message names the resource and the reason."""


class Deployer:
    """Deploys with a session's rights. ``say`` receives one line for each stack."""

    def __init__(self, session: LocalSession, account: str, *, say: Callable[[str], None] = lambda _: None) -> None:
        self._account = account
        self._region: str = session.region_name
        self._say = say
        self._s3 = session.client("s3")
        self._ssm = session.client("ssm")
        self._cloudformation = session.client("cloudformation")

    def deploy(self, directory: Path) -> Outputs:
        """Creates or updates every stack and returns the outputs. Raises DeployFailed and AssemblyFailed."""
        assembly = read(directory)
        self._upload(assembly)
        return {stack.name: self._deploy_stack(stack) for stack in assembly.stacks}

    # --- assets -------------------------------------------------------------------------------------------------------

    def _upload(self, assembly: Assembly) -> None:
        existing: dict[str, set[str]] = {}
        for asset in assembly.assets:
            bucket = asset.bucket
            for name, value in (("AccountId", self._account), ("Region", self._region), ("Partition", "aws")):
                bucket = bucket.replace(f"${{AWS::{name}}}", value)
            if bucket not in existing:
                existing[bucket] = self._prepare_bucket(bucket)
            if asset.key not in existing[bucket]:
                self._s3.put_object(Bucket=bucket, Key=asset.key, Body=_content(asset))

    def _prepare_bucket(self, bucket: str) -> set[str]:
        """Creates the bucket unless it exists, and returns the keys in it."""
        try:
            self._s3.head_bucket(Bucket=bucket)
        except ClientError:
            elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
            self._s3.create_bucket(Bucket=bucket, **({} if self._region == "us-east-1" else elsewhere))  # type: ignore[arg-type]
            return set()
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {entry["Key"] for page in pages for entry in page.get("Contents", [])}

    # --- stacks -------------------------------------------------------------------------------------------------------

    def _deploy_stack(self, stack: StackArtifact) -> dict[str, str]:
        started = time.monotonic()
        if stack.bootstrap_parameter is not None:
            self._ssm.put_parameter(
                Name=stack.bootstrap_parameter, Value=BOOTSTRAP_VERSION, Type="String", Overwrite=True
            )
        verb = self._apply(stack)
        outputs = self._wait(stack.name)
        count = len(stack.template.get("Resources", {}))
        self._say(f"{stack.name}: {verb}, {count} resources, {time.monotonic() - started:.1f} s")
        return outputs

    def _template_url(self, stack: StackArtifact) -> str:
        """Uploads the template, because one in the request may not exceed 51,200 bytes; returns its address."""
        bucket = f"local-templates-{self._account}-{self._region}"
        self._prepare_bucket(bucket)
        self._s3.put_object(Bucket=bucket, Key=f"{stack.name}.json", Body=json.dumps(stack.template).encode())
        return f"https://s3.{self._region}.amazonaws.com/{bucket}/{stack.name}.json"

    def _status(self, name: str) -> str | None:
        try:
            return str(self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        except ClientError:
            return None

    def _apply(self, stack: StackArtifact) -> str:
        status = self._status(stack.name)
        if status in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"):
            self._cloudformation.delete_stack(StackName=stack.name)
            while self._status(stack.name) is not None:
                time.sleep(0.05)
            status = None
        request = self._cloudformation.create_stack if status is None else self._cloudformation.update_stack
        try:
            request(
                StackName=stack.name,
                TemplateURL=self._template_url(stack),
                Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
                Tags=[{"Key": k, "Value": v} for k, v in stack.tags.items()],
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
        except ClientError as failure:
            message = failure.response["Error"].get("Message", str(failure))
            if "No updates are to be performed" in message:
                return "unchanged"
            raise DeployFailed(f"{stack.name}: {message}") from None
        return "created" if status is None else "updated"

    def _wait(self, name: str) -> dict[str, str]:
        deadline = time.monotonic() + STACK_TIMEOUT
        while True:
            described = self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            status = described["StackStatus"]
            if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
                return {entry["OutputKey"]: entry["OutputValue"] for entry in described.get("Outputs", [])}
            if not status.endswith("_IN_PROGRESS"):
                raise DeployFailed(f"{name}: {status}\n{self._reasons(name) or described.get('StackStatusReason', '')}")
            if time.monotonic() > deadline:
                raise DeployFailed(f"{name}: still {status} after {STACK_TIMEOUT:g} s")
            time.sleep(0.05)

    def _reasons(self, name: str) -> str:
        """One line for each resource that failed, without those that CloudFormation cancelled because of it."""
        lines = []
        for event in self._cloudformation.describe_stack_events(StackName=name)["StackEvents"]:
            resource, reason = event.get("LogicalResourceId"), event.get("ResourceStatusReason", "")
            failed = event.get("ResourceStatus", "").endswith("_FAILED")
            if failed and resource != name and "cancelled" not in reason:
                lines.append(f"  {resource} ({event.get('ResourceType')}): {reason}")
        return "\n".join(dict.fromkeys(reversed(lines)))


def _content(asset: FileAsset) -> bytes:
    if not asset.path.exists():
        raise DeployFailed(f"asset {asset.path} is missing: synthesize again")
    return zipped(asset.path) if asset.zipped else asset.path.read_bytes()


def zipped(directory: Path) -> bytes:
    """The directory as a zip that depends on names, content and the executable bit alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if path.stat().st_mode & 0o100 else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()
