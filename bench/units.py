"""Write units, as DynamoDB publishes its rules."""

from collections.abc import Mapping

from ledger import tables


def published(written: Mapping[tuple[str, str], int]) -> int:
    """Write units by the published rules alone: a condition check writes nothing, and an index is written once.

    written: by (operation, table or table/index), in the dearer reading of ``local.dynamodb.capacity``, which doubles a
    transaction's index writes (as DynamoDB Local reports them) and counts its condition check as a write (as people
    have measured it).
    """
    units = 0
    for (operation, where), count in written.items():
        if operation == "TransactWriteItems" and "/" in where:
            units += count // 2
        elif operation != "TransactWriteItems" or where != tables.SUBSCRIBERS.name:
            units += count
    return units
