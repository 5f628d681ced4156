"""Advisories, spend thresholds, requests to cancel, billing adjustments: shown, and no status hangs on them."""

from itertools import permutations

from ledger.subscriber import from_item
from runtime import clock
from tests.unit.messages import LICENSE_ID, T0, event, license_event
from tests.unit.subscription.room import Room

S = int(T0)


def advisory(what: str, at: float, id_: str | None = None) -> str:
    return event(f"Purchase Agreement Advisory {what} - Manufacturer", at, id_=id_)


def test_an_advisory_is_shown_counted_and_changes_no_status(room: Room) -> None:
    room.receive(license_event("Updated", T0))
    before = room.row(LICENSE_ID)
    assert room.counted(advisory("Issued", T0 + 60)) == {"NoticesApplied": 1, "BuyerWarnings": 1}
    after = room.row(LICENSE_ID)
    changed = {"agreementStanding", "factsAt", "version", "updatedAt"}
    assert {n: v for n, v in after.items() if n not in changed} == {n: v for n, v in before.items() if n not in changed}
    shown = room.get(f"/subscribers/{LICENSE_ID}")[1]["agreementStanding"]
    assert shown == {"advisory": {"state": "issued", "at": clock.iso(S + 60)}}
    assert from_item(after).advised_since == clock.iso(S + 60)


def test_a_resolved_advisory_is_no_longer_open(room: Room) -> None:
    room.receive(license_event("Updated", T0), advisory("Issued", T0 + 60))
    assert room.counted(advisory("Resolved", T0 + 120)) == {"NoticesApplied": 1}
    assert room.get(f"/subscribers/{LICENSE_ID}")[1]["agreementStanding"]["advisory"]["state"] == "resolved"
    assert from_item(room.row(LICENSE_ID)).advised_since is None


def test_the_newest_word_stands_in_any_order(room: Room) -> None:
    """Issued and resolved within one second: the warning outlives its end, as EventBridge's times are no finer."""
    told = [advisory("Issued", T0 + 60, "a"), advisory("Resolved", T0 + 90, "b"), advisory("Issued", T0 + 90, "c")]
    room.receive(license_event("Updated", T0))
    seen = []
    for order in permutations(told):
        room.subscribers.update_item(
            Key={"customerIdentifier": LICENSE_ID}, UpdateExpression="REMOVE agreementStanding"
        )
        room.receive(*order)
        seen.append(room.row(LICENSE_ID)["agreementStanding"])
    assert seen == [{"advisory": {"state": "issued", "at": clock.iso(S + 90), "noticeId": "c"}}] * len(seen)


def test_each_topic_has_its_own_last_word(room: Room) -> None:
    room.receive(license_event("Updated", T0), advisory("Issued", T0 + 1))
    assert room.counted(event("Spend Threshold Vet Failed", T0 + 2))["BuyerWarnings"] == 1
    room.receive(
        event("Agreement Cancellation Request Pending Approval - Proposer", T0 + 3),
        event("Agreement Cancellation Request Approved - Proposer", T0 + 4),
        event("Purchase Agreement Billing Adjustment Completed - Proposer", T0 + 5),
    )
    shown = room.get(f"/subscribers/{LICENSE_ID}")[1]["agreementStanding"]
    assert {topic: word["state"] for topic, word in shown.items()} == {
        "advisory": "issued",
        "billing_adjustment": "completed",
        "cancellation_request": "approved",
        "spend_threshold": "vet_failed",
    }
    assert room.row(LICENSE_ID)["subscriptionStatus"] == "active"


def test_an_advisory_waits_for_its_licence_and_is_told_at_once(room: Room) -> None:
    assert room.counted(advisory("Issued", T0 + 60)) == {"NoticesWaiting": 1, "BuyerWarnings": 1}
    room.receive(license_event("Updated", T0))
    assert from_item(room.row(LICENSE_ID)).advised_since == clock.iso(S + 60)


def test_a_subscriber_of_whom_nothing_was_said_shows_nothing(room: Room) -> None:
    room.receive(license_event("Updated", T0))
    assert "agreementStanding" not in room.get(f"/subscribers/{LICENSE_ID}")[1]
