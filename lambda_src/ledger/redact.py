"""What is kept of a notice that changed nothing: its content without personal data and secrets. Pure."""

import json
import re
from typing import Any

REMOVED = "[removed]"
#: an item of DynamoDB holds 400 KB; a notice of Marketplace has a few
LARGEST = 20_000
_DEEPEST = 20
_PERSONAL = r"e-?mail|name|phone|address|contact|company|person|token|signature|url"
_PERSONAL_FIELD = re.compile(_PERSONAL, re.IGNORECASE)
#: where it is not JSON: a field with its value as far as it goes, whatever has an @, and every address of the Web. The
#: lengths keep the search linear
_PERSONAL_TEXT = re.compile(
    rf"""["'][^"'\n]{{0,64}}(?:{_PERSONAL})[^"'\n]{{0,64}}["']\s{{0,9}}[:=]\s{{0,9}}(?:\\?["'][^"'\n]*|[^\s,}}]+)"""
    r"|\S{0,320}@\S{0,320}|\w{1,20}://\S+",
    re.IGNORECASE,
)


def content(body: str) -> dict[str, Any]:
    """What the message says, with the values of personal fields, everything like an e-mail address and every URL
    removed: ``json`` if it is JSON, else ``text``.

    JSON in a string is opened, so that it is cleaned as well; of an SNS envelope only its message is kept, if that is
    JSON.
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
    # half a surrogate pair is no UTF-8, and no attribute of DynamoDB's
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
