"""What a buyer's browser or a program posts, read and bounded. Pure.

Two shapes of body, ``application/x-www-form-urlencoded`` and ``application/json``, and two names of the token:
Marketplace's ``x-amzn-marketplace-token`` and our page's ``token``. The token is opaque: it is bounded, never altered.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from runtime.api_error import ApiError

LARGEST_BODY = 16 * 1024
LONGEST_TOKEN = 8 * 1024
#: RFC 5321, 4.5.3.1.3: a path has at most 256 octets, brackets included
LONGEST_EMAIL = 254
LONGEST_NAME = 200
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
TOKEN_FIELDS = ("x-amzn-marketplace-token", "token")
OFFER_FIELD = "x-amzn-marketplace-offer-type"
_FIELDS = 20
_EMAIL = re.compile(r"[^@\s<>\"',;:\\()\[\]]+@[^@\s<>\"',;:\\()\[\]]+\.[^@\s<>\"',;:\\()\[\]]{2,}")


@dataclass(frozen=True)
class Arrival:
    """Marketplace's form POST. free_trial: the buyer's offer is a trial (only said where it is)."""

    token: str = field(repr=False)
    free_trial: bool = False


@dataclass(frozen=True)
class Contact:
    """Who registers. Empty where not given; an e-mail address always is."""

    email: str = field(repr=False)
    company: str = field(default="", repr=False)
    name: str = field(default="", repr=False)


def fields(content_type: str | None, body: bytes) -> dict[str, str]:
    """The posted fields. Raises ApiError payload_too_large, unsupported_media_type or bad_request."""
    if len(body) > LARGEST_BODY:
        raise ApiError(413, "payload_too_large", "The request is too large.", {"largestBytes": LARGEST_BODY})
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise ApiError(400, "bad_request", "The request is not UTF-8 text.", {"field": "body"}) from None
    kind = media_type(content_type)
    if kind == FORM:
        return _form(text)
    if kind == JSON:
        return _json(text)
    raise ApiError(415, "unsupported_media_type", f"Send {FORM} or {JSON}.", {"accepted": [FORM, JSON]})


def media_type(content_type: str | None) -> str:
    """``application/json`` of ``Application/JSON; charset=utf-8``."""
    return (content_type or "").split(";")[0].strip().lower()


def arrival(posted: Mapping[str, str]) -> Arrival:
    """The token and the kind of offer. Raises ApiError missing_token or bad_request."""
    return Arrival(_token(posted), posted.get(OFFER_FIELD, "").strip().lower() == "free-trial")


def contact(posted: Mapping[str, str]) -> Contact:
    """The contact data, cleaned. Raises ApiError bad_request, which names the field."""
    email = _cleaned(posted, "email", LONGEST_EMAIL)
    if not _EMAIL.fullmatch(email):
        raise ApiError(400, "bad_request", "An e-mail address is needed.", {"field": "email"})
    return Contact(email, _cleaned(posted, "company", LONGEST_NAME), _cleaned(posted, "name", LONGEST_NAME))


def _token(posted: Mapping[str, str]) -> str:
    given = {posted[name].strip() for name in TOKEN_FIELDS if posted.get(name, "").strip()}
    if not given:
        raise ApiError(
            400,
            "missing_token",
            "The registration token of AWS Marketplace is missing. Please start again from AWS Marketplace.",
        )
    token = given.pop()
    if given or len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable():
        raise ApiError(400, "bad_request", "The registration token cannot be read.", {"field": "token"})
    return token


def _cleaned(posted: Mapping[str, str], name: str, longest: int) -> str:
    """Composed Unicode, no control or invisible formatting characters, single spaces."""
    text = unicodedata.normalize("NFC", posted.get(name, ""))
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    cleaned = " ".join(visible.split())
    if len(cleaned) > longest:
        raise ApiError(400, "bad_request", f"This field is too long: {name}.", {"field": name, "longest": longest})
    return cleaned


def _form(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS, errors="strict")
    except ValueError:
        raise ApiError(400, "bad_request", "The form cannot be read.", {"field": "body"}) from None
    posted: dict[str, str] = {}
    for name, value in pairs:
        if name in posted:
            raise ApiError(400, "bad_request", "A field is given twice.", {"field": name[:64]})
        posted[name] = value
    return posted


def _json(text: str) -> dict[str, str]:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise ApiError(400, "bad_request", "The request is not JSON.", {"field": "body"}) from None
    if not isinstance(value, dict):
        raise ApiError(400, "bad_request", "The request is not a JSON object.", {"field": "body"})
    for name, entry in value.items():
        if not isinstance(entry, str):
            raise ApiError(400, "bad_request", "A field is not a text.", {"field": name[:64]})
    return value
