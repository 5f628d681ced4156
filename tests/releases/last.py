"""The last release, to deploy today's over: the templates of the stage ``local``, and the functions' source.

Libraries are today's: the asset is that of today with the rooms of then.
"""

import io
import json
import shutil
import tarfile
from pathlib import Path

from local.cloud.assembly import read
from stacks import synth

RECORD = Path(__file__).with_name("last.tar.xz")
#: stands for the clock's file in the record
CLOCK = "/clock-offset"
SOURCE = synth.ROOT / "lambda_src"
#: what the rooms of then say of themselves in a run's summary, so that a test sees whose code it was
MARK = """

_report = report


def report(event, context):
    return {**_report(event, context), "release": "last"}
"""


def write(assembly: Path) -> None:
    """Record an assembly of the stage ``local`` whose clock's file is CLOCK, and the source as it is."""
    files = {f"assembly/{path.name}": path for path in assembly.glob("*.json") if path.name in _needed(assembly)}
    files |= {f"source/{path.relative_to(SOURCE).as_posix()}": path for path in SOURCE.rglob("*.py")}
    with tarfile.open(RECORD, "w:xz") as archive:
        for name, path in sorted(files.items()):
            # names and content alone: the same release makes the same record
            entry = tarfile.TarInfo(name)
            # an asset that was not bundled is the source folder itself, wherever that is
            content = path.read_bytes().replace(str(SOURCE).encode(), b"asset")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def _needed(assembly: Path) -> set[str]:
    """The files that a deployment reads."""
    artifacts = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    properties = [artifact.get("properties", {}) for artifact in artifacts.values()]
    named = {str(entry[key]) for entry in properties for key in ("templateFile", "file") if key in entry}
    return {name for name in named if name != "tree.json"} | {"manifest.json"}


def unpack(into: Path, *, today: Path, clock_file: Path) -> Path:
    """The last release's assembly, with MARK in its code. today: today's, of which the bundled libraries are."""
    with tarfile.open(RECORD) as archive:
        archive.extractall(into, filter="data")
    assembly, source = into / "assembly", into / "source"
    (bundled,) = {asset.path for asset in read(today).assets if asset.zipped}
    (staged,) = {asset.path for asset in read(assembly).assets if asset.zipped}
    (key,) = {asset.key for asset in read(assembly).assets if asset.zipped}
    for path in assembly.glob("*.json"):
        text = path.read_text(encoding="utf-8").replace(CLOCK, str(clock_file))
        # with the mark it is another asset, even where the source is today's
        path.write_text(text.replace(key.removesuffix(".zip"), "0" * 64), encoding="utf-8")
    shutil.copytree(bundled, staged)
    for room in source.iterdir():
        shutil.rmtree(staged / room.name, ignore_errors=True)
        shutil.copytree(room, staged / room.name)
    with (staged / "metering" / "handlers.py").open("a", encoding="utf-8") as file:
        file.write(MARK)
    return assembly
