"""The contract dimensions that a subscriber held at an hour, by what was stored of its contract. Pure."""

from collections.abc import Sequence

from ledger.subscriber import HeldEntitlement, Subscriber
from marketplace.entitlements import is_held


def dimensions_held(subscriber: Subscriber, hour: int) -> tuple[str, ...]:
    """The contract dimensions that a subscriber held at the start of ``hour`` (epoch seconds).

    They are those of the last fetch. Where nothing is left, an hour before that was found counts by those held last; so
    do the last hours of a cancelled customer, whose contract is over while they are still to be billed.
    """
    last_held = subscriber.last_held
    is_cancelled = subscriber.accepts_until is not None
    if is_cancelled:
        hour = _within_contract(subscriber, hour)
    current = _valid_at(subscriber.entitlements, hour)
    if current or last_held is None or (hour >= last_held.until and not is_cancelled):
        return current
    return _valid_at(last_held.entitlements, hour)


def _within_contract(subscriber: Subscriber, hour: int) -> int:
    """The hour, but before the end and the expiry: usage from before the end may be billed one hour later, after the
    contract expired."""
    if not subscriber.active_periods:
        return hour
    end = subscriber.active_periods[-1].end
    moments = [hour] if end is None else [hour, end - 1]
    expiries = [held.expires_at for held in subscriber.entitlements if held.expires_at is not None]
    if expiries and len(expiries) == len(subscriber.entitlements):
        moments.append(max(expiries) - 1)
    return min(moments)


def _valid_at(held: Sequence[HeldEntitlement], hour: int) -> tuple[str, ...]:
    valid = (e for e in held if e.expires_at is None or e.expires_at > hour)
    return tuple(e.dimension for e in valid if is_held(e.value))
