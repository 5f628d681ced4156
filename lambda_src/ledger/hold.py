"""A hold: a sealed line of an unusual hour waits for a person before it is sent, where the stage asks for that.

A hold only delays. Marketplace never takes a line after its deadline, while it can adjust one that was billed too
high, so a line that nobody has released is sent all the same before its deadline.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple, Self

HELD = "held#"
RELEASED = "released#"
#: The partition of the pending index that holds records with a hold, so that the report counts them without reading
#: every pending hour.
PENDING_HELD = "held"
#: Seconds before its deadline from which a line is sent whether or not it was released. Runs are an hour apart, so at
#: least one falls into them.
SENT_ANYWAY = 2 * 3600


class Hold(NamedTuple):
    """Why a line waits.

    at: when the hour was sealed (epoch seconds). usual: what the customer usually uses in such an hour, in recorded
    units. times: how many times as much this hour has. released_at, released_by: when a person let it go, and who;
    None until then.
    """

    at: float
    usual: Decimal
    times: Decimal
    released_at: float | None = None
    released_by: str | None = None

    @classmethod
    def from_item(cls, dimension: str, item: Mapping[str, Any]) -> Self:
        """The hold of a line, from its record's item. Raises KeyError for a line that never had one."""
        held, released = item[HELD + dimension], item.get(RELEASED + dimension)
        return cls(
            at=float(held["at"]),
            usual=held["usual"],
            times=held["times"],
            released_at=float(released["at"]) if released else None,
            released_by=str(released["by"]) if released else None,
        )

    def attribute(self) -> dict[str, Any]:
        """The value of ``held#<dimension>``, which sealing writes."""
        return {"at": Decimal(str(self.at)), "usual": self.usual, "times": self.times}

    def lasts(self, deadline: int, now: float) -> bool:
        """Whether a line with this deadline still waits at ``now`` (both in epoch seconds)."""
        return self.released_at is None and now < deadline - SENT_ANYWAY
