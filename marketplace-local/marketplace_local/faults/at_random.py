"""Faults at random: the seed and the number of a call decide which fault the call meets.

The number counts the calls of one operation since the faults were set, from 1, in their order of arrival. A program
that makes the same calls in the same order meets the same faults, on any machine and any version of Python.

``rates`` gives each kind its probability, 0 to 1; their sum is at most 1, and a call meets one fault or none. The kind
``status`` is not drawn, because its answers would be false. ``unprocessed`` touches all records of the call;
``partial-unprocessed`` and ``omitted`` touch each record with a probability of one half.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marketplace_local.errors import AdminError
from marketplace_local.faults.armed import KINDS, LONGEST_WAIT, OPERATIONS, RECORD_KINDS, TRAIL_KINDS, CallFault

RANDOM_KINDS = tuple(kind for kind in KINDS if kind != "status" and kind not in TRAIL_KINDS)


def fraction(seed: int, *parts: object) -> float:
    """A number from 0 to below 1 that follows from the seed and the parts."""
    text = "/".join(map(str, (seed, *parts))).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest()) / 2**56


def drawn(seed: int, rates: Mapping[str, float], operation: str, number: int) -> str:
    """The kind of fault that meets a call, "" for none."""
    point = fraction(seed, operation, number)
    for kind in RANDOM_KINDS:
        if point < rates.get(kind, 0.0):
            return kind if operation == "BatchMeterUsage" or kind not in RECORD_KINDS else ""
        point -= rates.get(kind, 0.0)
    return ""


def chosen(seed: int, number: int, index: int) -> bool:
    """Whether the call's fault touches the record at that index."""
    return fraction(seed, "record", number, index) < 0.5


@dataclass
class RandomFaults:
    """The armed rates. error: the class that ``error`` answers. seconds: how long ``slow`` waits."""

    seed: int = 0
    rates: dict[str, float] = field(default_factory=dict)
    operations: tuple[str, ...] = ("BatchMeterUsage",)
    error: str = "AccessDeniedException"
    seconds: float = 1.0
    numbers: Counter[str] = field(default_factory=Counter)

    @classmethod
    def from_request(cls, request: Mapping[str, Any]) -> "RandomFaults":
        """From the admin interface: ``{seed, rates, operations?, error?, seconds?}``. Raises AdminError."""
        if unknown := sorted(set(request) - {"seed", "rates", "operations", "error", "seconds"}):
            raise AdminError(f"random faults have no {', '.join(unknown)}")
        faults = cls(**{"operations": cls.operations, **request})
        rates, seconds = faults.rates, faults.seconds
        if not isinstance(faults.seed, int) or not isinstance(rates, dict) or set(rates) - set(RANDOM_KINDS):
            raise AdminError(f"seed must be a whole number, rates name {', '.join(RANDOM_KINDS)}")
        if not all(isinstance(rate, int | float) and rate >= 0 for rate in rates.values()) or sum(rates.values()) > 1:
            raise AdminError("rates are numbers from 0, together at most 1")
        if not isinstance(faults.operations, list | tuple) or set(faults.operations) - set(OPERATIONS):
            raise AdminError(f"operations are a list of {', '.join(OPERATIONS)}")
        if (
            not isinstance(faults.error, str)
            or not isinstance(seconds, int | float)
            or not 0 <= seconds <= LONGEST_WAIT
        ):
            raise AdminError(f"error is a text, seconds 0 to {LONGEST_WAIT:g}")
        faults.operations = tuple(faults.operations)
        return faults

    def next_call(self, operation: str) -> tuple[CallFault | None, int]:
        """The fault that meets the next call of an operation, if any, and the call's number."""
        if not self.rates or operation not in self.operations:
            return None, 0
        self.numbers[operation] += 1
        number = self.numbers[operation]
        kind = drawn(self.seed, self.rates, operation, number)
        if not kind:
            return None, number
        # A late-error answers the service's own error class.
        error = self.error if kind == "error" else ""
        return CallFault(kind, operation=operation, seconds=self.seconds, error=error), number

    def describe(self) -> dict[str, Any]:
        """The rates with ``calls``, the calls counted so far by operation."""
        return {
            "seed": self.seed,
            "rates": self.rates,
            "operations": list(self.operations),
            "error": self.error,
            "seconds": self.seconds,
            "calls": dict(self.numbers),
        }
