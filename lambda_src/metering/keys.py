"""The keys that travel through the workflow: never quantities, so that no state acts on what another has changed.

A record is ``<customer>|<hour>``, a line ``<customer>|<hour>|<dimension>`` (a dimension may hold any character).
"""

from ledger.pending_page import RecordKey

LineKey = tuple[str, int, str]


def record_key(key: RecordKey) -> str:
    return f"{key[0]}|{key[1]}"


def parse_record_key(text: str) -> RecordKey:
    customer_identifier, hour = text.split("|")
    return customer_identifier, int(hour)


def line_key(key: LineKey) -> str:
    return f"{key[0]}|{key[1]}|{key[2]}"


def parse_line_key(text: str) -> LineKey:
    customer_identifier, hour, dimension = text.split("|", 2)
    return customer_identifier, int(hour), dimension
