"""A subscriber as every room reads it. How one may change is in ``ledger.subscribers``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from ledger.chain import Chain, chain_of
from marketplace.billing_identity import Integration

SubscriptionStatus = Literal[
    "pending", "active", "failed", "pending_cancellation", "final_metering", "cancelled", "expired"
]


class Period(NamedTuple):
    """A period of activity, epoch seconds (a start is rounded up to a whole second); ``end`` None while it is open."""

    start: int
    end: int | None = None


def has_ended_since(periods: Sequence[Period], hour: int) -> bool:
    """Whether Marketplace takes the hour's usage for an hour of grace only (SaaS user guide, unsubscribe-pending): one
    of these periods has ended since that hour began, whatever began afterwards, or none has begun since the last end.
    An hour that takes over what is left may begin after the end."""
    left = bool(periods) and periods[-1].end is not None
    return left or any(period.end is not None and period.end > hour for period in periods)


class Standing(NamedTuple):
    """The newest state of one topic of an agreement: ``at`` is the notice's event time (ISO 8601)."""

    state: str
    at: str
    notice_id: str


class AgreementEntitlement(NamedTuple):
    """What an agreement provides, and how that stands (``GetAgreementEntitlements``): ``PROVISIONED``, ``SCHEDULED``,
    ``PENDING``, ``FAILED`` or ``DEPROVISIONED``, and AWS's reason."""

    status: str
    license_arn: str | None = None
    reason: str | None = None


class HeldEntitlement(NamedTuple):
    """One entitlement as last fetched: contract dimension, when it expires (epoch seconds; None: not given)."""

    dimension: str
    expires_at: int | None
    value: str


class LastHeld(NamedTuple):
    """What the contract included before a fetch found nothing left, at ``until`` (epoch seconds)."""

    until: int
    entitlements: tuple[HeldEntitlement, ...]


class LifecycleEntry(NamedTuple):
    """A start, an end or a failure from a notice; ``at`` is its event time (ISO 8601)."""

    kind: Literal["start", "end", "fail"]
    at: str
    action: str


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """One customer, and what is known of its buyer. Times are epoch seconds.

    customer_identifier: the billing key: the legacy CustomerIdentifier, or the trailing id of the LicenseArn.
    status_changed_at: event time of the notice that set the status; None before the first notice.
    accepts_until: usage is refused from then on; None while the last period is open.
    lifecycle_notices: the subscription's starts, ends and failures, by the notice's id.
    agreement_standing: the newest state of each topic. entitlement: the leading one, as the specification stores it.
    facts_at: event time of the newest source of the identifiers.
    registered_at: when the buyer first completed its registration (ISO 8601). language: of the page that it read then.
    linked_account: the account of the vendor's app that the purchase belongs to.
    last_notice_at: event time of the newest notice of the subscription or its entitlements; entitlements must be
    fetched after it.
    """

    customer_identifier: str
    integration: Integration
    status: SubscriptionStatus = "pending"
    product_code: str | None = None
    license_arn: str | None = None
    account_id: str | None = None
    agreement_id: str | None = None
    active_periods: tuple[Period, ...] = ()
    status_changed_at: int | None = None
    accepts_until: int | None = None
    last_notice_at: float | None = None
    tier: str | None = None
    entitlements: tuple[HeldEntitlement, ...] = ()
    entitlements_fetched_at: float | None = None
    previous_identifier: str | None = None
    chain: Chain = field(default_factory=Chain)
    agreement_entitlements: tuple[AgreementEntitlement, ...] = ()
    agreement_entitlements_at: int | None = None
    superseded_by: str | None = None
    free_trial: bool | None = None
    version: int = 0
    subscription_action: str | None = None
    lifecycle_notices: Mapping[str, LifecycleEntry] = field(default_factory=dict)
    agreement_standing: Mapping[str, Standing] = field(default_factory=dict)
    entitlement: Mapping[str, str] | None = None
    last_held: LastHeld | None = None
    facts_at: Decimal = Decimal(0)
    email: str | None = None
    company: str | None = None
    name: str | None = None
    language: str | None = None
    registered_at: str | None = None
    linked_account: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    #: The stored item, with which a change is compared.
    item: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def latest_activation(self) -> int | None:
        """Start of the last period, None if there never was one."""
        return self.active_periods[-1].start if self.active_periods else None

    @property
    def next_key(self) -> str | None:
        """The key under which this purchase goes on: it was renewed, replaced, migrated, or is billed the other way."""
        return self.chain.succeeded_by or self.superseded_by

    @property
    def first_hour_from(self) -> int:
        """The moment from which this key's hours are: the last period's start, or a migration's switch after it."""
        return max(self.latest_activation or 0, self.chain.bills_from or 0)

    @property
    def advised_since(self) -> str | None:
        """Since when AWS Marketplace has had an advisory open for this buyer (ISO 8601); None if there is none."""
        advisory = self.agreement_standing.get("advisory")
        return advisory.at if advisory is not None and advisory.state == "issued" else None


def from_item(item: Mapping[str, Any]) -> Subscriber:
    """A subscriber from its table item (boto3 resource types: Decimal, str, list, dict)."""

    def number(name: str) -> int | None:
        return int(item[name]) if name in item else None

    fetched, gone = item.get("entitlementsFetchedAt"), item.get("lastHeld")
    return Subscriber(
        customer_identifier=item["customerIdentifier"],
        integration=item.get("integration", "legacy"),
        status=item.get("subscriptionStatus", "pending"),
        product_code=item.get("productCode"),
        license_arn=item.get("licenseArn"),
        account_id=item.get("customerAWSAccountId"),
        agreement_id=item.get("agreementId"),
        active_periods=tuple(
            Period(int(p["start"]), int(p["end"]) if p.get("end") is not None else None)
            for p in item.get("activePeriods", ())
        ),
        status_changed_at=number("statusChangedAt"),
        accepts_until=number("acceptsUntil"),
        last_notice_at=float(item["lastNoticeAt"]) if "lastNoticeAt" in item else None,
        tier=item.get("tier"),
        entitlements=_held(item),
        entitlements_fetched_at=float(fetched) if fetched is not None else None,
        previous_identifier=item.get("previousIdentifier"),
        chain=chain_of(item),
        agreement_entitlements=tuple(
            AgreementEntitlement(e["status"], e.get("licenseArn"), e.get("reason"))
            for e in item.get("agreementEntitlements", ())
        ),
        agreement_entitlements_at=number("agreementEntitlementsAt"),
        superseded_by=item.get("supersededBy"),
        free_trial=item.get("freeTrial"),
        version=int(item.get("version", 0)),
        subscription_action=item.get("subscriptionAction"),
        lifecycle_notices={
            notice_id: LifecycleEntry(entry["kind"], entry["at"], entry.get("action", ""))
            for notice_id, entry in item.get("lifecycleNotices", {}).items()
        },
        agreement_standing={
            topic: Standing(entry["state"], entry["at"], entry["noticeId"])
            for topic, entry in item.get("agreementStanding", {}).items()
        },
        entitlement=item.get("entitlement"),
        last_held=LastHeld(int(gone["until"]), _held(gone)) if gone else None,
        facts_at=Decimal(item.get("factsAt", 0)),
        email=item.get("email"),
        company=item.get("company"),
        name=item.get("name"),
        language=item.get("language"),
        registered_at=item.get("registeredAt"),
        linked_account=item.get("linkedAccount"),
        created_at=item.get("createdAt"),
        updated_at=item.get("updatedAt"),
        item=item,
    )


def _held(stored: Mapping[str, Any]) -> tuple[HeldEntitlement, ...]:
    """The ``entitlements`` of an item, or of its ``lastHeld``."""
    return tuple(
        HeldEntitlement(
            e["dimension"], int(e["expiresAt"]) if e.get("expiresAt") is not None else None, e.get("value", "")
        )
        for e in stored.get("entitlements", ())
    )
