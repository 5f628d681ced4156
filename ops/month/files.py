"""The files of a month's invoice, for a spreadsheet (CSV) and for programs (JSON)."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger.invoice import PRICED, UNITS, ZERO, Row
from marketplace.dimensions import Dimension
from marketplace.quantity import text
from ops.refused import Refused

COLUMNS = (
    "month",
    "customer",
    "day",
    "dimension",
    "unit",
    *UNITS,
    "billedUnits",
    "price",
    "currency",
    *(f"{name}Amount" for name in PRICED),
)


def write_files(
    folder: str,
    name: str,
    month: str,
    rows: Callable[[], Iterable[Row]],
    dimensions: Mapping[str, Dimension],
    currency: str,
    about: Mapping[str, Any],
) -> list[str]:
    """Write ``<name>.csv`` and ``<name>.json``, each a whole file or none. Returns their paths. Raises Refused.

    rows: is called once for each file.
    """
    target = Path(folder)
    made = [(target / f"{name}.csv", _csv), (target / f"{name}.json", _json)]
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path, write in made:
            unfinished = path.with_name(f".{path.name}.part")
            write(unfinished, (_line(month, row, dimensions, currency) for row in rows()), about)
            unfinished.replace(path)
    except OSError as error:
        raise Refused(f"--out {folder}: {error.strerror}: name a folder that can be written") from None
    return [str(path) for path, _ in made]


def _line(month: str, row: Row, dimensions: Mapping[str, Dimension], currency: str) -> dict[str, str]:
    dimension = dimensions.get(row.dimension)
    price = dimension.price if dimension else None
    amounts = {f"{name}Amount": text(amount) for name, amount in row.sums.amounts(dimension).items()}
    return {
        "month": month,
        "customer": row.customer,
        "day": row.day,
        "dimension": row.dimension,
        "unit": dimension.unit if dimension else "",
        **{name: text(row.sums.units.get(name, ZERO)) for name in UNITS},
        "billedUnits": text(row.sums.quantity.get("billed", Decimal(0))),
        "price": "" if price is None else text(price),
        "currency": "" if price is None else currency,
        **amounts,
    }


def _csv(path: Path, lines: Iterable[Mapping[str, str]], _about: Mapping[str, Any]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(lines)


def _json(path: Path, lines: Iterable[Mapping[str, str]], about: Mapping[str, Any]) -> None:
    # Row by row: a month of many customers is larger than one wants in memory.
    head = json.dumps(about, indent=1, ensure_ascii=False).removesuffix("\n}")
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{head},\n "rows": [')
        for number, line in enumerate(lines):
            file.write(("," if number else "") + "\n  " + json.dumps(line, ensure_ascii=False))
        file.write("\n ]\n}\n")
