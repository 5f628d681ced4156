"""The stage's ``[unusual]``: which lines are judged by ``unusual_rules``, and whether those that stand out wait."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from marketplace.dimensions import Dimension


@dataclass(frozen=True, kw_only=True)
class UnusualSettings:
    """The stage's ``[unusual]``.

    times: an hour is unusual above so many times the usual. at_least: money at list prices from which a line is judged.
    at_least_units: recorded units by dimension from which a line is judged, in place of money; -1: never. hold: whether
    an unusual line waits for a person.
    """

    times: Decimal = Decimal(5)
    at_least: Decimal = Decimal(100)
    at_least_units: Mapping[str, Decimal] = field(default_factory=dict)
    hold: bool = False

    def to_json(self) -> str:
        """The form in which the settings travel in an environment variable."""
        units = {name: str(number) for name, number in self.at_least_units.items()}
        values = {"times": str(self.times), "atLeast": str(self.at_least), "atLeastUnits": units, "hold": self.hold}
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "UnusualSettings":
        """The inverse of ``to_json``."""
        values = json.loads(text)
        return cls(
            times=Decimal(values["times"]),
            at_least=Decimal(values["atLeast"]),
            at_least_units={name: Decimal(number) for name, number in values["atLeastUnits"].items()},
            hold=values["hold"],
        )

    def is_worth_a_look(self, dimension: Dimension, quantity: Decimal) -> bool:
        """Whether a line of so many billed units is judged at all."""
        units = self.at_least_units.get(dimension.name)
        if units is not None:
            return 0 <= units <= quantity * dimension.scale
        return dimension.price is not None and quantity * dimension.price >= self.at_least
