"""A product's usage dimensions, as the stage file declares them.

A dimension's name is matched by Marketplace letter for letter (BatchMeterUsage, ``UsageRecord.Dimension``).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Aggregation = Literal["sum", "distinct", "max"]

#: BatchMeterUsage ``Quantity``: an integer 0..2147483647 (botocore model).
LARGEST_WHOLE = Decimal(2_147_483_647)
#: BatchMeterUsage ``QuantityAsDecimal``: 10 integer and 6 fraction digits (botocore model).
LARGEST_DECIMAL = Decimal("9999999999.999999")


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One usage dimension.

    name: Marketplace's key of it. unit: what one unit of recorded usage is, for people.
    aggregation: ``sum`` of quantities; ``distinct`` users, each once a month; ``max`` of reported counts in a month.
    scale: recorded units per billed unit (1,000 for a price per 1,000 calls).
    decimals: fraction digits that are sent (0 sends ``Quantity``, 1 to 6 send ``QuantityAsDecimal``).
    price: list price of a billed unit in the stage's currency, for reports to people; None where the stage names none.
    """

    name: str
    unit: str
    aggregation: Aggregation = "sum"
    scale: int = 1
    decimals: int = 0
    price: Decimal | None = None

    @property
    def largest(self) -> Decimal:
        """The largest billable quantity of one line, in billed units."""
        return LARGEST_DECIMAL if self.decimals else LARGEST_WHOLE

    @property
    def largest_event(self) -> Decimal:
        """The largest quantity of one event, in recorded units: what fills one line. No hour can bill more of it.

        With the largest scale (10^9) it has 19 digits and 9 decimals: DynamoDB's 38 digits hold 10^10 of them.
        """
        return self.largest * self.scale
