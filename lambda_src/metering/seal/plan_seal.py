"""What an open hour becomes when it is sealed: its lines, identity and Timestamp, and the balance after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from ledger.allocations import FrozenAllocations
from ledger.balance import Balance, Balances
from ledger.cancellation import FINAL
from ledger.conservation import NotConserved, check_seal
from ledger.hold import Hold
from ledger.metering_record import Line, MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.seal_record import Frozen
from ledger.subscriber import Period, Subscriber, has_ended_since
from ledger.subscribers import Subscribers
from ledger.tagged_usage import TaggedUsage
from ledger.transaction import Operation
from marketplace.hour import SECONDS, deadline, hour_of
from marketplace.products import Product, Products
from metering.run import Mode
from metering.seal.allocate_hour import allocate_hour
from metering.seal.find_unusual import UnusualLines
from metering.seal.seal_rules import SealedDimension, billable, is_active_through, seal_dimension
from metering.seal.terms import Terms, Waiting, identity_of, terms_of
from metering.seal.unusual_rules import Unusual

ZERO = Decimal(0)


class SealPlan(NamedTuple):
    """How one hour is sealed.

    operations: of one transaction, the record's first. frozen: what they store on the record. capped: dimensions of
    which more is left over than one line takes.
    """

    operations: list[Operation]
    frozen: Frozen
    capped: tuple[str, ...] = ()
    unusual: Mapping[str, Unusual] = {}


@dataclass(frozen=True, kw_only=True)
class SealPlanner:
    """Reads what sealing an hour needs and plans its writes; it writes nothing."""

    records: MeteringRecords
    balances: Balances
    subscribers: Subscribers
    tagged_usage: TaggedUsage
    allocations: FrozenAllocations
    products: Products
    mode: Mode
    unusual: UnusualLines

    def plan(self, record: MeteringRecord, now: float) -> SealPlan | Waiting:
        """The transaction that seals this record as it was read, or why the hour has to wait.

        An hour that still waits at its deadline is sealed with its usage as lines that end ``expired`` (``not_sent``
        where the mode holds this customer) and are never sent. The lines hold all units, without deducting the
        allowance, which is not known. So is an hour whose sums do not hold at its deadline; before it, that raises
        NotConserved.
        """
        subscriber = self.subscribers.get(record.customer_identifier, consistent=True)
        terms = terms_of(subscriber, record, self.products)
        if isinstance(terms, Waiting):
            return terms if now < deadline(record.hour) else self._expired(record, subscriber, now)
        try:
            return self._with_balance(record, terms, now)
        except NotConserved:
            if now < deadline(record.hour):
                raise
            return self._expired(record, subscriber, now)

    def _with_balance(self, record: MeteringRecord, terms: Terms, now: float) -> SealPlan:
        """The hour sealed with the customer's balance. Raises NotConserved."""
        balance = self.balances.get(record.customer_identifier)
        product = terms.product
        zeros = product.zeros if is_active_through(terms.periods, record.hour) else ()
        sealed = _dimensions(record, terms, balance, zeros)
        lines = [
            _line(product, record.hour, name, dimension)
            for name, dimension in sealed.items()
            if dimension.quantity or name in zeros
        ]
        unusual = self.unusual.of_hour(record, lines, product.dimensions, terms.periods)
        lines = [self._held(line, unusual.get(line.dimension), record.hour, terms.periods, now) for line in lines]
        stored_allocations: list[Operation] = []
        if record.tagged and now < deadline(record.hour):
            # After the deadline no line is sent, and too many sets to split must not keep the hour from its end.
            lines, stored_allocations = allocate_hour(record, lines, self.tagged_usage, self.allocations)
        included = {name: sum(dimension.included.values(), ZERO) for name, dimension in sealed.items()}
        frozen = Frozen(identity=terms.identity.frozen, sent_timestamp=terms.timestamp, lines=lines, included=included)
        capped = tuple(name for name, dimension in sealed.items() if _is_billable(product, name, dimension.remainder))
        operations = [
            self.records.seal(record, frozen, now),
            *self._balance(record, frozen, balance, sealed),
            *([self._carry_over(record, now)] if capped else []),
            *stored_allocations,
        ]
        return SealPlan(operations, frozen, capped, unusual)

    def _held(self, line: Line, unusual: Unusual | None, hour: int, periods: Sequence[Period], now: float) -> Line:
        """The line, on hold where it is unusual, the stage asks for it, and there is time for a person.

        Never where the customer's period has ended: Marketplace takes its last usage for one hour only.
        """
        if unusual is None or not self.unusual.settings.hold or has_ended_since(periods, hour):
            return line
        hold = Hold(now, unusual.usual, unusual.times)
        return replace(line, hold=hold) if hold.lasts(line.deadline, now) else line

    def _balance(
        self, record: MeteringRecord, frozen: Frozen, old: Balance, sealed: Mapping[str, SealedDimension]
    ) -> list[Operation]:
        """The balance's operation; none where sealing changes neither remainder nor used allowance.

        Then the balance need not be written, so that most hours cost one write. A concurrent change of the remainder
        cannot alter these lines, which took nothing from it and left nothing in it. Nor can one of the allowance: where
        these lines used none of it there was none, or it was used up and stays so.
        """
        remainder = {n: d.remainder for n, d in sealed.items() if d.remainder != old.remainder.get(n, ZERO)}
        used = {(n, p): u for n, d in sealed.items() for p, u in d.used.items() if u != old.used.get((n, p))}
        check_seal(record, frozen, old, remainder=remainder, used=used)
        return [self.balances.replace(old, remainder=remainder, used=used)] if remainder or used else []

    def _carry_over(self, record: MeteringRecord, now: float) -> Operation:
        """Opens a later hour that takes what is left over: the first whose record is open or absent.

        It needs no usage of its own: sealing takes from the balance whatever makes a billed unit.
        """
        hour = max(record.hour + SECONDS, hour_of(now))
        while (state := self.records.state(record.customer_identifier, hour)) not in (None, "open"):
            hour += SECONDS
        return self.records.add(record.customer_identifier, hour, {}, exists=state is not None, now=now)

    def _expired(self, record: MeteringRecord, subscriber: Subscriber | None, now: float) -> SealPlan:
        """The hour sealed at its deadline with lines that have ended."""
        totals: dict[str, Decimal] = {}
        for (name, _period), units in record.counted.items():
            totals[name] = totals.get(name, ZERO) + units
        lines = [
            Line(dimension=name, quantity=units, counted=units, deadline=deadline(record.hour))
            for name, units in totals.items()
            if units
        ]
        identity = identity_of(subscriber, self.products) if subscriber else None
        frozen = Frozen(
            identity=identity.frozen if identity else {},
            sent_timestamp=record.hour,
            lines=lines,
            verdict="expired" if self.mode.sends(record.customer_identifier) else "not_sent",
            before_allowance=True,
        )
        check_seal(record, frozen)
        operations = [self.records.seal(record, frozen, now), *self._carry_over_again(record, subscriber, now)]
        return SealPlan(operations, frozen)

    def _carry_over_again(self, record: MeteringRecord, subscriber: Subscriber | None, now: float) -> list[Operation]:
        """Opens another hour for the units that an expired hour was to bill, or no pending record would show them.

        Not for a cancelled customer: ``end_subscription`` names its remainder.
        """
        if subscriber is None or subscriber.superseded_by is not None or subscriber.status in FINAL:
            return []
        left_over = self.balances.get(record.customer_identifier).remainder
        product = self.products.of(subscriber.product_code)
        carried = product is not None and any(_is_billable(product, *each) for each in left_over.items())
        return [self._carry_over(record, now)] if carried else []


def _dimensions(
    record: MeteringRecord, terms: Terms, balance: Balance, zeros: Sequence[str]
) -> dict[str, SealedDimension]:
    """The dimensions to seal: those used; those with a billed unit in the balance; those that get a zero."""
    left_over = (name for name, units in balance.remainder.items() if _is_billable(terms.product, name, units))
    by_dimension: dict[str, dict[str, Decimal]] = {name: {} for name in (*left_over, *zeros)}
    for (name, period), units in record.counted.items():
        by_dimension.setdefault(name, {})[period] = units
    return {
        name: seal_dimension(
            terms.product.dimensions[name],
            counted,
            allowance=terms.allowance.of(name),
            used={period: units for (n, period), units in balance.used.items() if n == name},
            remainder=balance.remainder.get(name, ZERO),
        )
        for name, counted in by_dimension.items()
    }


def _is_billable(product: Product, name: str, units: Decimal) -> bool:
    return name in product.dimensions and billable(product.dimensions[name], units)


def _line(product: Product, hour: int, name: str, sealed: SealedDimension) -> Line:
    dimension = product.dimensions[name]
    return Line(
        dimension=name,
        quantity=sealed.quantity,
        counted=sealed.counted,
        included=sealed.included,
        scale=dimension.scale,
        decimals=dimension.decimals,
        deadline=deadline(hour),
    )
