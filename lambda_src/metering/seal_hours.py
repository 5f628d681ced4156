"""State 2, seal: freeze each closed hour's lines, so that whoever sends them, however often, sends the same.

One transaction per hour: record (on condition of its version) and balance (of its own). A lost condition means that
somebody added or sealed meanwhile: read again; after two losses the record is closed to adds first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ledger.balance import Balance, Balances
from ledger.metering_record import Line, MeteringRecord
from ledger.metering_records import Frozen, MeteringRecords, RecordKey
from ledger.quantity import text
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from ledger.transaction import Cancelled, Contended, Operation, write
from marketplace.billing_identity import BillingIdentity
from marketplace.deadlines import deadline
from marketplace.dimensions import Dimension
from marketplace.tiers import Tier
from metering.allowance import Allowance, Waiting, allowance_for
from metering.identity import frozen_identity, identity_of
from metering.seal_rules import SealedDimension, line_timestamp, seal_dimension
from runtime import telemetry
from runtime.clock import Clock, iso
from runtime.pause import Pause, full_jitter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

ATTEMPTS = 20
#: after so many losses the record is set ``closing``: no add succeeds any more, so the next attempt must win
LOSSES_BEFORE_CLOSING = 2

logger = telemetry.logger("metering")


@dataclass(frozen=True, kw_only=True)
class Sealer:
    """Tables and settings that sealing needs."""

    client: "DynamoDBClient"
    records: MeteringRecords
    balances: Balances
    subscribers: Subscribers
    dimensions: Mapping[str, Dimension]
    tiers: Sequence[Tier]
    pricing_model: str
    product_code: str
    clock: Clock
    pause: Pause = full_jitter

    def seal_hours(self, keys: Sequence[RecordKey]) -> dict[str, int]:
        """Seal these hours; counts of ``sealed``, ``waiting``, ``already`` sealed and ``failed`` ones.

        An hour that fails stays pending and does not hold up the others; if all of them fail, the last error is raised,
        since then it is not the hours' fault.
        """
        counts = {"sealed": 0, "waiting": 0, "already": 0, "failed": 0}
        for number, (customer_identifier, hour) in enumerate(keys, start=1):
            try:
                counts[self.seal_hour(customer_identifier, hour)] += 1
            except Exception:
                logger.exception("hour not sealed", customer=customer_identifier, hour=iso(hour))
                counts["failed"] += 1
                if counts["failed"] == number == len(keys):
                    raise
        return counts

    def seal_hour(self, customer_identifier: str, hour: int) -> str:
        """Seal one hour. ``waiting``: identity or entitlements are not known yet; the hour stays pending, and counted.

        Raises Contended if it cannot win within its attempts (the state is retried).
        """
        losses = 0
        for attempt in range(ATTEMPTS):
            record = self.records.get(customer_identifier, hour)
            if record is None or record.state == "sealed":
                return "already"
            if losses >= LOSSES_BEFORE_CLOSING and record.state == "open":
                record = self.records.close(customer_identifier, hour) or record
            frozen = self._freeze(record)
            if isinstance(frozen, Waiting):
                logger.warning("hour waits", customer=customer_identifier, hour=iso(hour), reason=frozen.reason)
                return "waiting"
            try:
                write(self.client, frozen)
            except Cancelled as cancelled:
                losses += cancelled.reasons[0].failed
                continue
            except Contended:
                losses += 1
                self.pause(attempt)
                continue
            self._log(customer_identifier, hour)
            return "sealed"
        raise Contended(f"the hour {iso(hour)} of {customer_identifier} kept changing")

    def _freeze(self, record: MeteringRecord) -> list[Operation] | Waiting:
        now = self.clock()
        subscriber = self.subscribers.get(record.customer_identifier, consistent=True)
        known = self._known(subscriber, record.hour)
        if isinstance(known, Waiting):
            if now < deadline(record.hour):
                return known
            return [self._expired(record, subscriber, now)]
        identity, allowance, timestamp = known
        balance = self.balances.get(record.customer_identifier)
        sealed = self._dimensions(record, allowance, balance)
        lines = [self._line(record.hour, name, dimension) for name, dimension in sealed.items() if dimension.line]
        included = {name: sum(dimension.included.values(), Decimal(0)) for name, dimension in sealed.items()}
        frozen = Frozen(identity=frozen_identity(identity), timestamp=timestamp, lines=lines, included=included)
        operations = [self.records.seal(record, frozen, now)]
        remainder = {n: d.remainder for n, d in sealed.items() if d.remainder != balance.remainder.get(n, Decimal(0))}
        used = {(n, p): u for n, d in sealed.items() for p, u in d.used.items() if u != balance.used.get((n, p))}
        # an independent dimension leaves no remainder, but may have found one from before the stage file was changed
        if remainder or used or any(not self._independent(name, allowance) for name in sealed):
            operations.append(self.balances.replace(balance, remainder=remainder, used=used))
        return operations

    def _known(self, subscriber: Subscriber | None, hour: int) -> tuple[BillingIdentity, Allowance, int] | Waiting:
        if subscriber is None:
            return Waiting("unknown_customer")
        identity = identity_of(subscriber, self.product_code)
        if identity is None:
            return Waiting("identity_incomplete")
        allowance = allowance_for(subscriber, hour, self.pricing_model, self.tiers)
        if isinstance(allowance, Waiting):
            return allowance
        return identity, allowance, line_timestamp(hour, subscriber.active_periods)

    def _dimensions(self, record: MeteringRecord, allowance: Allowance, balance: Balance) -> dict[str, SealedDimension]:
        by_dimension: dict[str, dict[str, Decimal]] = {}
        for (name, period), units in record.counted.items():
            by_dimension.setdefault(name, {})[period] = units
        return {
            name: seal_dimension(
                self._dimension(name),
                counted,
                allowance=allowance.of(name),
                used={period: units for (n, period), units in balance.used.items() if n == name},
                remainder=balance.remainder.get(name, Decimal(0)),
            )
            for name, counted in by_dimension.items()
        }

    def _dimension(self, name: str) -> Dimension:
        # a dimension taken out of the stage file is still sent as it was recorded; Marketplace says if it refuses
        return self.dimensions.get(name) or Dimension(name=name, unit="unit")

    def _independent(self, name: str, allowance: Allowance) -> bool:
        return allowance.included is None and self._dimension(name).needs_no_remainder

    def _line(self, hour: int, name: str, sealed: SealedDimension) -> Line:
        dimension = self._dimension(name)
        return Line(
            dimension=name,
            quantity=sealed.line,
            counted=sealed.counted,
            included=sealed.included,
            scale=dimension.scale,
            decimals=dimension.decimals,
            deadline=deadline(hour),
        )

    def _expired(self, record: MeteringRecord, subscriber: Subscriber | None, now: float) -> Operation:
        """At its deadline an hour that still waits is sealed with its usage as lines ended ``expired``, never sent."""
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
            verdict="expired",
        )
        return self.records.seal(record, frozen, now)

    def _log(self, customer_identifier: str, hour: int) -> None:
        record = self.records.get(customer_identifier, hour)
        for line in record.lines.values() if record else ():
            logger.info(
                "sealed",
                customer=customer_identifier,
                hour=iso(hour),
                dimension=line.dimension,
                quantity=text(line.quantity),
                counted=text(line.counted),
                verdict=line.verdict,
            )
