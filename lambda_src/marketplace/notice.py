"""One notice of AWS Marketplace, whichever way it came. Pure."""

from dataclasses import dataclass
from typing import Literal

#: What a notice reports.
#: start and end: of a subscription or licence. fail: it never began. entitlement: what is held may have changed.
#: standing: how the agreement stands, for people; changes no status. fact: known, changes no status.
#: unknown: this version does not know what it means. unreadable: it lacks a field on which its meaning depends.
Kind = Literal["start", "end", "fail", "entitlement", "standing", "fact", "unknown", "unreadable"]
#: search: what the Agreement API says where no notice came. operator: a person's change (a migration).
Source = Literal["sns", "eventbridge", "search", "operator"]
#: The kinds that a subscription's life is made of.
LIFE: tuple[Kind, ...] = ("start", "end", "fail")


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice. ``at_ms``: event time, milliseconds since the epoch (EventBridge cuts to seconds).

    action: SNS's action, or the detail-type without its role suffix. product_code is absent from agreement events.
    license_arn: the event's form, not always one to send. free_trial and offer_id: None where the notice has
    none. agreement_status: as the Agreement API names it. initial_agreement_id, previous_agreement_id: the first
    agreement of a chain, and the one before. contract_start, contract_end: the agreement's term, epoch seconds.
    topic and state: of a ``standing`` notice, what it is about and how that stands. why: a sentence on why it is
    unknown or unreadable; it quotes nothing of the message.
    """

    id: str
    source: Source
    action: str
    kind: Kind
    at_ms: int
    product_code: str | None = None
    product_id: str | None = None
    customer_identifier: str | None = None
    license_arn: str | None = None
    license_id: str | None = None
    agreement_id: str | None = None
    account_id: str | None = None
    offer_id: str | None = None
    free_trial: bool | None = None
    agreement_status: str | None = None
    initial_agreement_id: str | None = None
    previous_agreement_id: str | None = None
    contract_start: int | None = None
    contract_end: int | None = None
    topic: str | None = None
    state: str | None = None
    why: str | None = None

    @property
    def at(self) -> float:
        """Event time, seconds since the epoch."""
        return self.at_ms / 1000

    @property
    def is_warning(self) -> bool:
        """Whether a buyer may be lost, or may not pay, so that people should look."""
        return (self.topic, self.state) in WARNINGS


#: Of ``Notice.topic`` and ``Notice.state``.
WARNINGS = (("advisory", "issued"), ("spend_threshold", "vet_failed"))
