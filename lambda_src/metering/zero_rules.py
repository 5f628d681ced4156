"""Hourly records of zero: for which hours and dimensions. Pure.

AWS recommends to meter 0 each hour for every customer, used or not (AWS Marketplace Seller Guide, "SaaS subscriptions",
"SaaS contracts with consumption"). A zero takes the hour's place like any other quantity, so it is only ever sent as
part of a sealed hour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.hour import SECONDS
from ledger.subscriber import Period

OFF, EVERY = "off", "every"


@dataclass(frozen=True)
class HourlyZeros:
    """setting: ``off``, ``every`` dimension, or the name of one."""

    setting: str

    @property
    def wanted(self) -> bool:
        return self.setting != OFF

    def dimensions(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the product's dimensions that an hour without usage sends 0 for."""
        if self.setting == EVERY:
            return tuple(names)
        return tuple(name for name in names if name == self.setting)

    @classmethod
    def of(cls, setting: str, pricing_model: str) -> "HourlyZeros":
        """The stage's setting; a pure contract is not metered unless it is used beyond what it includes."""
        return cls(OFF if pricing_model == "contract" else setting)


def is_active_through(periods: Sequence[Period], hour: int) -> bool:
    """Whether a customer was active strictly before the hour's end and still is at it.

    So nobody gets a zero for an hour before his activation: Marketplace would take it for the activation's own hour.
    """
    end = hour + SECONDS
    return any(period.start < end and (period.end is None or period.end > end) for period in periods)
