"""One archived change, as a line of JSON, and the name of the object that holds it. Pure.

Images are DynamoDB's own JSON (``{"counted": {"N": "0.5"}}``) in a text, so that every number and type stays as it was
stored, and the line has the same columns whatever the item holds (``docs/archive.md``).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from archive.kept import Kept, Record
from ledger.attribute_values import from_attributes
from runtime.clock import iso

#: The columns of a line, in their order; all are texts, and an image that there is not is null. The customer is first,
#: so that a reader who wants few customers need not parse the others' lines.
COLUMNS = (
    "customer",
    "event_name",
    "event_id",
    "sequence_number",
    "changed_at",
    "keys",
    "new_image",
    "old_image",
)


class Change(NamedTuple):
    """A change of an item.

    event_name: ``INSERT``, ``MODIFY`` or ``REMOVE``, or ``COPY`` of an item that was read from the table. event_id:
    names the change, so that a repeat is found. changed_at: ISO, to the second; DynamoDB calls it approximate. keys,
    new, old: Python values; new is None where the item was removed.
    """

    customer: str
    event_name: str
    event_id: str
    sequence_number: str
    changed_at: str
    keys: Mapping[str, Any]
    new: Mapping[str, Any] | None
    old: Mapping[str, Any] | None

    @property
    def order(self) -> tuple[str, int]:
        """Changes of one item, sorted by this, are in the order in which they happened: the stream numbers them, and
        a copy comes before the changes of the second in which it was read."""
        return self.changed_at, int(self.sequence_number or 0)


def line(kept: Kept, record: Record) -> str:
    """The line of a change, as the stream delivers it."""
    change = record["dynamodb"]
    keys = change["Keys"]
    values = (
        next(iter(keys[kept.table.hash.name].values())),
        record["eventName"],
        record["eventID"],
        change["SequenceNumber"],
        iso(int(change["ApproximateCreationDateTime"])),
        _text(keys),
        _text(kept.image(change.get("NewImage"))),
        _text(kept.image(change.get("OldImage"))),
    )
    return json.dumps(dict(zip(COLUMNS, values, strict=True)), ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> Change:
    """The change of a line. Raises ValueError or LookupError for another text."""
    values = json.loads(text)
    new, old = values["new_image"], values["old_image"]
    return Change(
        customer=values["customer"],
        event_name=values["event_name"],
        event_id=values["event_id"],
        sequence_number=values["sequence_number"],
        changed_at=values["changed_at"],
        keys=from_attributes(json.loads(values["keys"])),
        new=from_attributes(json.loads(new)) if new is not None else None,
        old=from_attributes(json.loads(old)) if old is not None else None,
    )


def customer_of(text: str) -> str:
    """The customer of a line, read without the rest of it: the first column."""
    start = len('{"customer":')
    value, _ = _DECODER.raw_decode(text, start)
    return str(value)


def folder(table_name: str, hour: str) -> str:
    """The folder of a table's changes in an hour. table_name: without the stage's suffix. hour: ISO, at least to the
    hour."""
    return f"table={table_name}/day={hour[:10]}/hour={hour[11:13]}/"


def object_key(kept: Kept, records: Sequence[Record]) -> str:
    """The key of the object that holds these changes, which are of one hour.

    The first sequence number comes first, so that a listing is in the order of time. The rest is made of the changes'
    ids: Lambda does not name the shard, and the same batch, delivered again, has the same key, while a part of a batch
    has another.
    """
    first = records[0]["dynamodb"]
    ids = hashlib.sha256("\n".join(record["eventID"] for record in records).encode()).hexdigest()[:16]
    hour = iso(int(first["ApproximateCreationDateTime"]))
    return f"{folder(kept.table.name, hour)}{first['SequenceNumber']}-{ids}.json.gz"


def hour_of(record: Record) -> str:
    """``2026-11-15T14``: the hour of a change, which names its folder."""
    return iso(int(record["dynamodb"]["ApproximateCreationDateTime"]))[:13]


_DECODER = json.JSONDecoder()


def _text(attributes: Mapping[str, Any] | None) -> str | None:
    if attributes is None:
        return None
    # Sorted, so that the keys of an item are the same text in each of its changes.
    return json.dumps(attributes, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
