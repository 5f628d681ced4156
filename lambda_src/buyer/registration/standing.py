"""How a buyer's registration stands, in the few words that the page has for it. Pure."""

from typing import Literal, NamedTuple

from ledger.subscriber import Subscriber
from runtime import clock

#: ``confirmed``: AWS Marketplace has started the subscription. ``waiting``: it has not yet. ``late``: it has not within
#: the stage's time, so people look. ``failed``: it could not. ``ended``: it was over before, or is being ended.
State = Literal["confirmed", "waiting", "late", "failed", "ended"]
_ENDED = ("pending_cancellation", "final_metering", "cancelled", "expired")


class Standing(NamedTuple):
    """until: when a wait becomes late (epoch seconds); None where nothing is waited for."""

    state: State
    until: float | None = None


def standing(found: Subscriber, *, confirm_within: int, now: float) -> Standing:
    """The standing at ``now``. confirm_within: seconds from the registration.

    AWS's guide (SaaS customer onboarding) asks sellers not to activate a buyer by its token, but by the notice.
    """
    if found.status == "active":
        return Standing("confirmed")
    if found.status == "failed":
        return Standing("failed")
    if found.status in _ENDED:
        return Standing("ended")
    until = (clock.from_iso(found.registered_at) if found.registered_at else now) + confirm_within
    return Standing("waiting" if now < until else "late", until)
