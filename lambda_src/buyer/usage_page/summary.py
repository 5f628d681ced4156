"""One buyer's usage, as the page, the JSON and the CSV show it. Pure.

A past month is counted by the hours that bill it, as its invoice is (``ledger.invoice``). The running month is compared
with what the contract includes by the month of use, which is what the allowance goes by. Its hours that are not sealed
yet are estimated as sealing would decide now (``metering.seal.seal_rules``); a late event or another entitlement may
change that, so the page says *so far*.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from buyer.access_terms import Access
from ledger.balance import Balance
from ledger.entitlements import dimensions_held
from ledger.invoice import CARRIED_IN, EXACT, INCLUDED, REPORTED, ZERO, Sums, is_finished, rows
from ledger.metering_record import MeteringRecord
from ledger.subscriber import Subscriber
from marketplace.dimensions import Dimension
from marketplace.hour import hour_of
from marketplace.products import Product
from marketplace.quantity import floor
from marketplace.tiers import UNLIMITED, highest

#: Hours with usage that are shown one by one.
HOURS = 24
#: Outcomes of lines that are billed, or will be, or may have been (``ledger.invoice.outcome``).
_BILLABLE = ("billed", "waiting", "unconfirmed")


@dataclass(frozen=True, kw_only=True)
class Use:
    """One dimension of a month.

    recorded, included: recorded units, and those of them that the contract covers. billable: billed units. allowance:
    what the contract includes a month, ``UNLIMITED``, or None where there is nothing to compare with.
    """

    dimension: Dimension
    recorded: Decimal
    included: Decimal
    billable: Decimal
    allowance: Decimal | None = None

    @property
    def amount(self) -> Decimal | None:
        """At list price, exactly; None where the stage names no price."""
        price = self.dimension.price
        return None if price is None else EXACT.multiply(self.billable, price)

    @property
    def percent(self) -> int | None:
        """How much of the allowance is used, in whole percent; None where it has no end, or there is none."""
        if self.allowance is None or self.allowance in (UNLIMITED, ZERO):
            return None
        return int(self.recorded * 100 / self.allowance)


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month. finished: nothing of it changes any more by itself."""

    name: str
    uses: tuple[Use, ...]
    finished: bool

    @property
    def amount(self) -> Decimal | None:
        """The sum at list price; None where no dimension has a price."""
        amounts = [use.amount for use in self.uses if use.amount is not None]
        return sum(amounts, ZERO) if amounts else None


@dataclass(frozen=True, kw_only=True)
class Hour:
    """What one hour recorded, by dimension. sealed: its counts do not change any more."""

    hour: int
    units: Mapping[str, Decimal]
    sealed: bool


@dataclass(frozen=True, kw_only=True)
class Summary:
    """months: the running one first. hours: the newest first. successor: the key under which the purchase goes on.
    as_of: epoch seconds."""

    subscriber: Subscriber
    product: Product
    access: Access
    successor: str | None
    currency: str
    as_of: float
    months: tuple[Month, ...]
    hours: tuple[Hour, ...]


def running_month(
    name: str, records: Sequence[MeteringRecord], found: Subscriber, product: Product, balance: Balance, now: float
) -> Month:
    """The running month, with every dimension of the product, used or not."""
    sealed = _by_dimension(records)
    allowances = _allowances(found, product, now)
    opened: dict[tuple[str, str], Decimal] = {}
    recorded: dict[str, Decimal] = {}
    for record in records:
        for (counted, period), units in record.counted.items():
            if period == name:
                recorded[counted] = recorded.get(counted, ZERO) + units
            if record.state != "sealed":
                opened[counted, period] = opened.get((counted, period), ZERO) + units
    uses = []
    for dimension in _known(product, {*recorded, *sealed, *(key[0] for key in opened)}):
        sums = sealed.get(dimension.name, Sums())
        covered, more = ZERO, ZERO
        for (of, period), units in opened.items():
            if of == dimension.name:
                own = _within_allowance(units, (allowances or {}).get(of), balance.used.get((of, period), ZERO))
                covered, more = covered + own, more + units - own
        left = balance.remainder.get(dimension.name, ZERO) + more
        coming = min(floor(left / dimension.scale, dimension.decimals), dimension.largest) if more else ZERO
        uses.append(
            Use(
                dimension=dimension,
                recorded=recorded.get(dimension.name, ZERO),
                included=sums.units.get(INCLUDED, ZERO) + covered,
                billable=_billable(sums) + coming,
                allowance=_shown_allowance(dimension.name, allowances, product),
            )
        )
    return Month(name=name, uses=tuple(uses), finished=False)


def past_month(name: str, records: Sequence[MeteringRecord], product: Product) -> Month:
    """A month that is over, with the dimensions that were used in it."""
    sums = _by_dimension(records)
    uses = tuple(
        Use(
            dimension=dimension,
            recorded=sums[dimension.name].units.get(REPORTED, ZERO) + sums[dimension.name].units.get(CARRIED_IN, ZERO),
            included=sums[dimension.name].units.get(INCLUDED, ZERO),
            billable=_billable(sums[dimension.name]),
        )
        for dimension in _known(product, sums)
        if dimension.name in sums
    )
    return Month(name=name, uses=uses, finished=all(is_finished(record) for record in records))


def last_hours(records: Sequence[MeteringRecord], now: float) -> tuple[Hour, ...]:
    """The last hours with usage, the newest first."""
    shown = sorted((r for r in records if r.counted and r.hour <= hour_of(now)), key=lambda r: r.hour, reverse=True)
    return tuple(
        Hour(hour=record.hour, units=_units(record), sealed=record.state == "sealed") for record in shown[:HOURS]
    )


def _units(record: MeteringRecord) -> dict[str, Decimal]:
    units: dict[str, Decimal] = {}
    for (dimension, _period), counted in record.counted.items():
        units[dimension] = units.get(dimension, ZERO) + counted
    return units


def _by_dimension(records: Sequence[MeteringRecord]) -> dict[str, Sums]:
    found: dict[str, Sums] = {}
    for row in rows(records):
        found.setdefault(row.dimension, Sums()).plus(row.sums)
    return found


def _known(product: Product, used: Iterable[str]) -> list[Dimension]:
    """The product's dimensions, then used ones that it does not have any more, whose unit nobody knows."""
    gone = sorted(set(used) - set(product.dimensions))
    return [*product.dimensions.values(), *(Dimension(name=name, unit=name) for name in gone)]


def _billable(sums: Sums) -> Decimal:
    return sum((sums.quantity.get(name, ZERO) for name in _BILLABLE), ZERO)


def _allowances(found: Subscriber, product: Product, now: float) -> Mapping[str, Decimal] | None:
    """What the contract includes by dimension; None for a product without contracts."""
    if not product.has_contracts:
        return None
    tier = highest(product.tiers, dimensions_held(found, int(now)))
    return tier.included if tier is not None else {}


def _shown_allowance(name: str, allowances: Mapping[str, Decimal] | None, product: Product) -> Decimal | None:
    # An allowance of the whole contract is not one of this month.
    if allowances is None or product.allowance_period != "month":
        return None
    return allowances.get(name) or None


def _within_allowance(units: Decimal, allowance: Decimal | None, used: Decimal) -> Decimal:
    if allowance is None:
        return ZERO
    return units if allowance == UNLIMITED else min(units, max(ZERO, allowance - used))
