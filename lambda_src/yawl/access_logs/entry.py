"""One line of an Application Load Balancer's access log. Pure.

Source: Elastic Load Balancing user guide, "Access logs for your Application Load Balancer", "Access log entries". The
fields have a fixed order and are separated by spaces; new ones are appended. So only the first thirteen are read, up to
the request, and whatever follows may be of any form.
"""

import re
from typing import NamedTuple

_NUMBER = r"\d{1,15}|-"
_STATUS = r"\d{3}|-"
#: type, time, elb, client, target, three processing times, the two statuses, the two sizes, and the request in quotes.
_FIRST_FIELDS = re.compile(
    rf"(\w+) (\d{{4}}-\S{{4,40}}) \S+ \S+ \S+ \S+ \S+ \S+ ({_STATUS}) ({_STATUS}) ({_NUMBER}) ({_NUMBER})"
    r' "((?:[^"\\]|\\.)*)"'
)
#: ``GET https://host:443/path?query HTTP/1.1``; a malformed request is logged with dashes.
_REQUEST = re.compile(r"(\S+) (\S*) (\S+)")
#: A host in brackets is an IPv6 address.
_URL = re.compile(r"\w+://(\[[^\]]*\]|[^/:?#]*)(?::(\d+))?(/[^?#]*)?(?:\?([^#]*))?", re.ASCII)


class Entry(NamedTuple):
    """The fields that are needed. time: as it is written, ISO 8601. A status or a size that the line does not give is
    ``-``, and 0.
    """

    kind: str
    time: str
    status: str
    target_status: str
    size: int
    method: str
    url: str


class Address(NamedTuple):
    """A URL's parts, still percent-encoded; empty where the URL has none."""

    host: str
    port: str
    path: str
    query: str


def read_entry(line: str) -> Entry:
    """The entry on a line. size: bytes received from the caller and sent to it.

    Raises ValueError, without the line's text: a URL may hold a session's handle.
    """
    found = _FIRST_FIELDS.match(line)
    if found is None:
        raise ValueError("the line has not the fields of an access log entry")
    kind, time, status, target_status, received, sent, request = found.groups()
    method, url, _version = parts.groups() if (parts := _REQUEST.fullmatch(request)) else ("-", "", "")
    return Entry(kind, time, status, target_status, _bytes(received) + _bytes(sent), method, url)


def address_of(url: str) -> Address | None:
    """The parts of an entry's URL; None where it is none."""
    found = _URL.fullmatch(url)
    return Address(*(part or "" for part in found.groups())) if found else None


def _bytes(field: str) -> int:
    return 0 if field == "-" else int(field)
