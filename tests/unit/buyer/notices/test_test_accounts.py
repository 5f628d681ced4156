"""A stage that does not bill takes notices of its test buyers only, and loses no test buyer's start."""

import json

import pytest

from buyer.notices.waiting import WaitingNotices
from tests.unit.buyer.notices.stage import Stage
from tests.unit.messages import ACCOUNT, LICENSE_ID, T0, agreement_ended, event, license_event, sns

STRANGER = "999988887777"


@pytest.fixture
def notices_of() -> str:
    return f"{ACCOUNT}, 111122223333"


def of(account: str, body: str) -> str:
    """An event about the buyer of that account."""
    told = json.loads(body)
    told["detail"]["acceptor"] = {"accountId": account}
    return json.dumps(told)


def test_a_test_buyers_events_are_applied(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0), agreement_ended("CANCELLED", T0 + 60))
    assert stage.row(LICENSE_ID)["subscriptionStatus"] == "pending_cancellation"


@pytest.mark.parametrize(
    "body",
    [
        license_event("Updated", T0),
        license_event("Updated", T0, product="other"),
        license_event("Updated", T0, arn="arn:aws:license-manager::123:license:swatch-test"),
        agreement_ended("CANCELLED", T0),
        agreement_ended("ROLLED_BACK", T0),
        event("Purchase Agreement Advisory Issued - Manufacturer", T0),
    ],
)
def test_of_a_stranger_nothing_is_stored_but_a_count(stage: Stage, body: str) -> None:
    assert stage.counted(of(STRANGER, body)) == {"NoticesKeptOut": 1}
    assert (stage.keys(), stage.kept()) == ([], {})


def test_an_event_that_names_no_account_is_kept_out(stage: Stage) -> None:
    nobody = event("Purchase Agreement Billing Adjustment Completed - Proposer", T0, detail={"acceptor": {}})
    assert stage.counted(nobody) == {"NoticesKeptOut": 1}
    assert stage.kept() == {}


@pytest.mark.parametrize("notices_of", [f"{LICENSE_ID},custA1"])
def test_a_test_buyer_may_be_listed_by_his_billing_key(stage: Stage) -> None:
    assert stage.counted(sns("subscribe-success", T0), license_event("Updated", T0)) == {"NoticesApplied": 2}
    assert stage.counted(agreement_ended("CANCELLED", T0 + 60)) == {"NoticesApplied": 1}
    assert (stage.row(LICENSE_ID)["subscriptionStatus"], stage.row("custA1")["subscriptionStatus"]) == (
        "pending_cancellation",
        "active",
    )
    others = license_event("Updated", T0, arn="arn:aws:license-manager::1:license:l-2")
    assert stage.counted(others) == {"NoticesKeptOut": 1}


@pytest.mark.parametrize("notices_of", [""])
def test_where_nobody_is_listed_nobody_is_taken(stage: Stage) -> None:
    assert stage.counted(license_event("Updated", T0)) == {"NoticesKeptOut": 1}
    assert stage.keys() == []


@pytest.mark.parametrize(("account", "status"), [(ACCOUNT, "active"), (STRANGER, "pending")])
def test_a_legacy_buyers_account_is_that_of_his_registration(stage: Stage, account: str, status: str) -> None:
    stage.subscribers.put_item(
        Item={
            "customerIdentifier": "custA1",
            "integration": "legacy",
            "subscriptionStatus": "pending",
            "customerAWSAccountId": account,
            "version": 1,
        }
    )
    counted = stage.counted(sns("subscribe-success", T0))
    assert stage.row("custA1")["subscriptionStatus"] == status
    assert ("NoticesKeptOut" in counted) == (account == STRANGER)
    assert stage.kept() == {}


def test_a_legacy_notice_before_the_registration_waits_for_it(stage: Stage) -> None:
    """Nobody knows yet whose it is. Registering applies it, or the next notice does."""
    assert stage.counted(sns("subscribe-success", T0, id_="start")) == {"NoticesKeptOut": 1}
    assert (stage.keys(), stage.kept()) == ([], {"start": "account_unknown"})
    item = stage.notices.get_item(Key={"noticeId": "start"})["Item"]
    assert (item["waitingForAgreement"], "content" in item) == ("customer#custA1", False)
    stage.subscribers.put_item(
        Item={"customerIdentifier": "custA1", "integration": "legacy", "customerAWSAccountId": ACCOUNT, "version": 1}
    )
    stage.receive(sns("unsubscribe-pending", T0 + 60))
    assert [set(period) for period in stage.row("custA1")["activePeriods"]] == [{"start", "end"}]


def test_a_registration_while_the_notice_is_put_aside_is_not_missed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_aside = WaitingNotices.keep

    def registered_meanwhile(waiting: WaitingNotices, *given: object, **named: object) -> None:
        put_aside(waiting, *given, **named)  # type: ignore[arg-type]
        stage.subscribers.put_item(
            Item={"customerIdentifier": "custA1", "integration": "legacy", "customerAWSAccountId": ACCOUNT}
        )

    monkeypatch.setattr(WaitingNotices, "keep", registered_meanwhile)
    stage.receive(sns("subscribe-success", T0))
    assert stage.row("custA1")["subscriptionStatus"] == "active"


def test_what_changes_no_life_does_not_wait(stage: Stage) -> None:
    stage.receive(sns("entitlement-updated", T0), sns("subscribe-maybe", T0))
    assert stage.kept() == {}


@pytest.mark.parametrize("integration", ["license"])
def test_where_only_licences_are_billed_no_legacy_notice_waits(stage: Stage) -> None:
    assert stage.counted(sns("subscribe-success", T0)) == {"NoticesKeptOut": 1}
    assert stage.kept() == {}
