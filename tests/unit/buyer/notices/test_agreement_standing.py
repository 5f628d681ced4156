"""Advisories, spend thresholds, requests to cancel, billing adjustments: shown, and no status hangs on them."""

from itertools import permutations

from ledger.subscriber import from_item
from runtime import clock
from tests.unit.buyer.notices.stage import Stage
from tests.unit.messages import LICENSE_ID, T0, event, license_event

S = int(T0)


def advisory(what: str, at: float, id_: str | None = None) -> str:
    return event(f"Purchase Agreement Advisory {what} - Manufacturer", at, id_=id_)


def test_an_advisory_is_shown_counted_and_changes_no_status(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0))
    before = stage.row(LICENSE_ID)
    assert stage.counted(advisory("Issued", T0 + 60)) == {"NoticesApplied": 1, "BuyerWarnings": 1}
    after = stage.row(LICENSE_ID)
    changed = {"agreementStanding", "factsAt", "version", "updatedAt"}
    assert {n: v for n, v in after.items() if n not in changed} == {n: v for n, v in before.items() if n not in changed}
    shown = stage.get(f"/subscribers/{LICENSE_ID}")[1]["agreementStanding"]
    assert shown == {"advisory": {"state": "issued", "at": clock.iso(S + 60)}}
    assert from_item(after).advised_since == clock.iso(S + 60)


def test_a_resolved_advisory_is_no_longer_open(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0), advisory("Issued", T0 + 60))
    assert stage.counted(advisory("Resolved", T0 + 120)) == {"NoticesApplied": 1}
    assert stage.get(f"/subscribers/{LICENSE_ID}")[1]["agreementStanding"]["advisory"]["state"] == "resolved"
    assert from_item(stage.row(LICENSE_ID)).advised_since is None


def test_the_newest_word_stands_in_any_order(stage: Stage) -> None:
    """Issued and resolved within one second: the warning outlives its end, as EventBridge's times are no finer."""
    told = [advisory("Issued", T0 + 60, "a"), advisory("Resolved", T0 + 90, "b"), advisory("Issued", T0 + 90, "c")]
    stage.receive(license_event("Updated", T0))
    seen = []
    for order in permutations(told):
        stage.subscribers.update_item(
            Key={"customerIdentifier": LICENSE_ID}, UpdateExpression="REMOVE agreementStanding"
        )
        stage.receive(*order)
        seen.append(stage.row(LICENSE_ID)["agreementStanding"])
    assert seen == [{"advisory": {"state": "issued", "at": clock.iso(S + 90), "noticeId": "c"}}] * len(seen)


def test_each_topic_has_its_own_last_word(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0), advisory("Issued", T0 + 1))
    assert stage.counted(event("Spend Threshold Vet Failed", T0 + 2))["BuyerWarnings"] == 1
    stage.receive(
        event("Agreement Cancellation Request Pending Approval - Proposer", T0 + 3),
        event("Agreement Cancellation Request Approved - Proposer", T0 + 4),
        event("Purchase Agreement Billing Adjustment Completed - Proposer", T0 + 5),
    )
    shown = stage.get(f"/subscribers/{LICENSE_ID}")[1]["agreementStanding"]
    assert {topic: word["state"] for topic, word in shown.items()} == {
        "advisory": "issued",
        "billing_adjustment": "completed",
        "cancellation_request": "approved",
        "spend_threshold": "vet_failed",
    }
    assert stage.row(LICENSE_ID)["subscriptionStatus"] == "active"


def test_an_advisory_waits_for_its_licence_and_is_told_at_once(stage: Stage) -> None:
    assert stage.counted(advisory("Issued", T0 + 60)) == {"NoticesWaiting": 1, "BuyerWarnings": 1}
    stage.receive(license_event("Updated", T0))
    assert from_item(stage.row(LICENSE_ID)).advised_since == clock.iso(S + 60)


def test_a_subscriber_of_whom_nothing_was_said_shows_nothing(stage: Stage) -> None:
    stage.receive(license_event("Updated", T0))
    assert "agreementStanding" not in stage.get(f"/subscribers/{LICENSE_ID}")[1]
