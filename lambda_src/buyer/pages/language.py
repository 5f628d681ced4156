"""Which language a page speaks, by the browser's Accept-Language (RFC 9110, 12.5.4). Pure."""

from collections.abc import Sequence

#: More entries than any browser sends.
_MOST = 20


def chosen(accepted: str | None, offered: Sequence[str]) -> str:
    """The offered language that the reader prefers (``de-AT`` is served by ``de``), or the first one offered.

    accepted: the header; one that cannot be read counts as none.
    """
    best, weight = offered[0], 0.0
    for entry in (accepted or "").split(",")[:_MOST]:
        tag, _, parameter = entry.partition(";")
        language = tag.strip().lower().split("-")[0]
        found = _weight(parameter)
        if language in offered and found > weight:
            best, weight = language, found
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        found = float(value)
    except ValueError:
        return 0.0
    return found if 0.0 <= found <= 1.0 else 0.0
