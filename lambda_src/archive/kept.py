"""What of the tables' changes the archive keeps. Pure.

Personal data stays out, so that nothing in the archive ever has to be erased: the contact data of a buyer, and
everything that is made of a user's name (``docs/personal-data.md``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.tables import AUDIT, METERING_RECORDS, STATE, SUBSCRIBERS, USAGE_EVENTS, Table

#: A change of a stream, as Lambda delivers it (``dynamodb`` holds keys and images).
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Kept:
    """A table that is archived. begins: of its items only those whose RANGE key begins with one of these; empty: all.
    without: an item whose RANGE key is this one is left out. left_out: attributes that are removed from images, as
    paths of names.
    """

    table: Table
    begins: tuple[str, ...] = ()
    without: str | None = None
    left_out: tuple[tuple[str, ...], ...] = ()

    def patterns(self) -> Iterator[dict[str, Any]]:
        """Filters of an event source mapping: a change reaches the function if it matches one of them (Lambda Developer
        Guide, "Control which events Lambda sends to your function").

        What DynamoDB removes by TTL has the service as its user, and stays in the archive; a person's deletion is kept.
        """
        keys: dict[str, Any] = {}
        if self.table.range and (self.begins or self.without):
            rules: list[Any] = [{"prefix": prefix} for prefix in self.begins] or [{"anything-but": [self.without]}]
            keys = {"dynamodb": {"Keys": {self.table.range.name: {self.table.range.type: rules}}}}
        yield {"eventName": ["INSERT", "MODIFY"], **keys}
        yield {"eventName": ["REMOVE"], "userIdentity": {"type": [{"exists": False}]}, **keys}

    def keeps(self, record: Record) -> bool:
        """Whether the change is archived: what ``patterns`` says, for deliveries that no filter has seen."""
        if record["eventName"] == "REMOVE" and record.get("userIdentity"):
            return False
        if not self.table.range:
            return True
        item = next(iter(record["dynamodb"]["Keys"][self.table.range.name].values()))
        return item != self.without and (not self.begins or item.startswith(self.begins))

    def image(self, image: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """An image (attribute values by name) without what is left out. The given one is not changed."""
        if image is None:
            return None
        for path in self.left_out:
            image = _without(image, path)
        return image


def _without(image: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    name, *rest = path
    if name not in image:
        return image
    if not rest:
        return {other: value for other, value in image.items() if other != name}
    if "M" not in image[name]:
        # An item of another form is damaged, and no change may be one that cannot be archived.
        return image
    return {**image, name: {"M": _without(image[name]["M"], tuple(rest))}}


#: The tables that say what was used and billed. Notices end after 90 days and decide nothing that the subscribers do
#: not hold; what the connector knows of engines ends in usage events. Marks of users are no events.
ARCHIVED = (
    Kept(SUBSCRIBERS, left_out=(("email",), ("company",), ("name",), ("language",))),
    Kept(USAGE_EVENTS, begins=("event#", "tags#", "allocations#"), left_out=(("content", "userHash"),)),
    Kept(METERING_RECORDS),
    Kept(STATE, without="tally"),
    Kept(AUDIT),
)


def kept_of(stream_arn: str, suffix: str) -> Kept:
    """The archived table of a stream. suffix: the end of the stage's table names. Raises LookupError for another.

    A stream's ARN is ``arn:…:table/<name>/stream/<time>`` (DynamoDB Developer Guide, "DynamoDB Streams").
    """
    name = stream_arn.partition(":table/")[2].partition("/")[0]
    for kept in ARCHIVED:
        if kept.table.physical_name(suffix) == name:
            return kept
    raise LookupError(f"the table {name!r} is not archived")
