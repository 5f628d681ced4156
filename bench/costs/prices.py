"""AWS's prices, from ``bench/prices.toml``, where each has its unit, its page and its date."""

import datetime
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from bench.figure import PROJECT

FILE = PROJECT / "bench" / "prices.toml"
MILLION = 1_000_000
GB = 1e9


@dataclass(frozen=True)
class Price:
    """One price in us-east-1, in US dollars. page: AWS's. seen: where the number was read, on ``date``."""

    service: str
    unit: str
    usd: float
    page: str
    seen: str
    date: datetime.date


def prices() -> Mapping[str, Price]:
    """All prices, by name. Raises TypeError where an entry lacks a field or has one too many."""
    return {name: Price(**entry) for name, entry in tomllib.loads(FILE.read_text(encoding="utf-8")).items()}
