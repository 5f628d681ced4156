"""One line of what ``make check`` and ``make smoke`` tell."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """GREEN: as it has to be. YELLOW: it cannot be known from here, or is for somebody to judge. RED: it will fail."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True)
class Line:
    """about: what was looked at. says: how it is. remedy: what to do, one sentence; empty only where all is well."""

    about: str
    state: State
    says: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        return asdict(self)


def green(about: str, says: str) -> Line:
    return Line(about, State.GREEN, says)


def yellow(about: str, says: str, remedy: str) -> Line:
    return Line(about, State.YELLOW, says, remedy)


def red(about: str, says: str, remedy: str) -> Line:
    return Line(about, State.RED, says, remedy)
