"""The log: every call, every accepted record, and sums over them."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from marketplace_local.errors import ServiceError

LARGEST_PAGE = 10_000
DEFAULT_PAGE = 1_000


@dataclass
class Call:
    """One call of AWS's interface. ``outcome``: ``answered``, or the error class that refused it by ``rule``.

    caller: the access key that signed it. results: of BatchMeterUsage, one entry for each judged record. lost: the work
    was done but the answer did not show it, because it never left or was a 5xx. faults: the kinds of faults that the
    call met.
    """

    seq: int
    at: str
    operation: str
    region: str
    caller: str = ""
    productCode: str = ""
    records: int = 0
    outcome: str = "answered"
    message: str = ""
    rule: str = ""
    unprocessed: int = 0
    lost: bool = False
    results: list[dict[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def refuse(self, error: ServiceError) -> None:
        """Notes the error that refused the call."""
        self.outcome, self.message, self.rule = error.code, error.message, error.rule


@dataclass(frozen=True)
class Accepted:
    """One record that AWS would bill. Times are ISO 8601; ``at`` is the moment of acceptance.

    buyer: the billing key. identity: the record's fields that name it. quantity: the text that was sent.
    """

    seq: int
    productCode: str
    buyer: str
    identity: dict[str, str]
    region: str
    dimension: str
    hour: str
    timestamp: str
    quantity: str
    meteringRecordId: str
    at: str


class CallLog:
    """Append-only. ``counts`` are records by their outcome. ``path``: a file that gets each accepted record as JSON."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.calls: list[Call] = []
        self.accepted: list[Accepted] = []
        self.counts: Counter[str] = Counter()
        self._of_buyer: dict[str, list[Accepted]] = {}
        self._hours: set[tuple[str, str, str]] = set()
        self._metering_calls = 0

    def open_call(self, at: str, operation: str, region: str, caller: str = "") -> Call:
        """Adds a call and returns it. Its outcome is ``answered`` until ``refuse`` changes it."""
        self._metering_calls += operation == "BatchMeterUsage"
        call = Call(seq=len(self.calls) + 1, at=at, operation=operation, region=region, caller=caller)
        self.calls.append(call)
        return call

    def accept(self, line: Accepted) -> None:
        """Adds a record that AWS would bill, also to the file if there is one."""
        self.accepted.append(line)
        self._of_buyer.setdefault(line.buyer, []).append(line)
        self._hours.add((line.buyer, line.dimension, line.hour))
        if self._path:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(line)) + "\n")

    def accepted_of(self, buyer: str) -> list[Accepted]:
        """The records of one billing key that AWS would bill, oldest first."""
        return self._of_buyer.get(buyer, [])

    def summary(self) -> dict[str, int]:
        """Counts of metered records: records = accepted + duplicates + rejected + unprocessed.

        calls: BatchMeterUsage calls. duplicates: records whose slot was taken; ``identical`` are those of equal value.
        rejected: CustomerNotSubscribed, or in a call that was refused as a whole. unprocessed: the sender has to send
        them again (UnprocessedRecords, throttled and 5xx calls). billedTwice: accepted records of a buyer, dimension
        and hour that another accepted record bills too, by the other integration or in another Region. otherRegion:
        accepted outside the product's Region.
        """
        names = ("records", "accepted", "duplicates", "identical", "rejected", "unprocessed", "otherRegion")
        return {
            "calls": self._metering_calls,
            **{name: self.counts[name] for name in names},
            "billedTwice": len(self.accepted) - len(self._hours),
        }

    @staticmethod
    def page(entries: list[Any], after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        """Entries with a ``seq`` after that one, at most ``limit``; and the ``after`` of the next page, if any."""
        chosen = entries[after : after + limit]
        more = after + len(chosen) < len(entries)
        return [dict(vars(entry)) for entry in chosen], after + len(chosen) if more else None
