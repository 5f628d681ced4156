"""The bodies that buyers' browsers, programs and other people's pages post, read into fields within bounds. Pure.

``read`` takes every unmistakable body, whatever its Content-Type says: a JSON object (``curl -d`` calls it a form), a
URL-encoded form, ``multipart/form-data``; with or without a byte order mark; a field under any of its names, in any
case. A field may be given twice if both values are equal. Fields of other names are ignored.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Any
from urllib.parse import parse_qsl

from runtime.api_error import ApiError, bad_request

LARGEST_BODY = 16 * 1024
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MULTIPART = "multipart/form-data"
OFFER = "x-amzn-marketplace-offer-type"
#: Our name for each name that a field may have. A token comes by Marketplace's form, by our name, or by that of
#: ResolveCustomer's parameter. ``regToken``, ``contactEmail``, ``companyName`` and ``contactPerson`` are those of AWS's
#: sample "Serverless integration for SaaS products", whose pages many sellers have.
NAMES = {
    "x-amzn-marketplace-token": "token",
    "token": "token",
    "registrationtoken": "token",
    "regtoken": "token",
    OFFER: OFFER,
    "session": "session",
    "again": "again",
    "email": "email",
    "contactemail": "email",
    "company": "company",
    "companyname": "company",
    "name": "name",
    "contactperson": "name",
}
_MARK = "\ufeff"
_FIELDS = 100
_BOUNDARY = re.compile(rb"--([^\r\n]{1,70})\r?\n")

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Posted:
    """A body that was read.

    fields: by our names, without the empty ones. is_form: a browser posted it, so the answer is a page.
    """

    fields: Mapping[str, str] = field(repr=False)
    is_form: bool


def read(content_type: str | None, body: bytes) -> Posted:
    """The posted fields. Raises ApiError payload_too_large, unsupported_media_type or bad_request."""
    if len(body) > LARGEST_BODY:
        raise ApiError(413, "payload_too_large", "The request is too large.", {"largestBytes": LARGEST_BODY})
    body = body.removeprefix(_MARK.encode()).lstrip()
    declared = (content_type or "").split(";")[0].strip().lower()
    if declared == MULTIPART or (body.startswith(b"--") and b"form-data" in body.lower()):
        return Posted(_gathered(_multipart(body)), is_form=True)
    text = _decoded(body)
    # No URL-encoded form begins with one of these.
    if declared == JSON or text.startswith(("{", "[")):
        return Posted(_gathered(_json(text)), is_form=False)
    found = _gathered(_form(text))
    if not found and declared != FORM:
        accepted = [FORM, JSON, MULTIPART]
        raise ApiError(415, "unsupported_media_type", f"Send {FORM} or {JSON}.", {"accepted": accepted})
    return Posted(found, is_form=declared == FORM)


def _gathered(pairs: Pairs) -> dict[str, str]:
    found: dict[str, str] = {}
    for given, value in pairs:
        name = _ours(given)
        if name is None or not value.strip():
            continue
        if found.setdefault(name, value.strip()) != value.strip():
            raise bad_request(f"A field is given twice: {name}.", name)
    return found


def _ours(name: str) -> str | None:
    return NAMES.get(name.strip().lstrip(_MARK).lower())


def _form(text: str) -> Pairs:
    """URL-encoded fields. A raw ``+`` is a blank, but in a token it is a ``+``: ``curl -d`` sends tokens unencoded, and
    a token has no blanks (service model of marketplace-agreement, shape RegistrationToken: ``[A-Za-z0-9+/=.:_-]+``;
    that of ResolveCustomer takes any text)."""
    try:
        plain, exact = (
            parse_qsl(form, keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
            for form in (text, text.replace("+", "%2B"))
        )
    except ValueError:
        raise bad_request("The form cannot be read.", "body") from None
    for (name, value), (_, unchanged) in zip(plain, exact, strict=True):
        yield name, unchanged if _ours(name) == "token" else value


def _json(text: str) -> Pairs:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise bad_request("The request is not JSON.", "body") from None
    if not isinstance(value, dict):
        raise bad_request("The request is not a JSON object.", "body")
    for name, entry in value.items():
        ours = _ours(name)
        if entry is None or ours is None:
            continue
        if not isinstance(entry, str):
            raise bad_request(f"A field is not a text: {ours}.", ours)
        yield name, entry


def _multipart(body: bytes) -> Pairs:
    """Fields of ``multipart/form-data`` (RFC 7578), without files. The body's first line is its boundary."""
    boundary = _BOUNDARY.match(body)
    try:
        if boundary is None:
            raise ValueError("no boundary")
        head = b'Content-Type: multipart/form-data; boundary="' + boundary[1].strip() + b'"\r\n\r\n'
        parts = message_from_bytes(head + body).get_payload()
        if not isinstance(parts, list) or len(parts) > _FIELDS:
            raise ValueError("no parts, or too many")
    # Parts may be nested as deep as the body is long: hence RecursionError.
    except (ValueError, LookupError, RecursionError):
        raise bad_request("The form cannot be read.", "body") from None
    for part in parts:
        assert isinstance(part, Message)
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if name is not None and part.get_filename() is None and isinstance(value, bytes):
            yield collapse_rfc2231_value(name), _decoded(value)


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise bad_request("The request is not UTF-8 text.", "body") from None
