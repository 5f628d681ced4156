"""Reads a cloud assembly, the directory ``cdk.out`` that ``cdk synth`` writes.

Formats: the manifest and the asset manifests of aws-cdk's cloud-assembly-schema, without nested assemblies, which an
app with CDK stages would write.
"""

import json
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any


class AssemblyFailed(RuntimeError):
    """The cloud assembly is incomplete, or asks for something that the local cloud cannot do."""


@dataclass(frozen=True)
class FileAsset:
    """A file or directory, and the object that it becomes. The bucket's name may hold ``${AWS::AccountId}``."""

    path: Path
    zipped: bool
    bucket: str
    key: str


@dataclass(frozen=True)
class StackArtifact:
    """One stack. ``name`` is CloudFormation's; ``after`` holds the manifest's names of what it depends on."""

    name: str
    template: dict[str, Any]
    parameters: dict[str, str]
    tags: dict[str, str]
    bootstrap_parameter: str | None
    after: frozenset[str]


@dataclass(frozen=True)
class Assembly:
    """``stacks``, each after those that it depends on, and the assets of all."""

    stacks: tuple[StackArtifact, ...]
    assets: tuple[FileAsset, ...]


def read(directory: Path) -> Assembly:
    """The assembly's stacks and file assets. Raises AssemblyFailed."""
    stacks: dict[str, StackArtifact] = {}
    assets: list[FileAsset] = []
    for artifact, entry in _json(directory / "manifest.json").get("artifacts", {}).items():
        properties = entry.get("properties", {})
        match entry["type"]:
            case "aws:cloudformation:stack":
                stacks[artifact] = StackArtifact(
                    name=properties.get("stackName", artifact),
                    template=_json(directory / properties["templateFile"]),
                    parameters=properties.get("parameters", {}),
                    tags=properties.get("tags", {}),
                    bootstrap_parameter=properties.get("bootstrapStackVersionSsmParameter"),
                    after=frozenset(entry.get("dependencies", ())),
                )
            case "cdk:asset-manifest":
                assets += _assets(directory / properties["file"])
            case "cdk:cloud-assembly":
                raise AssemblyFailed(f"{directory}: the local cloud does not deploy nested assemblies")
    order = TopologicalSorter({name: stack.after & stacks.keys() for name, stack in stacks.items()})
    try:
        return Assembly(tuple(stacks[name] for name in order.static_order()), tuple(dict.fromkeys(assets)))
    except CycleError as error:
        raise AssemblyFailed(f"stacks depend on each other in a circle: {sorted(set(error.args[1]))}") from None


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssemblyFailed(f"{path} is missing: not a cloud assembly, or an incomplete one") from None
    return content


def _assets(manifest: Path) -> list[FileAsset]:
    content = _json(manifest)
    if content.get("dockerImages"):
        raise AssemblyFailed(f"{manifest}: container images cannot run on the local cloud")
    assets = []
    for name, asset in content.get("files", {}).items():
        source = asset["source"]
        if "path" not in source:
            raise AssemblyFailed(f"{manifest}: a command makes asset {name}, and the local cloud can only upload files")
        path, zipped = manifest.parent / source["path"], source.get("packaging") == "zip"
        for destination in asset["destinations"].values():
            assets.append(FileAsset(path, zipped, destination["bucketName"], destination["objectKey"]))
    return assets
