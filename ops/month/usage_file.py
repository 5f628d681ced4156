"""A CSV file of usage, row by row, as events of POST /usage; and the file of the rows that were not recorded.

A row without an id gets one from what it says (customer, dimension, quantity, time, user, tags) and from how many equal
rows stand before it. So a file that is imported again, or whose rows have another order, records nothing twice. The
source is no part of it: with another source the id is the same, and the API refuses it (``id_reused``).
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from marketplace.dimensions import Dimension
from marketplace.quantity import text
from ops.refused import Refused
from usage.usage_event import Refusal, UsageEvent, parse

REQUIRED = ("customerIdentifier", "dimension", "occurredAt")
#: In the order of docs/ops.md.
COLUMNS = ("id", *REQUIRED, "quantity", "user", "source", "tags")
#: Columns of a file of rejects, which may be corrected and imported as it is.
ABOUT = ("line", "reason", "message")
#: Blanks around these are no part of them; around a user they are.
STRIPPED = ("id", *REQUIRED, "quantity", "tags")
DELIMITERS = ",;\t"
#: A cell is at most as long as a request may be.
LONGEST_CELL = 256 * 1024


class Rejected(NamedTuple):
    """Why a row is not recorded: a reason of docs/errors.md, and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """One row. line: where it begins in the file. cells: as they are there, by column. event: what the API judges; None
    with ``rejected`` where it cannot be read. body: the event's JSON."""

    line: int
    cells: Mapping[str, str]
    event: UsageEvent | None = None
    body: Mapping[str, Any] | None = None
    rejected: Rejected | None = None


@dataclass(frozen=True)
class UsageFile:
    """A file as it was when it was opened. name: for people. digest: SHA-256 of its bytes."""

    name: str
    content: str
    delimiter: str
    digest: str

    @classmethod
    def open(cls, path: str) -> "UsageFile":
        """Read a file: UTF-8, with or without a mark at its beginning, or UTF-16 with one. Raises Refused."""
        try:
            raw = Path(path).read_bytes()
        except OSError as error:
            raise Refused(f"{path}: {error.strerror}: name a CSV file that can be read") from None
        encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        try:
            content = raw.decode(encoding)
        except UnicodeDecodeError as error:
            number = raw[: error.start].count(b"\n") + 1
            raise Refused(f"{path}, line {number}: the text is not UTF-8: save the file as CSV UTF-8") from None
        head = content.partition("\n")[0]
        delimiter = max(DELIMITERS, key=head.count)
        found = cls(Path(path).name, content, delimiter, hashlib.sha256(raw).hexdigest())
        found._header(found._reader())
        return found

    def rows(self, dimensions: Mapping[str, Dimension], source: str, now: float) -> Iterator[FileRow]:
        """Every row. source: of rows that name none. Raises Refused where the file is no CSV."""
        reader = self._reader()
        header = self._header(reader)
        seen = Counter[str]()
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise Refused(f"{self.name}, line {line}: {error}: mend the quotes of that line") from None
            if not cells:
                continue
            row = dict(zip(header, cells, strict=False))
            if len(cells) != len(header):
                said = f"the row has {len(cells)} cells and the header {len(header)}: is a comma not quoted?"
                yield FileRow(line=line, cells=row, rejected=Rejected("bad_row", said))
                continue
            yield self._row(line, row, dimensions, source, now, seen)

    def _row(
        self,
        line: int,
        cells: Mapping[str, str],
        dimensions: Mapping[str, Dimension],
        source: str,
        now: float,
        seen: Counter[str],
    ) -> FileRow:
        body: dict[str, Any] = {}
        for name in COLUMNS:
            value = cells.get(name, "")
            value = value.strip() if name in STRIPPED else value
            if value:
                body[name] = value
        body.setdefault("source", source)
        own = body.pop("id", None)
        try:
            if "tags" in body:
                body["tags"] = _tags(body["tags"])
            event = _event({"id": own or "derived", **body}, dimensions, now)
        except Refusal as why:
            return FileRow(line=line, cells=cells, rejected=Rejected(why.reason, why.message))
        body["id"] = own or _derived(event, seen)
        return FileRow(line=line, cells=cells, event=replace(event, id=body["id"]), body=body)

    def _reader(self) -> Any:
        csv.field_size_limit(LONGEST_CELL)
        return csv.reader(io.StringIO(self.content, newline=""), delimiter=self.delimiter, strict=True)

    def _header(self, reader: Any) -> list[str]:
        try:
            header = [name.strip() for name in next(reader)]
        except StopIteration:
            header = []
        except csv.Error as error:
            raise Refused(f"{self.name}, line 1: {error}: mend the quotes of that line") from None
        wanted = f"its first line must name columns among {', '.join(COLUMNS)}"
        for name in REQUIRED:
            if name not in header:
                raise Refused(f"{self.name}: no column {name}: {wanted}")
        for name, number in Counter(header).items():
            if name not in (*COLUMNS, *ABOUT):
                raise Refused(f"{self.name}: unknown column {name[:40]!r}: {wanted}")
            if number > 1:
                raise Refused(f"{self.name}: two columns {name}: leave one")
        return header

    def write_rejects(self, path: str, rejects: Iterable[tuple[FileRow, Rejected]]) -> int:
        """Write rows that were not recorded, each with its line, the reason, and the id that it keeps. Raises Refused.

        A row without an id gets one here, so that it is another event than an equal row that was recorded.
        """
        number = 0
        target = Path(path)
        unfinished = target.with_name(f".{target.name}.part")
        try:
            with unfinished.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, [*COLUMNS, *ABOUT], restval="", delimiter=self.delimiter)
                writer.writeheader()
                for row, why in rejects:
                    cells = {name: row.cells.get(name, "") for name in COLUMNS}
                    if row.event is not None:
                        cells["id"] = row.event.id
                    elif not cells["id"]:
                        cells["id"] = f"rejected-{self.digest[:24]}-{row.line}"
                    writer.writerow({**cells, "line": row.line, "reason": why.reason, "message": why.message})
                    number += 1
            unfinished.replace(target)
        except OSError as error:
            raise Refused(f"--rejects {path}: {error.strerror}: name a file that can be written") from None
        return number


def _event(body: Mapping[str, Any], dimensions: Mapping[str, Dimension], now: float) -> UsageEvent:
    event = parse(body, dimensions, now)
    assert isinstance(event, UsageEvent), "a file has no column for voids"
    return event


def _tags(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        raise Refusal("bad_event", 'tags must be a JSON object, for example {"team": "a"}') from None


def _derived(event: UsageEvent, seen: Counter[str]) -> str:
    says = {name: value for name, value in event.content.items() if name != "source"}
    plain = json.dumps([event.customer_identifier, says], sort_keys=True, default=_plain)
    digest = hashlib.sha256(plain.encode()).hexdigest()[:40]
    seen[digest] += 1
    return f"row-{digest}-{seen[digest]}"


def _plain(value: Any) -> str:
    assert isinstance(value, Decimal)
    return text(value)


def chunks(rows: Iterable[FileRow], most: int) -> Iterator[list[FileRow]]:
    """The rows in lists of so many at most."""
    left = iter(rows)
    while chunk := list(islice(left, most)):
        yield chunk
