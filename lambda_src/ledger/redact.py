"""What is kept of a notice that nobody understood: its content without personal data. Pure."""

import json
import re
from typing import Any

REMOVED = "[removed]"
#: an item of DynamoDB holds 400 KB; a notice of Marketplace has a few
LARGEST = 20_000
_PERSONAL = re.compile(r"e-?mail|name|phone|address|contact|company|person|token|signature|certurl", re.IGNORECASE)


def content(body: str) -> dict[str, Any]:
    """The message's JSON as text, with the values of personal fields and everything like an e-mail address removed.

    An SNS envelope is opened first, so that its inner message is cleaned as well. Raises ValueError if not JSON.
    """
    value = json.loads(body)
    if isinstance(value, dict) and isinstance(value.get("Message"), str):
        value = json.loads(value["Message"])
    text = json.dumps(_clean(value), ensure_ascii=False)
    return {"json": text[:LARGEST], "truncated": len(text) > LARGEST}


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: REMOVED if _PERSONAL.search(key) else _clean(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_clean(entry) for entry in value]
    if isinstance(value, str) and "@" in value:
        return REMOVED
    return value
