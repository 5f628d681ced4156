"""A buyer's switch from one billing key to another at the start of an hour: a migration to its licence, or back. Pure.

The hours before the switch are the old key's, those from it on are the new one's: both rows say so (``billsUntil``,
``billsFrom``) from the moment in which the switch is planned. The old key's last period ends with the switch, so final
metering seals and sends its last hours as those of any leaving customer, and then moves its balance. Recording passes
usage on to the key whose hour it is, so the app may change the key that it names at any time around the switch.

Source: botocore's model of BatchMeterUsage: the two identities deduplicate apart, so an hour that is sent both ways is
billed twice. Nothing here writes: ``ops migrate`` does, both rows in one transaction.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from buyer.notices.changes import changes, lived
from ledger.chain import following, stored
from ledger.subscriber import Subscriber, from_item
from ledger.subscribers import Change
from ledger.succession import AWAITED
from marketplace.billing_identity import IdentityError, is_sendable, license_id
from marketplace.hour import SECONDS
from marketplace.notice import Notice
from runtime.clock import iso

#: Seconds before the switch within which it can no longer be planned or taken back: whoever records has read both rows
#: anew by then.
BEFORE = 15 * 60
#: Seconds ahead in which a switch may lie: final metering's execution waits for it from the beginning.
FARTHEST = 24 * SECONDS
#: Facts of the agreement that the new key's row takes over where it is the same agreement.
TAKEN_OVER = (
    "productCode",
    "customerAWSAccountId",
    "agreementId",
    "initialAgreementId",
    "agreementStatus",
    "agreementStatusAt",
    "agreementEntitlements",
    "agreementEntitlementsAt",
    "contractStart",
    "contractEnd",
    "entitlements",
    "entitlementsFetchedAt",
    "entitlement",
    "tier",
    "lastHeld",
    "freeTrial",
    "offerId",
    "linkedAccount",
)


class NotMigratable(Exception):
    """The switch would bill an hour twice or not at all, or nothing shows that it would not. ``code``: stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Switch:
    """What a switch changes on the rows of both keys. at: its hour. new_key: the key that bills from then on."""

    old_key: str
    new_key: str
    at: int
    of_old: Change
    of_new: Change


def to_licence(
    old: Subscriber | None, new: Subscriber | None, *, license_arn: str, at: int, now: float, has_contracts: bool
) -> Switch:
    """The switch of a legacy customer to its licence. Raises NotMigratable.

    new: the licence's row, if there is one: an event may have made it, and the registration superseded it.
    """
    if not is_sendable(license_arn):
        raise NotMigratable("licence_form", "this is no licence's ARN as BatchMeterUsage takes it (arn:aws:...)")
    try:
        key = license_id(license_arn)
    except IdentityError as error:
        raise NotMigratable("licence_form", str(error)) from None
    leaving = _leaving(old, at, now)
    if leaving.integration != "legacy":
        raise NotMigratable("not_legacy", "this customer is billed by its licence already")
    _provided(leaving, key, has_contracts=has_contracts)
    if new is not None:
        _free(leaving, new)
    item = {**(new.item if new is not None else {}), "customerIdentifier": key, "integration": "license"}
    item.pop("supersededBy", None)
    facts = {name: leaving.item[name] for name in TAKEN_OVER if name in leaving.item}
    return _switch(leaving, from_item(item | facts), {**facts, "licenseArn": license_arn}, at=at, now=now)


def back(old: Subscriber | None, new: Subscriber | None, *, at: int, now: float) -> Switch:
    """The switch of a migrated customer back to its CustomerIdentifier, from a later hour on. Raises NotMigratable."""
    leaving = _leaving(old, at, now)
    if new is None or leaving.previous_identifier != new.customer_identifier or new.integration != "legacy":
        raise NotMigratable("not_migrated", "this key has followed no CustomerIdentifier")
    if new.status != "cancelled" or new.chain.succeeded_by != leaving.customer_identifier:
        raise NotMigratable("not_settled", "the last hours before the switch are not settled yet: wait for them")
    return _switch(leaving, new, {}, at=at, now=now)


def taken_back(old: Subscriber | None, new: Subscriber | None, *, now: float) -> Switch:
    """The change that takes a planned switch to a licence back, before its hour. Raises NotMigratable."""
    at = old.chain.bills_until if old is not None else None
    if old is None or new is None or at is None or old.chain.succeeded_by != new.customer_identifier:
        raise NotMigratable("not_planned", "no switch of this customer is planned")
    if new.chain.bills_from != at or old.integration != "legacy":
        raise NotMigratable("not_planned", "this switch is one back to a CustomerIdentifier: let it happen")
    if now >= at - BEFORE:
        raise NotMigratable("too_late", "the switch is less than 15 minutes ahead, or over: go back at a later hour")

    rest = {each: entry for each, entry in old.lifecycle_notices.items() if each != _notice_id(old, new, at)}
    life = lived(old, rest, last_notice_at=_before_switch(old, at))
    of_new = {
        *("acceptsUntil", "activePeriods", "agreementId", "lastNoticeAt", "lifecycleNotices", "statusChangedAt"),
        *("subscriptionAction", "previousIdentifier", "previousIdentifiers", "chainSince", "awaitsMove", "billsFrom"),
    }
    return Switch(
        old_key=old.customer_identifier,
        new_key=new.customer_identifier,
        at=at,
        of_old=Change(life.set, life.remove | {"succeededBy", "billsUntil"}),
        of_new=Change(
            {"supersededBy": old.customer_identifier, "subscriptionStatus": "pending"},
            frozenset(of_new),
        ),
    )


def _switch(old: Subscriber, new: Subscriber, facts: dict[str, Any], *, at: int, now: float) -> Switch:
    id_ = _notice_id(old, new, at)
    ended = changes(old, _notice(id_, "end", at * 1000))
    begun = changes(new, _notice(id_, "start", int(now) * 1000))
    before = following(old.customer_identifier, old.chain, now)
    earlier = (each for each in before if each.key != new.customer_identifier)
    since = old.chain.since or (old.active_periods[0].start if old.active_periods else int(now))
    values = {
        **facts,
        **begun.set,
        "integration": new.integration,
        "previousIdentifier": old.customer_identifier,
        "previousIdentifiers": stored(tuple(earlier)),
        "chainSince": since,
        "billsFrom": at,
        "awaitsMove": at + AWAITED,
    }
    # What the contract includes was fetched for the old key, and the switch itself changes nothing of it.
    values.pop("lastNoticeAt", None)
    gone = {"supersededBy", "succeededBy", "movedTo", "billsUntil", "acceptsUntil"}
    end = {**ended.set, "succeededBy": new.customer_identifier, "billsUntil": at}
    end.pop("lastNoticeAt", None)
    return Switch(
        old_key=old.customer_identifier,
        new_key=new.customer_identifier,
        at=at,
        of_old=Change(end, ended.remove),
        of_new=Change(values, (begun.remove - {"lastNoticeAt"}) | gone),
    )


def _notice(id_: str, kind: Any, at_ms: int) -> Notice:
    return Notice(id=id_, source="operator", action="migration", kind=kind, at_ms=at_ms)


def _notice_id(old: Subscriber, new: Subscriber, at: int) -> str:
    return f"switch-{old.customer_identifier}-{new.customer_identifier}-{at}"


def _before_switch(old: Subscriber, at: int) -> Decimal | None:
    last = old.last_notice_at
    return Decimal(str(last)) if last is not None and last < at else None


# --- guards -----------------------------------------------------------------------------------------------------------


def _leaving(old: Subscriber | None, at: int, now: float) -> Subscriber:
    """The key that is left, if its hours before the switch and none after it can be its own. Raises NotMigratable."""
    if at % SECONDS:
        raise NotMigratable("not_an_hour", "a switch is at the start of an hour, for example 2026-11-15T14:00Z")
    if at < now + BEFORE:
        raise NotMigratable("too_early", "a switch is 15 minutes ahead at least: name a later hour")
    if at > now + FARTHEST:
        raise NotMigratable("too_far", "a switch is at most 24 hours ahead")
    if old is None:
        raise NotMigratable("unknown_customer", "there is no such customer")
    if old.superseded_by is not None:
        raise NotMigratable("superseded", f"this row bills nothing: its buyer is {old.superseded_by}")
    if old.chain.bills_until is not None or old.chain.succeeded_by is not None:
        raise NotMigratable("planned", f"another key follows this one already: {old.chain.succeeded_by}")
    if old.chain.bills_from is not None and old.chain.bills_from > now:
        raise NotMigratable("planned", f"this key bills from {iso(old.chain.bills_from)} on only")
    if old.status != "active" or not old.active_periods or old.active_periods[-1].end is not None:
        raise NotMigratable("not_active", f"the customer is {old.status}")
    if old.account_id is None:
        raise NotMigratable("account_unknown", "the buyer's AWS account is not known yet")
    return old


def _provided(old: Subscriber, key: str, *, has_contracts: bool) -> None:
    """Raises NotMigratable unless AWS Marketplace says that the licence is the customer's, and provisioned."""
    found = [each for each in old.agreement_entitlements if each.license_arn and license_id(each.license_arn) == key]
    if not found:
        raise NotMigratable(
            "entitlement_missing",
            "the licence is none of the agreement's entitlements, as the search of agreements has found them",
        )
    if all(each.status != "PROVISIONED" for each in found):
        raise NotMigratable("entitlement_missing", f"the licence is {found[0].status} ({found[0].reason})")
    if has_contracts and (old.entitlements_fetched_at is None or not old.entitlements):
        raise NotMigratable("entitlement_missing", "what the contract includes has not been fetched")


def _free(old: Subscriber, new: Subscriber) -> None:
    """Raises NotMigratable if the licence's row is another buyer's, or bills by itself already."""
    if new.account_id is not None and new.account_id != old.account_id:
        raise NotMigratable("account_mismatch", "the licence is another AWS account's")
    if new.product_code is not None and new.product_code != old.product_code:
        raise NotMigratable("product_mismatch", "the licence is another product's")
    if new.integration != "license" or new.previous_identifier is not None:
        raise NotMigratable("taken", "the licence's key follows another one already")
    if new.superseded_by not in (None, old.customer_identifier):
        raise NotMigratable("taken", f"the licence's buyer is {new.superseded_by}")
    if new.superseded_by is None and new.active_periods:
        raise NotMigratable("taken", "the licence is billed by itself already, so both would be billed")
