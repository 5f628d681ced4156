"""Whose notices a stage applies: every buyer's, or its test buyers' only.

The stages of one seller share an account, an event bus, topics and mostly a product code, so each of them gets the
notices of every buyer. Only a stage that bills applies them all (setting ``NOTICES_OF``).
"""

from dataclasses import dataclass
from typing import Self

ALL = "all"


@dataclass(frozen=True)
class AllowedBuyers:
    """The buyers whose notices a stage applies.

    listed: the test buyers, by AWS account or by billing key; None: every buyer.
    """

    listed: frozenset[str] | None = None

    @classmethod
    def from_setting(cls, text: str) -> Self:
        """``all``, or accounts and billing keys with commas between them; an empty text allows no buyer."""
        if text == ALL:
            return cls()
        return cls(frozenset(name.strip() for name in text.split(",") if name.strip()))

    @property
    def limited(self) -> bool:
        """Whether only some buyers are allowed."""
        return self.listed is not None

    def allow(self, *names: str | None) -> bool:
        """Whether a buyer with one of these names is allowed; where buyers are limited, one without a name is not."""
        return self.listed is None or any(name in self.listed for name in names)


EVERYBODY = AllowedBuyers()
