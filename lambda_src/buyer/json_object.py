"""The JSON object of a request, with fields of one type each. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from runtime.api_error import ApiError, bad_request

LARGEST_BODY = 16 * 1024


def json_object(body: str | None, fields: Mapping[str, type]) -> dict[str, Any]:
    """The object's fields; one that is absent or null is left out. Raises ApiError payload_too_large, bad_json or
    bad_request, which names the field."""
    if len(body or "") > LARGEST_BODY:
        raise ApiError(413, "payload_too_large", "The request is too large.", {"largestBytes": LARGEST_BODY})
    try:
        found = json.loads(body or "")
    except (ValueError, RecursionError):
        raise ApiError(400, "bad_json", "The request is not JSON.", {"field": "body"}) from None
    if not isinstance(found, dict):
        raise bad_request("The request is not a JSON object.", "body")
    for name, value in found.items():
        if name not in fields:
            raise bad_request(f"This field is not known: {name[:64]!r}.", "body", accepted=list(fields))
        if value is not None and not isinstance(value, fields[name]):
            raise bad_request(f"This field has another type: {name}.", name)
    return {name: value for name, value in found.items() if value is not None}
