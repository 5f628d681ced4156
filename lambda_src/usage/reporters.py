"""Who may report what, as the stage file says it (``[[reporters]]``)."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """One sender of usage.

    principal: ARN of an IAM role or user. sender_id: its unique id (``AROA…``, ``AIDA…``), which is all that SQS tells
    of a sender. customers, dimensions, sources: what it may report; None is all.
    """

    principal: str
    sender_id: str | None = None
    customers: tuple[str, ...] | None = None
    dimensions: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None


def to_json(reporters: Sequence[Reporter]) -> str:
    """The form in which reporters travel in an environment variable; what is not said is left out."""
    said = ({name: value for name, value in asdict(each).items() if value is not None} for each in reporters)
    return json.dumps(list(said), separators=(",", ":"))


def from_json(text: str) -> tuple[Reporter, ...]:
    """The inverse of ``to_json``."""
    return tuple(_reporter(entry) for entry in json.loads(text))


def _reporter(entry: dict[str, Any]) -> Reporter:
    values: dict[str, Any] = {name: tuple(said) if isinstance(said, list) else said for name, said in entry.items()}
    return Reporter(**values)
