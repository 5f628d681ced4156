"""Reads a stage from ``stages/product.toml`` and ``stages/<name>.toml``.

A stage file may hold any key of ``product.toml``, tables and lists included; for that stage, the whole key is then its.
"""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from marketplace.dimensions import Dimension
from stacks.stage.contradictions import NEEDED_NOTICES, faults
from stacks.stage.faults import StageError, Where
from stacks.stage.kinds import read_keys
from stacks.stage.product_keys import PRODUCT_KEYS
from stacks.stage.settings import Stage
from stacks.stage.stage_keys import STAGE_KEYS

#: The file of what is sold, so no stage has this name.
PRODUCT = "product"
#: AWS's form of a stack's name (CloudFormation), with room for our own words.
NAME = "[A-Za-z][A-Za-z0-9-]{0,30}"

Values = Mapping[str, Any]


def names(folder: Path) -> list[str]:
    """The stages that a folder has files of."""
    return sorted(path.stem for path in folder.glob("*.toml") if path.is_file() and path.stem != PRODUCT)


def load(name: str, *, folder: Path, product_code: str | None = None) -> Stage:
    """The stage of that name; ``product_code`` replaces the files'. Raises StageError where a file is missing or
    wrong."""
    file = f"{folder.name}/{name}.toml"
    if name not in names(folder):
        raise StageError(f"{file}: there is no such stage: name one of {', '.join(names(folder))} (-c stage=...)")
    if not re.fullmatch(NAME, name):
        raise StageError(f"{file}: {name!r} cannot be part of a stack's name: use a letter, then letters, digits and -")
    product = folder / f"{PRODUCT}.toml"
    product_file = f"{folder.name}/{product.name}"
    sold = _values(product, product_file) if product.exists() else {}
    for key in sold:
        if key in STAGE_KEYS:
            raise Where(product_file, key).fault("belongs to a stage", f"move it to {file}")
    layers = {
        "the command line": {"productCode": product_code} if product_code else {},
        file: _values(folder / f"{name}.toml", file),
        product_file: sold,
    }

    def at(path: str) -> Where:
        """The first file that holds the key; else the one that should hold it."""
        key = path.split(".")[0].split("[")[0]
        missing_from = product_file if key in PRODUCT_KEYS else file
        return Where(next((each for each, values in layers.items() if key in values), missing_from), path)

    values = {key: value for layer in reversed(layers.values()) for key, value in layer.items()}
    read = read_keys({**PRODUCT_KEYS, **STAGE_KEYS}, values, at)
    read["keep_data"] = read["keep_data"] == "retain"
    read["dimensions"] = {key: Dimension(name=key, **found) for key, found in read["dimensions"].items()}
    if read["notices"] is None:
        read["notices"] = NEEDED_NOTICES[read["integration"]]
    read["notices_of"] = _notices_of(read, at("noticesOf"))
    clock = folder.parent / "build" / "local" / "clock-offset"
    stage = Stage(name=name, clock_offset_file=str(clock) if read["movable_clock"] else None, **read)
    for fault in faults(stage):
        raise at(fault.key).fault(fault.what, fault.remedy)
    return stage


def _values(path: Path, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except UnicodeDecodeError:
        raise StageError(f"{file}: this is not UTF-8 text: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise StageError(f"{file}: this is not valid TOML, {error}; correct that line") from None
    except ValueError:
        # Python refuses to read whole numbers of more than some thousand digits.
        raise StageError(f"{file}: a number has too many digits: write a number that you mean") from None


def _notices_of(read: Values, where: Where) -> str:
    """A live stage takes everybody's notices. One that keeps its data must say whose: it may have been live before.

    Marketplace does not send notices again, so a stage loses those that it ignores while it is not live.
    """
    if read["notices_of"] is None and read["metering_mode"] != "live" and read["keep_data"]:
        raise where.fault(
            "is missing",
            'set it to "everybody" if real buyers have come to this stage, to "test-accounts" if it was never live',
        )
    return read["notices_of"] or ("everybody" if read["metering_mode"] == "live" else "test-accounts")
