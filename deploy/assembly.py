"""The synthesized templates of a stage, in the form that the CDK's command line takes."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dependencies import bill_of_materials
from deploy.cdk_cli import ROOT
from deploy.not_ready import NotReady
from stacks.stage import Stage


@dataclass(frozen=True)
class Assembly:
    """A folder of synthesized templates."""

    folder: Path

    def stacks(self) -> dict[str, dict[str, Any]]:
        """Templates by stack name."""
        manifest = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        found = {}
        for artifact, entry in manifest["artifacts"].items():
            if entry["type"] == "aws:cloudformation:stack":
                properties = entry["properties"]
                template = (self.folder / properties["templateFile"]).read_text(encoding="utf-8")
                found[properties.get("stackName", artifact)] = json.loads(template)
        return found


def folder_of(stage: str, *, seller: bool = False) -> Path:
    """The folder that a stage's templates are synthesized into. seller: those of the publishing account."""
    return ROOT / "build" / f"cdk.out-{stage}{'-seller' if seller else ''}"


def synthesize(stage: Stage, *, protect: bool = True, seller: bool = False) -> Assembly:
    """Write the templates and the asset's bill of materials; the earlier ones stay if that fails. Raises NotReady after
    synth has printed its reason.

    seller: only the stack of the publishing account. protect: False leaves out the protection against deletion, for a
    first deployment that may have to be rolled back.
    """
    folder = folder_of(stage.name, seller=seller)
    if not protect:
        folder = folder.with_name(f"{folder.name}-unprotected")
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    command = [sys.executable, "-m", "stacks.synth", "--stage", stage.name, "--out", str(new)]
    if not stage.lists_products:
        command += ["-c", f"productCode={stage.products.codes[0]}"]
    command += [] if protect else ["-c", "protect=false"]
    command += ["-c", "seller=true"] if seller else []
    if subprocess.run(command, cwd=ROOT).returncode:  # noqa: S603
        raise NotReady(f"the stage {stage.name} cannot be synthesized: mend what the line above says")
    if not seller:  # that stack has no function
        bill_of_materials.write(new)
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)
    return Assembly(folder)
