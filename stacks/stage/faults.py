"""What is wrong with a stage: one line that names the file, the key and the remedy."""

from dataclasses import dataclass, replace
from typing import NamedTuple


class StageError(ValueError):
    """A stage file, or what was given beside it, is wrong. The message is the one line to show."""


class Fault(NamedTuple):
    """A key by its dotted path, what is wrong with it, and the remedy."""

    key: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Where:
    """A place in a file. path: dotted keys, for example ``tiers[0].name``."""

    file: str
    path: str

    def inside(self, key: str) -> "Where":
        """The place of a key inside this one."""
        return replace(self, path=f"{self.path}.{key}")

    def item(self, number: int) -> "Where":
        """The place of an entry of the list here, counted from 0."""
        return replace(self, path=f"{self.path}[{number}]")

    def fault(self, what: str, remedy: str) -> StageError:
        """The error to raise for this place: what is wrong there, and the remedy."""
        return StageError(f"{self.file}: {self.path} {what}: {remedy}")
