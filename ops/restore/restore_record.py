"""``ops restore-record``: puts an hour's record that cannot be read back to its newest archived state."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from archive.change import read
from archive.objects import Objects
from ledger.metering_record import MeteringRecord, from_item
from ledger.tables import METERING_RECORDS
from ledger.transaction import Cancelled, Operation, write
from marketplace.quantity import text
from ops.answer import words
from ops.archive.bucket import archive_of
from ops.change import Change
from ops.line_id import HourId, parse_hour
from ops.refused import Refused
from ops.restore.archived_changes import object_keys
from ops.stage import OpenStage

#: What ``from_item`` raises for an item that is no record.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

AnyHour = Annotated[str, typer.Argument(metavar="HOUR", help="<customer>/<hour>")]


def restore_record(stage: OpenStage, hour: AnyHour) -> Change:
    """Put an hour's record that cannot be read back to its newest state in the archive that can.

    Only a person who edits an item by hand makes such a record; the functions leave it alone. It reads the archive,
    which no operator's role may: use an administrator's credentials.
    """
    named = parse_hour(hour)
    key: Any = {"customerIdentifier": named.customer, "timestamp": named.hour}
    stored: Any = stage.table(METERING_RECORDS).get_item(Key=key, ConsistentRead=True).get("Item")
    if stored is None:
        raise Refused(f"{named}: there is no such record")
    if _record(stored) is not None:
        raise Refused(f"{named}: the record can be read, so it is not replaced (ops hour {named})")
    item = _newest(stage, archive_of(stage), named)
    if item is None:
        raise Refused(f"{named}: the archive has no state of it that can be read")
    counted = {name: text(units) for name, units in _counted(from_item(item)).items()}
    differs = sorted(name for name in {*stored, *item} if stored.get(name) != item.get(name))

    def do(entry: Operation) -> list[str]:
        put = {"TableName": stage.table_name(METERING_RECORDS), "Item": dict(item), **_as_it_is(stored, differs)}
        try:
            write(stage.dynamodb.meta.client, [{"Put": put}, entry])
        except Cancelled:
            raise Refused(f"{named} has changed since it was read: run the same command again") from None
        return ["It is as the archive has it: the next run meters it."]

    return Change(
        subject=named.customer,
        target=str(named),
        change={"replaced": differs, "state": item["state"], "counted": counted},
        shown=[words(f"{named} would be {item['state']} again, and count {counted}. Other than now: {differs}")],
        do=do,
        next=[f"ops hour {named}"],
    )


def _newest(stage: OpenStage, objects: Objects, named: HourId) -> Mapping[str, Any] | None:
    """The newest archived state that can be read. A record may change at any time, since people resolve lines."""
    found: list[tuple[tuple[str, int], Mapping[str, Any]]] = []
    for _, key in stage.watch(object_keys(objects, named.hour, stage.now(), [METERING_RECORDS]), "objects"):
        for line in objects.lines(key):
            if named.customer not in line:
                continue
            change = read(line)
            is_ours = change.customer == named.customer and change.keys["timestamp"] == named.hour
            if is_ours and change.new is not None and _record(change.new) is not None:
                found.append((change.order, change.new))
    return max(found, key=lambda each: each[0])[1] if found else None


def _record(item: Mapping[str, Any]) -> MeteringRecord | None:
    """The record of an item, with quantities that are numbers; None where it cannot be read."""
    try:
        record = from_item(item)
        _counted(record)
    except UNREADABLE:
        return None
    return record


def _counted(record: MeteringRecord) -> dict[str, Any]:
    return {f"{dimension}#{period}": units + 0 for (dimension, period), units in sorted(record.counted.items())}


def _as_it_is(stored: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """The condition that these attributes are as they were read."""
    given = {f"#{number}": name for number, name in enumerate(names)}
    known = {f":{number}": stored[name] for number, name in enumerate(names) if name in stored}
    conditions = [
        f"#{number} = :{number}" if name in stored else f"attribute_not_exists(#{number})"
        for number, name in enumerate(names)
    ]
    values = {"ExpressionAttributeValues": known} if known else {}
    return {"ConditionExpression": " AND ".join(conditions), "ExpressionAttributeNames": given, **values}
