"""Access of a customer: what is asked, what is answered, and how the stage wants it."""

import json
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple, Self

from ledger.subscriber import Subscriber
from marketplace.products import Products

WhenStale = Literal["allow", "refuse"]
#: ``ending``: the subscription has ended, and usage is taken a little longer. ``ended``: it is not any more, and the
#: last hours are being billed. ``revoked``: all is billed (event AccessRevoked).
Reason = Literal[
    "active",
    "trial",
    "ending",
    "pending",
    "failed",
    "ended",
    "revoked",
    "no_entitlement",
    "unknown_customer",
    "stale",
]


@dataclass(frozen=True, kw_only=True)
class AccessRules:
    """How the stage answers. cache_seconds: for which an answer may be used again."""

    stale_after_hours: int = 24
    when_stale: WhenStale = "refuse"
    cache_seconds: int = 60

    @property
    def stale_after(self) -> int:
        """Seconds for which old knowledge is used."""
        return self.stale_after_hours * 3600

    def to_json(self) -> str:
        """The setting ``ACCESS``."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of ``to_json``."""
        return cls(**json.loads(text))


class Access(NamedTuple):
    """A decision. Times are epoch seconds.

    until: for how long it is known to hold. known_at: when something was last learnt of this customer.
    doubted_since: since when newer facts must exist. customer: whose purchase decided, where it is the successor's.
    """

    allowed: bool
    reason: Reason
    until: int | None = None
    known_at: float | None = None
    doubted_since: float | None = None
    customer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked, and by which rules it is answered.

    dimension: a usage dimension, or a contract dimension that must be held; empty asks for the product as a whole. now:
    epoch seconds.
    """

    products: Products
    rules: AccessRules
    now: float
    dimension: str = ""


def reason_of(found: Subscriber) -> Reason:
    """Why an active customer has access."""
    return "trial" if found.free_trial else "active"
