"""What an open hour becomes when it is frozen: its lines, its identity and timestamp, and the balance after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from ledger.balance import Balance, Balances
from ledger.hour import SECONDS, hour_of
from ledger.leaving import FINAL
from ledger.metering_record import Line, MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.seal_record import Frozen
from ledger.subscriber import Period, Subscriber
from ledger.subscribers import Subscribers
from ledger.transaction import Operation
from marketplace.billing_identity import BillingIdentity
from marketplace.deadlines import deadline
from marketplace.dimensions import Dimension
from marketplace.tiers import Tier
from metering.allocate_hour import Allocator
from metering.allowance import Allowance, Waiting, allowance_for
from metering.identity import frozen_identity, identity_of
from metering.mode import Mode
from metering.seal_rules import SealedDimension, billable, line_timestamp, seal_dimension
from metering.zero_rules import HourlyZeros, is_active_through


class FrozenHour(NamedTuple):
    """operations: of one transaction, the record's first. frozen: what they store. capped: dimensions of which more is
    left over than one line takes."""

    operations: list[Operation]
    frozen: Frozen
    capped: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Known:
    """What an hour is sealed with. timestamp: the lines' (epoch seconds)."""

    identity: BillingIdentity
    allowance: Allowance
    timestamp: int
    periods: Sequence[Period]


@dataclass(frozen=True, kw_only=True)
class Freezer:
    """Tables and settings that freezing needs; it only reads."""

    records: MeteringRecords
    balances: Balances
    subscribers: Subscribers
    allocator: Allocator
    dimensions: Mapping[str, Dimension]
    tiers: Sequence[Tier]
    pricing_model: str
    product_code: str
    zeros: HourlyZeros
    mode: Mode

    def freeze(self, record: MeteringRecord, now: float) -> FrozenHour | Waiting:
        """The transaction that seals this record as it was read, or why it has to wait.

        An hour that still waits at its deadline is frozen with its usage as lines ended ``expired`` (``not_sent`` where
        the stage sends nothing of this customer), before allowance and never sent: overage that was billed by guess
        cannot be taken back.
        """
        subscriber = self.subscribers.get(record.customer_identifier, consistent=True)
        known = self._known(subscriber, record)
        if isinstance(known, Waiting):
            return known if now < deadline(record.hour) else self._expired(record, subscriber, now)
        balance = self.balances.get(record.customer_identifier)
        zeros = self._zeros(known.periods, record.hour)
        sealed = self._dimensions(record, known.allowance, balance, zeros)
        lines = [
            self._line(record.hour, name, dimension)
            for name, dimension in sealed.items()
            if dimension.line or name in zeros
        ]
        allocations: list[Operation] = []
        if now < deadline(record.hour):
            # else nobody gets a split any more, and too many sets to split must not keep the hour from its end
            lines, allocations = self.allocator.allocate(record, lines)
        included = {name: sum(dimension.included.values(), Decimal(0)) for name, dimension in sealed.items()}
        frozen = Frozen(
            identity=frozen_identity(known.identity), timestamp=known.timestamp, lines=lines, included=included
        )
        capped = tuple(n for n, dimension in sealed.items() if billable(self.dimensions[n], dimension.remainder))
        operations = [
            self.records.seal(record, frozen, now),
            *self._balance(balance, sealed),
            *([self._spill(record, now)] if capped else []),
            *allocations,
        ]
        return FrozenHour(operations, frozen, capped)

    def _known(self, subscriber: Subscriber | None, record: MeteringRecord) -> "_Known | Waiting":
        if subscriber is None:
            return Waiting("unknown_customer")
        if subscriber.superseded_by is not None:
            # he turned out to be billed the other way: no hour is ever sent both ways
            return Waiting("superseded")
        if any(name not in self.dimensions for name, _period in record.counted):
            # without its scale and decimals nothing true can be said of its quantity
            return Waiting("dimension_not_in_stage")
        identity = identity_of(subscriber, self.product_code)
        if identity is None:
            return Waiting("identity_incomplete")
        allowance = allowance_for(subscriber, record.hour, self.pricing_model, self.tiers)
        if isinstance(allowance, Waiting):
            return allowance
        periods = subscriber.active_periods
        return _Known(identity, allowance, line_timestamp(record.hour, periods), periods)

    def _zeros(self, periods: Sequence[Period], hour: int) -> tuple[str, ...]:
        """Dimensions that get a line of 0 if nothing was used."""
        return self.zeros.dimensions(self.dimensions) if is_active_through(periods, hour) else ()

    def _spill(self, record: MeteringRecord, now: float) -> Operation:
        """Make sure of a later hour that takes what is left over: the first whose record is open or absent.

        It needs no usage of its own: sealing takes from the balance whatever makes a unit.
        """
        hour = max(record.hour + SECONDS, hour_of(now))
        while (state := self.records.state(record.customer_identifier, hour)) not in (None, "open"):
            hour += SECONDS
        return self.records.add(record.customer_identifier, hour, {}, exists=state is not None, now=now)

    def _dimensions(
        self, record: MeteringRecord, allowance: Allowance, balance: Balance, zeros: Sequence[str]
    ) -> dict[str, SealedDimension]:
        """What was used in the hour, what the balance holds a unit of, and what gets a zero."""
        left_over = (name for name, left in balance.remainder.items() if self._is_billable(name, left))
        by_dimension: dict[str, dict[str, Decimal]] = {name: {} for name in (*left_over, *zeros)}
        for (name, period), units in record.counted.items():
            by_dimension.setdefault(name, {})[period] = units
        return {
            name: seal_dimension(
                self.dimensions[name],
                counted,
                allowance=allowance.of(name),
                used={period: units for (n, period), units in balance.used.items() if n == name},
                remainder=balance.remainder.get(name, Decimal(0)),
            )
            for name, counted in by_dimension.items()
        }

    def _is_billable(self, name: str, units: Decimal) -> bool:
        return name in self.dimensions and billable(self.dimensions[name], units)

    def _balance(self, old: Balance, sealed: Mapping[str, SealedDimension]) -> list[Operation]:
        """The balance's operation; none for an hour that leaves it as it was, so that most hours cost one write.

        Such an hour's lines come to what it counted and the contract does not cover, whatever the balance holds by
        then: it took nothing from it and left nothing in it. An allowance that was used up stays so.
        """
        remainder = {n: d.remainder for n, d in sealed.items() if d.remainder != old.remainder.get(n, Decimal(0))}
        used = {(n, p): u for n, d in sealed.items() for p, u in d.used.items() if u != old.used.get((n, p))}
        return [self.balances.replace(old, remainder=remainder, used=used)] if remainder or used else []

    def _line(self, hour: int, name: str, sealed: SealedDimension) -> Line:
        dimension = self.dimensions[name]
        return Line(
            dimension=name,
            quantity=sealed.line,
            counted=sealed.counted,
            included=sealed.included,
            scale=dimension.scale,
            decimals=dimension.decimals,
            deadline=deadline(hour),
        )

    def _expired(self, record: MeteringRecord, subscriber: Subscriber | None, now: float) -> FrozenHour:
        totals: dict[str, Decimal] = {}
        for (name, _period), units in record.counted.items():
            totals[name] = totals.get(name, Decimal(0)) + units
        lines = [
            Line(dimension=name, quantity=units, counted=units, deadline=deadline(record.hour))
            for name, units in totals.items()
            if units
        ]
        identity = identity_of(subscriber, self.product_code) if subscriber else None
        frozen = Frozen(
            identity=frozen_identity(identity) if identity else {},
            timestamp=record.hour,
            lines=lines,
            verdict="expired" if self.mode.sends(record.customer_identifier) else "not_sent",
        )
        return FrozenHour(
            [self.records.seal(record, frozen, now), *self._keep_spilled(record, subscriber, now)], frozen
        )

    def _keep_spilled(self, record: MeteringRecord, subscriber: Subscriber | None, now: float) -> list[Operation]:
        """What was spilled to an hour that could not be sealed needs another one, or nothing pending would tell of it.

        Who has left has his end: what remains of him is named there.
        """
        if subscriber is None or subscriber.superseded_by is not None or subscriber.status in FINAL:
            return []
        left_over = self.balances.get(record.customer_identifier).remainder
        spilled = any(self._is_billable(name, units) for name, units in left_over.items())
        return [self._spill(record, now)] if spilled else []
