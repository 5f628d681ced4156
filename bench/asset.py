"""The functions' asset, bundled as it is deployed, with bytecode of the interpreter that functions run on here."""

import shutil
import zipfile
from pathlib import Path

from bench.figure import PROJECT
from stacks.constructs.functions import asset_contents
from stacks.node import use_pinned_node

FUNCTION_PYTHON = PROJECT / ".venv-lambda" / "bin" / "python"
FOLDER = PROJECT / "build" / "bench"
#: boto3 and what it needs, as pip installed them for the project
STOCK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")


def bundled() -> Path:
    """The folder of a new asset, bundled as for a deployment."""
    use_pinned_node()
    # The CDK starts Node when it is imported, so this one has to be chosen before.
    from stacks.constructs.functions.asset import FunctionAsset
    from stacks.constructs.functions.function import RUNTIME

    folder = _empty(FOLDER / "asset")
    FunctionAsset(source=PROJECT / "lambda_src", runtime=RUNTIME, function_python=str(FUNCTION_PYTHON)).bundle(folder)
    return folder


def stock() -> Path:
    """A folder with unchanged boto3 and botocore, with bytecode of the same interpreter."""
    import boto3  # It takes half a second, and only this figure needs it.

    installed, folder = Path(boto3.__file__).parents[1], _empty(FOLDER / "stock")
    for name in STOCK:
        source = installed / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    asset_contents.compile_bytecode(folder, "", str(FUNCTION_PYTHON))
    return folder


def zipped_size(folder: Path, *, bytecode: bool) -> int:
    """Bytes of the folder as a deployment package."""
    archive = FOLDER / "asset.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (bytecode or path.suffix != ".pyc"):
                target.write(path, path.relative_to(folder))
    size = archive.stat().st_size
    archive.unlink()
    return size


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
