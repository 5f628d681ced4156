"""The bill of materials of the functions' asset, in CycloneDX 1.6: our version, the bundled packages with the hashes
that the bundling insists on, and which of them needs which."""

import json
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
ASSET = ROOT / "lambda_src"
#: What the file is called in a stage's cloud assembly.
FILE = "asset.cdx.json"
Bill = dict[str, Any]


def bill_of_materials() -> Bill:
    """The bill. It has no time and no random number: the same lock file makes the same bill.

    cyclonedx-py reads the lock file, which does not say which package needs which; the packages themselves say so,
    and the project's own environment has them in the same versions.
    """
    command = [str(Path(sys.executable).parent / "cyclonedx-py"), "requirements", "--spec-version=1.6"]
    command += ["--output-reproducible", f"--pyproject={ROOT / 'pyproject.toml'}", str(ASSET / "requirements.txt")]
    # Its one warning is that the dependencies are missing.
    printed = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    bill: Bill = json.loads(printed.stdout)
    references = {component["name"]: component["bom-ref"] for component in bill["components"]}

    def needed(requirements: Iterable[str]) -> list[str]:
        wanted = (Requirement(line) for line in requirements)
        names = {canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate()}
        return sorted(references[name] for name in names)

    lines = (ASSET / "requirements.in").read_text(encoding="utf-8").splitlines()
    direct = [line for line in lines if line and not line.startswith("#")]
    needs = {bill["metadata"]["component"]["bom-ref"]: needed(direct)}
    needs |= {reference: needed(metadata.requires(name) or ()) for name, reference in references.items()}
    bill["dependencies"] = [
        {"ref": reference, **({"dependsOn": others} if others else {})} for reference, others in sorted(needs.items())
    ]
    return bill


def write(folder: Path) -> Path:
    """Write the bill into a folder; returns the file."""
    file = folder / FILE
    file.write_text(json.dumps(bill_of_materials(), indent=2) + "\n", encoding="utf-8")
    return file
