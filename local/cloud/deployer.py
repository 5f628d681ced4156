"""Deploys a cloud assembly to the local cloud through its CloudFormation, as the CDK's command line would to AWS.

Uploads the file assets, stands in for the CDK's bootstrap stack (its bucket, its version parameter), leaves out what
``prune`` says, creates or updates stack after stack and returns their outputs.
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
from local.cloud.prune import UNSUPPORTED, Template, prune

#: what the CDK's bootstrap template of today would have left; stacks ask for 6 or more
BOOTSTRAP_VERSION = "30"
STACK_TIMEOUT = 120.0
#: the earliest time a zip can hold: the archive depends on content alone
ZIP_TIME = (1980, 1, 1, 0, 0, 0)

Outputs = dict[str, dict[str, str]]


class DeployFailed(RuntimeError):
    """A stack or an asset could not be deployed; the message names the resource and the reason."""


def _silent(line: str) -> None:
    del line


class Deployer:
    """``say`` is given a line for everything worth telling: what is left out, what was deployed."""

    def __init__(self, session: LocalSession, account: str, *, say: Callable[[str], None] = _silent) -> None:
        self._account = account
        self._region: str = session.region_name
        self._say = say
        self._s3 = session.client("s3")
        self._ssm = session.client("ssm")
        self._cloudformation = session.client("cloudformation")

    def deploy(self, directory: Path) -> Outputs:
        """Outputs by stack name. Raises DeployFailed, AssemblyFailed, PruneFailed."""
        assembly = read(directory)
        self._upload(assembly)
        lost_exports: set[str] = set()
        return {stack.name: self._deploy_stack(stack, lost_exports) for stack in assembly.stacks}

    # --- assets -------------------------------------------------------------------------------------------------------

    def _resolved(self, name: str) -> str:
        for placeholder, value in (("AccountId", self._account), ("Region", self._region), ("Partition", "aws")):
            name = name.replace(f"${{AWS::{placeholder}}}", value)
        return name

    def _upload(self, assembly: Assembly) -> None:
        present: dict[str, set[str]] = {}
        for asset in assembly.assets:
            bucket = self._resolved(asset.bucket)
            if bucket not in present:
                present[bucket] = self._prepare_bucket(bucket)
            if asset.key not in present[bucket]:
                self._s3.put_object(Bucket=bucket, Key=asset.key, Body=_content(asset))
        # the emulator deploys a function whose code is missing, and fails when it is called
        for asset in assembly.assets:
            try:
                self._s3.head_object(Bucket=self._resolved(asset.bucket), Key=asset.key)
            except ClientError as failure:
                raise DeployFailed(f"asset {asset.path} was not uploaded: {failure}") from None

    def _prepare_bucket(self, bucket: str) -> set[str]:
        """Creates the bucket if it is not there; the keys in it."""
        try:
            self._s3.head_bucket(Bucket=bucket)
        except ClientError:
            if self._region == "us-east-1":
                self._s3.create_bucket(Bucket=bucket)
            else:
                self._s3.create_bucket(
                    Bucket=bucket,
                    CreateBucketConfiguration={"LocationConstraint": self._region},  # type: ignore[typeddict-item]
                )
            return set()
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {entry["Key"] for page in pages for entry in page.get("Contents", [])}

    # --- stacks -------------------------------------------------------------------------------------------------------

    def _deploy_stack(self, stack: StackArtifact, lost_exports: set[str]) -> dict[str, str]:
        started = time.monotonic()
        if stack.bootstrap_parameter is not None:
            self._ssm.put_parameter(
                Name=stack.bootstrap_parameter, Value=BOOTSTRAP_VERSION, Type="String", Overwrite=True
            )
        template, left_out = prune(stack.template, lost_exports)
        for one in left_out:
            self._say(f"{stack.name}: left out {one}")
        verb = self._apply(stack, self._template_url(stack, template))
        outputs = self._wait(stack.name)
        count = len(template.get("Resources", {}))
        self._say(f"{stack.name}: {verb}, {count} resources, {time.monotonic() - started:.1f} s")
        return outputs

    def _template_url(self, stack: StackArtifact, template: Template) -> str:
        """By address, because a template in the request may not exceed 51,200 bytes; the path form of it."""
        bucket = f"local-templates-{self._account}-{self._region}"
        self._prepare_bucket(bucket)
        self._s3.put_object(Bucket=bucket, Key=f"{stack.name}.json", Body=json.dumps(template).encode())
        return f"https://s3.{self._region}.amazonaws.com/{bucket}/{stack.name}.json"

    def _status(self, name: str) -> str | None:
        try:
            return str(self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        except ClientError:
            return None

    def _apply(self, stack: StackArtifact, url: str) -> str:
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
                TemplateURL=url,
                Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
                Tags=[{"Key": k, "Value": v} for k, v in stack.tags.items()],
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
        except ClientError as failure:
            message = failure.response["Error"].get("Message", str(failure))
            if "No updates are to be performed" in message:
                return "unchanged"
            hint = ""
            if "Unrecognized resource types" in message:
                hint = f" (known to be left out here: {', '.join(sorted(UNSUPPORTED))})"
            raise DeployFailed(f"{stack.name}: {message}{hint}") from None
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
        """The resources that failed, each with its reason; those that were merely cancelled are not told."""
        lines = []
        for event in self._cloudformation.describe_stack_events(StackName=name)["StackEvents"]:
            reason = event.get("ResourceStatusReason", "")
            failed = event.get("ResourceStatus", "").endswith("_FAILED")
            if failed and event.get("LogicalResourceId") != name and "cancelled" not in reason:
                lines.append(f"  {event.get('LogicalResourceId')} ({event.get('ResourceType')}): {reason}")
        return "\n".join(dict.fromkeys(reversed(lines)))


def _content(asset: FileAsset) -> bytes:
    if not asset.path.exists():
        raise DeployFailed(f"asset {asset.path} is missing: synthesize again")
    if not asset.zipped:
        return asset.path.read_bytes()
    return zipped(asset.path)


def zipped(directory: Path) -> bytes:
    """A directory as a zip that depends on names, content and the executable bit alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if path.stat().st_mode & 0o100 else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()
