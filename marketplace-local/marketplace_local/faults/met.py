"""The faults that one call meets: one drawn at random, if any, and those armed on demand."""

from marketplace_local.clock import Clock
from marketplace_local.faults.armed import ArmedFaults, CallFault
from marketplace_local.faults.at_random import RandomFaults, chosen

#: These kinds choose among a call's records.
_CHOOSING = ("partial-unprocessed", "omitted")


class FaultsMet:
    """The faults of one call, made when it arrives. ``met`` names the kinds that touched it, in that order."""

    def __init__(self, board: ArmedFaults, random: RandomFaults, operation: str, now: Clock) -> None:
        self._board = board
        self._operation = operation
        self._now = now
        self._seed = random.seed
        self._drawn, self._number = random.next_call(operation)
        self.met: list[str] = []

    def take(self, kind: str, *, product: str = "", buyer: str = "", dimension: str = "") -> CallFault | None:
        """The fault of that kind that touches the call or the record. Counts an armed fault down."""
        if not self._drawn and not self._board:
            return None
        found = self._drawn if self._drawn and self._drawn.kind == kind else None
        if not found:
            found = self._board.take(
                kind, self._operation, self._now(), product=product, buyer=buyer, dimension=dimension
            )
        if found and kind not in self.met:
            self.met.append(kind)
        return found

    def touches(self, index: int) -> bool:
        """Whether a fault that chooses among the records takes the one at that index: every second, or by the seed."""
        if self._drawn and self._drawn.kind in _CHOOSING:
            return chosen(self._seed, self._number, index)
        return index % 2 == 0
