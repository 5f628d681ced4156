"""Reads a stage from ``stages/product.toml`` and ``stages/<name>.toml``.

A stage file may hold any key of ``product.toml``, tables and lists included; for that stage, the whole key is then its.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from marketplace.dimensions import Dimension
from marketplace.products import Product, Products
from stacks.stage.contradictions import faults
from stacks.stage.faults import StageError, Where
from stacks.stage.kinds import fields_of, read_keys
from stacks.stage.product_contradictions import NEEDED_NOTICES
from stacks.stage.product_keys import LIST, PRODUCT_KEYS, PRODUCTS_KEY
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
        missing_from = product_file if key in (*PRODUCT_KEYS, LIST) else file
        return Where(next((each for each, values in layers.items() if key in values), missing_from), path)

    values = {key: value for layer in reversed(layers.values()) for key, value in layer.items()}
    listed = LIST in values
    beside = next((key for key in PRODUCT_KEYS if listed and key in values), None)
    if beside is not None:
        remedy = "write that product as another [[products]] table, or remove the list"
        raise at(LIST).fault(f"stands beside {beside} ({at(beside).file})", remedy)
    keys = {**STAGE_KEYS, **({LIST: PRODUCTS_KEY} if listed else PRODUCT_KEYS)}
    read = read_keys(keys, values, at)
    each = read.pop(LIST) if listed else ({field: read.pop(field) for field in fields_of(PRODUCT_KEYS)},)
    if not each:
        raise at(LIST).fault("is empty", PRODUCTS_KEY.kind.remedy)
    read |= _sold(each)
    read["lists_products"] = listed
    read["keep_data"] = read["keep_data"] == "retain"
    read["notices_of"] = _notices_of(read, at("noticesOf"))
    clock = folder.parent / "build" / "local" / "clock-offset"
    stage = Stage(name=name, clock_offset_file=str(clock) if read["movable_clock"] else None, **read)
    for fault in faults(stage):
        raise at(fault.key).fault(fault.what, fault.remedy)
    return stage


def _sold(each: Sequence[Values]) -> dict[str, Any]:
    """The fields of the stage that its products make."""
    notices = {one["product_code"]: one["notices"] or NEEDED_NOTICES[one["integration"]] for one in each}
    currencies = {one["product_code"]: one["currency"] for one in each}
    return {"products": Products(tuple(_product(**one) for one in each)), "notices": notices, "currencies": currencies}


def _product(
    *, product_code: str, dimensions: Mapping[str, Values], notices: object, currency: str, **others: Any
) -> Product:
    """notices, currency: the stage's own business, which functions need not know of a product."""
    sold = {name: Dimension(name=name, **found) for name, found in dimensions.items()}
    return Product(code=product_code, dimensions=sold, **others)


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
