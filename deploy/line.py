"""One line of the reports of ``make check`` and ``make smoke``."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """GREEN: as it has to be. YELLOW: unknown from here, or for people to judge. RED: it will fail."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True)
class Line:
    """One finding of a check.

    about: the thing that the check looked at. says: its condition. remedy: what to do; empty only where all is well.
    """

    about: str
    state: State
    says: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """The fields by name, as text."""
        return asdict(self)


def green(about: str, says: str) -> Line:
    """A line for what is as it should be."""
    return Line(about, State.GREEN, says)


def yellow(about: str, says: str, remedy: str) -> Line:
    """A line for what a person should look at, and what to do then."""
    return Line(about, State.YELLOW, says, remedy)


def red(about: str, says: str, remedy: str) -> Line:
    """A line for what must change, and how."""
    return Line(about, State.RED, says, remedy)
