"""How a stage shows usage to its buyers: ``[usagePage]``."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """link_hours: for which a link works. embed_in: origins of the vendor's app that may show the page in a frame.
    history: months before the running one that the page shows."""

    link_hours: int = 1
    embed_in: tuple[str, ...] = ()
    history: int = 3

    def to_json(self) -> str:
        """The setting ``USAGE_PAGE``."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Self | None":
        """The inverse of ``to_json``; None for the empty text of a stage without such a page."""
        if not text:
            return None
        found = json.loads(text)
        return cls(**found | {"embed_in": tuple(found["embed_in"])})
