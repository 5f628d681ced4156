"""The content of a notice that changed nothing, without personal data and secrets, for people to read. Pure."""

import json
import re
from typing import Any

REMOVED = "[removed]"
#: The most that is kept: an item of DynamoDB holds 400 KB, and a notice of Marketplace has a few.
LARGEST = 20_000
_DEEPEST = 20
_PERSONAL = r"e-?mail|name|phone|address|contact|company|person|token|signature|url"
_PERSONAL_FIELD = re.compile(_PERSONAL, re.IGNORECASE)
#: Personal data in a text that is not JSON: a field with its value, every word with an @, and every address of the Web.
#: The bounds keep the search linear.
_PERSONAL_TEXT = re.compile(
    rf"""["'][^"'\n]{{0,64}}(?:{_PERSONAL})[^"'\n]{{0,64}}["']\s{{0,9}}[:=]\s{{0,9}}(?:\\?["'][^"'\n]*|[^\s,}}]+)"""
    r"|\S{0,320}@\S{0,320}|\w{1,20}://\S+",
    re.IGNORECASE,
)


def content(body: str) -> dict[str, Any]:
    """``{"json" or "text": the message, "truncated": whether it was cut}``.

    The values of personal fields, everything like an e-mail address and every URL are removed. JSON in a string is
    opened and cleaned as well. Of an SNS envelope only the message stays, if that is JSON.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return _cut("text", _PERSONAL_TEXT.sub(REMOVED, body[: 2 * LARGEST]))
    cleaned = _clean(value, 0)
    if isinstance(cleaned, dict) and isinstance(cleaned.get("Message"), dict):
        cleaned = cleaned["Message"]
    return _cut("json", json.dumps(cleaned, ensure_ascii=False))


def _cut(kind: str, text: str) -> dict[str, Any]:
    # Half a surrogate pair is no UTF-8, and DynamoDB refuses it.
    writable = text.encode("utf-8", "replace").decode()
    return {kind: writable[:LARGEST], "truncated": len(writable) > LARGEST}


def _clean(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return REMOVED
    if isinstance(value, dict):
        return {
            key: REMOVED if _PERSONAL_FIELD.search(key) else _clean(entry, depth + 1) for key, entry in value.items()
        }
    if isinstance(value, list):
        return [_clean(entry, depth + 1) for entry in value]
    return _clean_text(value, depth) if isinstance(value, str) else value


def _clean_text(value: str, depth: int) -> Any:
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        return REMOVED if "@" in value or "://" in value else _PERSONAL_TEXT.sub(REMOVED, value)
    return _clean(inner, depth + 1) if isinstance(inner, dict | list | str) else value
