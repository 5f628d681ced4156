"""Usage in one state, counted: lines, recorded units by dimension, and money where the stage names prices. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.metering_record import MeteringRecord
from ledger.quantity import text
from marketplace.dimensions import Dimension


@dataclass
class Stock:
    """units: recorded units by dimension. money: at the stage's list prices, in its currency."""

    dimensions: Mapping[str, Dimension]
    lines: int = 0
    units: dict[str, Decimal] = field(default_factory=dict)
    money: Decimal = Decimal(0)

    def add(self, name: str, units: Decimal) -> None:
        """One line (or, before sealing, one counter) of so many recorded units."""
        self.lines += 1
        self.units[name] = self.units.get(name, Decimal(0)) + units
        dimension = self.dimensions.get(name)
        if dimension is not None and dimension.price is not None:
            self.money += units / dimension.scale * dimension.price

    def add_pending(self, record: MeteringRecord) -> None:
        """What of an hour is not billed yet: its lines that have not ended; before sealing, what was counted."""
        if record.state == "sealed":
            for line in record.lines.values():
                if not line.ended and line.quantity:
                    self.add(line.dimension, line.units)
            return
        for (name, _period), units in record.counted.items():
            if units:
                self.add(name, units)

    def payload(self) -> dict[str, Any]:
        units = {name: text(total) for name, total in sorted(self.units.items())}
        return {"lines": self.lines, "units": units, "money": text(self.money)}
