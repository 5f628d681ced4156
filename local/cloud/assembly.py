"""Reads a cloud assembly: what ``cdk synth`` (or ``app.synth()``) leaves in ``cdk.out``.

Formats: the manifest and the asset manifests of aws-cdk's cloud-assembly-schema. Nested assemblies (CDK stages) are
read as well.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class AssemblyFailed(RuntimeError):
    """The cloud assembly is incomplete, or asks for something that cannot be done here."""


@dataclass(frozen=True)
class FileAsset:
    """A file or directory and the object it is to become; the bucket's name may hold ``${AWS::AccountId}``."""

    path: Path
    zipped: bool
    bucket: str
    key: str


@dataclass(frozen=True)
class StackArtifact:
    """One stack. ``name`` is CloudFormation's, ``artifact`` the assembly's own."""

    artifact: str
    name: str
    template: dict[str, Any]
    parameters: dict[str, str]
    tags: dict[str, str]
    bootstrap_parameter: str | None
    after: frozenset[str]


@dataclass(frozen=True)
class Assembly:
    stacks: tuple[StackArtifact, ...]
    assets: tuple[FileAsset, ...]


def read(directory: Path) -> Assembly:
    """Stacks in an order in which they can be deployed, and all file assets. Raises AssemblyFailed."""
    stacks, assets = _read(directory)
    return Assembly(tuple(_ordered(stacks)), tuple(dict.fromkeys(assets)))


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssemblyFailed(f"{path} is missing: not a cloud assembly, or an incomplete one") from None
    return content


def _read(directory: Path) -> tuple[list[StackArtifact], list[FileAsset]]:
    stacks: list[StackArtifact] = []
    assets: list[FileAsset] = []
    for artifact, entry in _json(directory / "manifest.json").get("artifacts", {}).items():
        properties = entry.get("properties", {})
        match entry["type"]:
            case "aws:cloudformation:stack":
                stacks.append(
                    StackArtifact(
                        artifact=artifact,
                        name=properties.get("stackName", artifact),
                        template=_json(directory / properties["templateFile"]),
                        parameters=properties.get("parameters", {}),
                        tags=properties.get("tags", {}),
                        bootstrap_parameter=properties.get("bootstrapStackVersionSsmParameter"),
                        after=frozenset(entry.get("dependencies", ())),
                    )
                )
            case "cdk:asset-manifest":
                assets += _assets(directory / properties["file"])
            case "cdk:cloud-assembly":
                nested_stacks, nested_assets = _read(directory / properties["directoryName"])
                stacks += nested_stacks
                assets += nested_assets
    return stacks, assets


def _assets(manifest: Path) -> list[FileAsset]:
    content = _json(manifest)
    if content.get("dockerImages"):
        raise AssemblyFailed(f"{manifest}: container images cannot run on the local cloud")
    found = []
    for name, asset in content.get("files", {}).items():
        source = asset["source"]
        if "path" not in source:
            raise AssemblyFailed(f"{manifest}: asset {name} is to be made by a command, only files can be uploaded")
        for destination in asset["destinations"].values():
            found.append(
                FileAsset(
                    path=manifest.parent / source["path"],
                    zipped=source.get("packaging") == "zip",
                    bucket=destination["bucketName"],
                    key=destination["objectKey"],
                )
            )
    return found


def _ordered(stacks: list[StackArtifact]) -> list[StackArtifact]:
    """Each after those it depends on; otherwise as the manifest has them."""
    by_artifact = {stack.artifact: stack for stack in stacks}
    ordered: list[StackArtifact] = []
    waiting = list(stacks)
    while waiting:
        done = {stack.artifact for stack in ordered}
        ready = [stack for stack in waiting if (stack.after & by_artifact.keys()) <= done]
        if not ready:
            raise AssemblyFailed(f"stacks depend on each other in a circle: {[stack.name for stack in waiting]}")
        ordered += ready
        waiting = [stack for stack in waiting if stack not in ready]
    return ordered
