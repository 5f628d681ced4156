"""Whose notices a stage takes: everybody's, or those of its test accounts only.

Stages of one seller share an account, a bus, topics and mostly a product code, so Marketplace tells each of them about
every buyer. Only a stage that bills takes them all (``NOTICES_OF``).
"""

from dataclasses import dataclass
from typing import Self

ALL = "all"


@dataclass(frozen=True)
class AllowedAccounts:
    """listed: the buyers' AWS accounts; None: everybody's."""

    listed: frozenset[str] | None = None

    @classmethod
    def from_setting(cls, text: str) -> Self:
        """``all``, or account ids with commas between them; an empty text is nobody."""
        if text == ALL:
            return cls()
        return cls(frozenset(account.strip() for account in text.split(",") if account.strip()))

    @property
    def limited(self) -> bool:
        return self.listed is not None

    def allow(self, account_id: str | None) -> bool:
        """True if notices about this account are taken; an account that is not known is nobody's."""
        return self.listed is None or account_id in self.listed


EVERYBODY = AllowedAccounts()
