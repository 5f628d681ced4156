"""Whose notices a stage takes: everybody's, or those of its test buyers only.

Stages of one seller share an account, a bus, topics and mostly a product code, so Marketplace tells each of them about
every buyer. Only a stage that bills takes them all (``NOTICES_OF``).
"""

from dataclasses import dataclass
from typing import Self

ALL = "all"


@dataclass(frozen=True)
class AllowedBuyers:
    """listed: test buyers by AWS account or by billing key; None: everybody."""

    listed: frozenset[str] | None = None

    @classmethod
    def from_setting(cls, text: str) -> Self:
        """``all``, or accounts and billing keys with commas between them; an empty text is nobody."""
        if text == ALL:
            return cls()
        return cls(frozenset(name.strip() for name in text.split(",") if name.strip()))

    @property
    def limited(self) -> bool:
        return self.listed is not None

    def allow(self, *names: str | None) -> bool:
        """True if the notices of a buyer with one of these names are taken; one without a name is nobody."""
        return self.listed is None or any(name in self.listed for name in names)


EVERYBODY = AllowedBuyers()
