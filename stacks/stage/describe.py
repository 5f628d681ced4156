"""``make schema``: what editors and readers get to know of the keys, written from their declarations.

stages/product.schema.json, stages/stage.schema.json    JSON Schema; the files name it in their first line
docs/deploy.md                                          the two tables of keys
"""

import json
from collections.abc import Iterator
from pathlib import Path

from stacks.stage.compound_kinds import Named, Table, Tables
from stacks.stage.kinds import Key, Keys, Kind, Schema, keys_schema
from stacks.stage.product_keys import LIST, PRODUCT_KEYS, PRODUCTS_KEY
from stacks.stage.stage_keys import STAGE_KEYS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "deploy.md"
HEAD = "| key | values | meaning |\n| --- | --- | --- |\n"


def product_schema() -> Schema:
    """The schema of product.toml. It requires no key, since a stage's file may hold what is missing here."""
    return _titled(
        "What is sold: stages/product.toml", {**keys_schema({**PRODUCT_KEYS, LIST: PRODUCTS_KEY}), "required": []}
    )


def stage_schema() -> Schema:
    """The schema of a stage's file, which may hold a product's keys, and must hold the stage's own."""
    required = keys_schema(STAGE_KEYS)["required"]
    schema = {**keys_schema({**STAGE_KEYS, **PRODUCT_KEYS, LIST: PRODUCTS_KEY}), "required": required}
    return _titled("One deployment: stages/<name>.toml", schema)


def page(text: str) -> str:
    """The text of docs/deploy.md with its two tables as the declarations have them now."""
    for keys in (PRODUCT_KEYS, STAGE_KEYS):
        first = next(iter(rows(keys)))
        start = text.index(HEAD + first.split(" | ")[0])
        text = text[:start] + HEAD + "".join(rows(keys)) + text[text.index("\n\n", start) + 1 :]
    return text


def rows(keys: Keys, path: str = "") -> Iterator[str]:
    """One row of a table for each key, those of tables by their dotted names."""
    for name, key in keys.items():
        inside = _keys_inside(key.kind)
        if inside is not None:
            yield from rows(inside, f"{path}{name}.{'<name>.' if isinstance(key.kind, Named) else ''}")
        else:
            default = "" if not _says_default(key) else f" Default: `{json.dumps(key.default).strip(chr(34))}`."
            shown = f"{path}{name}.<name>" if isinstance(key.kind, Named) else f"{path}{name}"
            yield f"| `{shown}` | {key.kind.values} | {key.about}{default} |\n"


def written() -> dict[Path, str]:
    """The text of each file that follows from the declarations."""
    found = {PAGE: page(PAGE.read_text(encoding="utf-8"))}
    for name, schema in (("product", product_schema()), ("stage", stage_schema())):
        text = json.dumps(schema, indent=2, ensure_ascii=False)
        found[ROOT / "stages" / f"{name}.schema.json"] = f"{text}\n"
    return found


def _keys_inside(kind: Kind) -> Keys | None:
    table = kind.entry if isinstance(kind, Named | Tables) else kind
    return table.keys if isinstance(table, Table) else None


def _says_default(key: Key) -> bool:
    return isinstance(key.default, str | int) and not isinstance(key.default, bool) and key.default != ""


def _titled(title: str, schema: Schema) -> Schema:
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": title, **schema}


if __name__ == "__main__":
    for file, text in written().items():
        file.write_text(text, encoding="utf-8")
