"""The subscribers' and the notices' stores: what is written, on which condition, and what another writer keeps."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from buyer.entitlements import fetched
from buyer.notices.redact import content
from ledger.chain import Chain, Earlier
from ledger.entitlements import dimensions_held
from ledger.notices import KEPT_SECONDS, Notices
from ledger.subscriber import HeldEntitlement, LastHeld, LifecycleEntry, Period, Standing, Subscriber, from_item
from ledger.subscribers import ATTEMPTS, Change, SubscriberBusy, Subscribers
from ledger.tables import NOTICES
from marketplace.tiers import Tier
from runtime.clock import iso
from tests.contracts.stores import Ledger
from tests.unit.marketplace_double import held
from tests.unit.messages import T0

NOW = T0 + 5


@pytest.fixture
def table(ledger: Ledger) -> Any:
    return ledger.subscriber_items


@pytest.fixture
def store(table: Any) -> Subscribers:
    return Subscribers(table, pause=lambda _: None)


def set_(**values: Any) -> Change:
    return Change(values)


def test_an_unknown_customer_is_none(store: Subscribers) -> None:
    assert store.get("custA1") is None
    assert store.get("custA1", consistent=False) is None


def test_a_change_creates_and_later_ones_add(store: Subscribers, table: Any) -> None:
    assert store.change("custA1", lambda current: set_(integration="legacy") if current is None else None, now=NOW)
    store.change("custA1", lambda _: set_(email="a@b.example"), now=NOW + 60)
    item = table.get_item(Key={"customerIdentifier": "custA1"})["Item"]
    assert item == {
        "customerIdentifier": "custA1",
        "integration": "legacy",
        "email": "a@b.example",
        "schema": 1,
        "version": 2,
        "createdAt": "2026-11-15T00:00:05Z",
        "updatedAt": "2026-11-15T00:01:05Z",
    }


def test_what_is_stored_already_is_not_written_again(store: Subscribers) -> None:
    store.change("custA1", lambda _: set_(tier="basic_tier", activePeriods=[{"start": 5}]), now=NOW)
    assert store.change("custA1", lambda _: set_(tier="basic_tier", activePeriods=[{"start": 5}]), now=NOW + 1) is None
    assert store.change("custA1", lambda _: Change(remove=frozenset({"acceptsUntil"})), now=NOW + 1) is None
    found = store.get("custA1")
    assert found is not None and found.version == 1


def test_what_changed_is_returned(store: Subscribers) -> None:
    store.change("custA1", lambda _: set_(tier="basic_tier", acceptsUntil=9), now=NOW)
    written = store.change("custA1", lambda _: Change({"tier": "pro_tier"}, frozenset({"acceptsUntil"})), now=NOW)
    assert written == Change({"tier": "pro_tier"}, frozenset({"acceptsUntil"}))
    found = store.get("custA1")
    assert found is not None and (found.tier, found.accepts_until) == ("pro_tier", None)


def test_a_writer_in_between_is_not_erased(store: Subscribers) -> None:
    store.change("custA1", lambda _: set_(tier="basic_tier"), now=NOW)
    seen: list[str | None] = []

    def rule(current: Subscriber | None) -> Change:
        seen.append(current.tier if current else None)
        if len(seen) == 1:
            store.change("custA1", lambda _: set_(tier="pro_tier", company="Acme"), now=NOW)
        return set_(name=f"decided on {current.tier if current else None}")

    store.change("custA1", rule, now=NOW)
    found = store.get("custA1")
    assert seen == ["basic_tier", "pro_tier"]
    assert found is not None
    assert (found.item["name"], found.item["company"], found.version) == ("decided on pro_tier", "Acme", 3)


def test_two_creators_make_one_row(store: Subscribers) -> None:
    def rule(current: Subscriber | None) -> Change:
        if current is None:
            store.change("custA1", lambda _: set_(company="Acme"), now=NOW)
        return set_(name="Ann")

    store.change("custA1", rule, now=NOW)
    found = store.get("custA1")
    assert found is not None and (found.item["company"], found.item["name"]) == ("Acme", "Ann")


def test_a_subscriber_who_never_rests_is_given_up(store: Subscribers) -> None:
    counter = iter(range(100))

    def rule(_: Subscriber | None) -> Change:
        store.change("custA1", lambda _: set_(company=f"c{next(counter)}"), now=NOW)
        return set_(name="Ann")

    with pytest.raises(SubscriberBusy):
        store.change("custA1", rule, now=NOW)
    assert next(counter) == ATTEMPTS


def test_a_row_without_a_version_takes_its_first(store: Subscribers, table: Any) -> None:
    table.put_item(Item={"customerIdentifier": "old1", "email": "a@b.example"})
    store.change("old1", lambda _: set_(tier="basic_tier"), now=NOW)
    found = store.get("old1")
    assert found is not None and (found.version, found.tier, found.item["email"]) == (1, "basic_tier", "a@b.example")


def test_subscribers_of_an_agreement(store: Subscribers) -> None:
    for key, agreement in (("l-1", "agmt-1"), ("l-2", "agmt-1"), ("l-3", "agmt-2")):
        changed = set_(agreementId=agreement)
        store.change(key, partial(lambda change, _: change, changed), now=NOW)
    assert sorted(store.with_agreement("agmt-1")) == ["l-1", "l-2"]
    assert store.with_agreement("agmt-9") == ()


def test_every_attribute_is_read_back(store: Subscribers) -> None:
    store.change(
        "l-1",
        lambda _: set_(
            integration="license",
            subscriptionStatus="pending_cancellation",
            productCode="p",
            licenseArn="arn",
            customerAWSAccountId="1",
            agreementId="a",
            activePeriods=[{"start": 1, "end": 5}, {"start": 7}],
            statusChangedAt=6,
            acceptsUntil=8,
            lastNoticeAt=9,
            tier="basic_tier",
            entitlements=[{"dimension": "basic_tier", "value": "1", "expiresAt": 99}, {"dimension": "x", "value": "2"}],
            entitlementsFetchedAt=Decimal("5.25"),
            previousIdentifier="old",
            freeTrial=True,
            subscriptionAction="License Updated",
            lifecycleNotices={"n1": {"kind": "start", "at": "2026-11-01T00:00:00Z", "action": "License Updated"}},
            agreementStanding={"advisory": {"state": "issued", "at": "2026-11-02T00:00:00Z", "noticeId": "n2"}},
            entitlement={"dimension": "basic_tier"},
            lastHeld={"until": 4, "tier": "old_tier", "entitlements": [{"dimension": "old_tier", "value": "1"}]},
            factsAt=Decimal("3.5"),
            email="a@b.example",
            company="Acme",
            name="Ann",
        ),
        now=NOW,
    )
    found = store.get("l-1")
    assert found is not None
    assert found.created_at == found.updated_at == iso(int(NOW))
    assert found == Subscriber(
        customer_identifier="l-1",
        integration="license",
        status="pending_cancellation",
        product_code="p",
        license_arn="arn",
        account_id="1",
        agreement_id="a",
        active_periods=(Period(1, 5), Period(7)),
        status_changed_at=6,
        accepts_until=8,
        last_notice_at=9,
        tier="basic_tier",
        entitlements=(HeldEntitlement("basic_tier", 99, "1"), HeldEntitlement("x", None, "2")),
        entitlements_fetched_at=5.25,
        previous_identifier="old",
        chain=Chain(earlier=(Earlier("old"),)),
        free_trial=True,
        subscription_action="License Updated",
        lifecycle_notices={"n1": LifecycleEntry("start", "2026-11-01T00:00:00Z", "License Updated")},
        agreement_standing={"advisory": Standing("issued", "2026-11-02T00:00:00Z", "n2")},
        entitlement={"dimension": "basic_tier"},
        last_held=LastHeld(4, (HeldEntitlement("old_tier", None, "1"),)),
        facts_at=Decimal("3.5"),
        email="a@b.example",
        company="Acme",
        name="Ann",
        created_at=found.created_at,
        updated_at=found.updated_at,
        version=1,
    )


TIERS = (Tier("basic_tier", {}), Tier("pro_tier", {}))


def stored(**item: Any) -> Subscriber:
    return from_item({"customerIdentifier": "c", "integration": "legacy"} | item)


def test_an_older_fetch_overwrites_nothing() -> None:
    newer = stored(entitlementsFetchedAt=Decimal("100.5"))
    assert fetched(newer, [held("pro_tier")], tiers=TIERS, fetched_at=100.4) is None
    assert fetched(newer, [held("pro_tier")], tiers=TIERS, fetched_at=100.6) is not None


def test_the_last_entitlements_stay_when_none_are_left() -> None:
    item: dict[str, Any] = {
        "subscriptionStatus": "pending_cancellation",
        "tier": "pro_tier",
        "entitlements": [{"dimension": "pro_tier", "value": "1"}],
        "entitlement": {"dimension": "pro_tier"},
        "entitlementsFetchedAt": Decimal(50),
    }
    change = fetched(stored(**item), [], tiers=TIERS, fetched_at=60)
    assert change is not None
    assert change.set == {
        "entitlements": [],
        "entitlementsFetchedAt": Decimal(60),
        "lastHeld": {"tier": "pro_tier", "entitlements": item["entitlements"], "fetchedAt": Decimal(50), "until": 60},
    }
    assert change.remove == {"tier", "entitlement"}


@pytest.mark.parametrize(
    ("accepts_until", "hour", "expected"),
    [(None, 3600, ("pro_tier",)), (None, 7200, ()), (9000, 7200, ("pro_tier",)), (None, 90_000, ())],
)
def test_an_hour_counts_by_what_was_held_then(accepts_until: int | None, hour: int, expected: tuple[str, ...]) -> None:
    """Nothing is left since 2:00:00; the contract's own date was midnight (86,400 s)."""
    item: dict[str, Any] = {
        "entitlements": [],
        "lastHeld": {
            "entitlements": [
                {"dimension": "pro_tier", "value": "1", "expiresAt": 86_400},
                {"dimension": "top_tier", "value": "0"},
            ],
            "until": 7200,
        },
    }
    if accepts_until:
        item["acceptsUntil"] = accepts_until
    assert dimensions_held(stored(**item), hour) == expected
    now_held = [{"dimension": "basic_tier", "value": "1"}]
    assert dimensions_held(stored(**(item | {"entitlements": now_held})), hour) == ("basic_tier",)


def test_expired_and_back_touches_an_active_subscriber_only() -> None:
    had = {"entitlement": {"dimension": "basic_tier"}, "tier": "basic_tier"}

    def status(subscriber: Subscriber, *now_held: Any) -> Any:
        change = fetched(subscriber, now_held, tiers=TIERS, fetched_at=60)
        return change.set.get("subscriptionStatus", "as it was") if change else None

    assert status(stored(subscriptionStatus="active", **had)) == "expired"
    assert status(stored(subscriptionStatus="active", **had), held("basic_tier", "1970-01-01")) == "expired"
    assert status(stored(subscriptionStatus="expired"), held("basic_tier")) == "active"
    # nothing was held yet: Marketplace is slower than the buyer
    assert status(stored(subscriptionStatus="active")) == "as it was"
    for other in ("pending", "failed", "pending_cancellation", "final_metering", "cancelled"):
        assert status(stored(subscriptionStatus=other, **had)) == "as it was"
        assert status(stored(subscriptionStatus=other), held("basic_tier")) == "as it was"


@pytest.fixture
def notice_items(ledger: Ledger) -> Any:
    return ledger.dynamodb.Table(NOTICES.name)


@pytest.fixture
def notices(notice_items: Any) -> Notices:
    return Notices(notice_items)


def test_a_kept_notice_holds_no_personal_data_and_goes_after_its_time(notice_items: Any, notices: Notices) -> None:
    body = (
        '{"action": "new-thing", "customer-identifier": "custA1", "contactEmail": "a@b.example", '
        '"buyer": {"companyName": "Acme", "note": "write to a@b.example"}}'
    )
    kept: dict[str, Any] = {"reason": "unknown", "at": NOW - 0.5, "content": content(body)}
    assert notices.keep("n1", **kept, now=NOW, detail="why")
    assert not notices.keep("n1", **kept, now=NOW + 60)
    item = notice_items.get_item(Key={"noticeId": "n1"})["Item"]
    assert item["content"]["json"] == (
        '{"action": "new-thing", "customer-identifier": "custA1", "contactEmail": "[removed]", '
        '"buyer": {"companyName": "[removed]", "note": "[removed]"}}'
    )
    assert item["expiresAt"] == int(NOW) + KEPT_SECONDS
    assert (item["reason"], item["detail"], item["createdAt"]) == ("unknown", "why", "2026-11-15T00:00:05Z")
    assert item["at"] == "2026-11-15T00:00:04.500Z"


def test_a_notice_waits_for_its_agreement_until_it_is_applied(notices: Notices) -> None:
    assert notices.wait("n1", "agmt-1", reason="agreement_unknown", notice={"id": "n1"}, now=NOW)
    assert not notices.wait("n1", "agmt-1", reason="agreement_unknown", notice={"id": "n1"}, now=NOW)
    assert [item["noticeId"] for item in notices.waiting("agmt-1")] == ["n1"]
    assert list(notices.waiting("agmt-2")) == []
    notices.applied("n1", NOW)
    assert list(notices.waiting("agmt-1")) == []


def test_an_agreements_customer_is_stored_as_long_as_the_agreement_may_live(
    notice_items: Any, notices: Notices
) -> None:
    assert not notices.is_another_products("agmt-1")
    notices.another_products("agmt-1", NOW)
    notices.another_products("agmt-1", NOW + 1)
    assert notices.is_another_products("agmt-1")
    assert "expiresAt" not in notice_items.get_item(Key={"noticeId": "agreement#agmt-1"})["Item"]


def entry(name: str) -> Any:
    """Another item, to be written beside a change."""
    put = {"TableName": NOTICES.name, "Item": {"noticeId": name}}
    return {"Put": {**put, "ConditionExpression": "attribute_not_exists(noticeId)"}}


def test_what_is_written_beside_a_change_is_written_with_it_or_not_at_all(
    store: Subscribers, notice_items: Any
) -> None:
    def linked() -> str | None:
        found = store.get("custA1")
        return found.linked_account if found else None

    store.change("custA1", lambda _: set_(linkedAccount="a"), now=NOW, beside=lambda: entry("first"))
    assert linked() == "a"
    assert "Item" in notice_items.get_item(Key={"noticeId": "first"})
    # Nothing to change, nothing beside it.
    store.change("custA1", lambda _: set_(linkedAccount="a"), now=NOW, beside=lambda: entry("second"))
    assert "Item" not in notice_items.get_item(Key={"noticeId": "second"})
    # What stands beside it fails: neither is written, and the change is given up.
    with pytest.raises(SubscriberBusy):
        store.change("custA1", lambda _: set_(linkedAccount="b"), now=NOW, beside=lambda: entry("first"))
    assert linked() == "a"


def test_a_handover_is_used_up_once_and_a_moment_is_told_once(notice_items: Any) -> None:
    notices = Notices(notice_items)
    assert notices.use_up("jti", until=NOW + 300, now=NOW)
    assert not notices.use_up("jti", until=NOW + 300, now=NOW + 1)
    assert notices.use_up("other", until=NOW - 5, now=NOW)
    kept = {item["noticeId"]: int(item["expiresAt"]) for item in notice_items.scan()["Items"]}
    assert kept["handover#jti"] == int(NOW) + 300 + 86400
    assert kept["handover#other"] == int(NOW) + 86400
    assert not notices.is_told("m")
    notices.told("m", NOW)
    notices.told("m", NOW)
    assert notices.is_told("m")
