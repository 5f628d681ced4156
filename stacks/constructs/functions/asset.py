"""The one asset of all functions: the source tree with its locked, pure Python requirements, bundled without Docker."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from stacks.constructs.functions import asset_contents, asset_pruning

REQUIREMENTS = "requirements.txt"
HASH_FILE = "asset-hash.txt"


class FunctionAsset:
    """The source folder as a deployable asset.

    Its hash covers the source files, the locked requirements, the code that bundles them, and the version of the
    bytecode, but not the bundled output. So it is known without bundling, and is the same on every machine that has the
    same Python to compile with; CDK uses an unchanged asset of the assembly again.
    """

    def __init__(self, *, source: Path, runtime: lambda_.Runtime, function_python: str | None = None) -> None:
        """The source is a folder with ``requirements.txt`` (locked with hashes) at its root.

        function_python: an interpreter that compiles the bytecode; None looks for one of the runtime's version.
        """
        self.source = source
        self.python_version = runtime.name.removeprefix("python")
        self.compiler = function_python or asset_contents.installed(self.python_version)
        self.hash = self._hash()

    def code(self) -> lambda_.Code:
        """The code for one stack. Every stack needs an object of its own; all share the bundled folder."""
        return lambda_.Code.from_asset(
            str(self.source),
            asset_hash_type=AssetHashType.CUSTOM,
            asset_hash=self.hash,
            bundling=BundlingOptions(
                # The API demands an image. Bundling never uses it, and fails without Docker instead of falling back.
                image=DockerImage.from_registry("unused"),
                local=_UvBundling(self),
            ),
        )

    def files(self) -> Iterator[Path]:
        """The files to ship from the source folder, sorted: no other files that may lie there."""
        for path in sorted(self.source.rglob("*")):
            inside = path.relative_to(self.source)
            hidden = any(part.startswith(".") for part in inside.parts)
            if path.is_file() and not hidden and _is_shipped(inside):
                yield path

    def bundle(self, output: Path) -> None:
        """Fill the folder. Raises RuntimeError if uv cannot install the requirements, or they are not pure Python."""
        asset_contents.install_requirements(self.source / REQUIREMENTS, output, self.python_version)
        asset_pruning.prune(output)
        for path in self.files():
            target = output / path.relative_to(self.source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        asset_contents.compile_bytecode(output, self.python_version, self.compiler)
        # So another hash means other bytes: Lambda refuses to publish a second version of the same code.
        (output / HASH_FILE).write_text(f"{self.hash}\n", encoding="utf-8")

    def _hash(self) -> str:
        digest = hashlib.sha256(self.python_version.encode())
        # S3 keeps one object per hash: without this, the first builder would decide for all whether there is bytecode.
        digest.update((asset_contents.bytecode_tag(self.compiler) if self.compiler else "no bytecode").encode())
        for path in (*self.files(), Path(__file__), Path(asset_contents.__file__), Path(asset_pruning.__file__)):
            inside = path.relative_to(self.source) if path.is_relative_to(self.source) else Path(path.name)
            digest.update(inside.as_posix().encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
        return digest.hexdigest()


def _is_shipped(inside: Path) -> bool:
    """Whether the asset takes the file: a module has a name to import, and an editor's copy has not. inside: the path
    in the source folder."""
    return inside == Path(REQUIREMENTS) or (
        inside.suffix in (".py", ".html", ".css", ".json") and inside.stem.isidentifier()
    )


@jsii.implements(ILocalBundling)
class _UvBundling:
    def __init__(self, asset: FunctionAsset) -> None:
        self._asset = asset

    def try_bundle(self, output_dir: str, *, image: DockerImage | None = None, **_: Any) -> bool:
        self._asset.bundle(Path(output_dir))
        return True
