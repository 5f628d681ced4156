"""From reported usage to accepted Marketplace records, and what happens when things break on the way."""

import json

import pytest

from runtime.clock import iso
from tests.scenarios.world import START, World

HOUR = 3600


@pytest.mark.parametrize("kind", ["license", "legacy"])
def test_every_dimension_reaches_marketplace(world: World, kind: str) -> None:
    buyer = world.buyer(kind)
    verdicts = world.report(
        world.event(buyer, "a", 3),
        world.event(buyer, "b", dimension="active_users", user="ann"),
        world.event(buyer, "c", dimension="active_users", user="ann"),
        world.event(buyer, "d", dimension="active_users", user="bob"),
        world.event(buyer, "e", "0.25", dimension="data_processed_gb"),
        world.event(buyer, "f", 2400, dimension="api_calls"),
        world.event(buyer, "g", 7, dimension="peak_nodes"),
        world.event(buyer, "h", 5, dimension="peak_nodes"),
    )
    assert {v["verdict"] for v in verdicts} == {"recorded"}
    assert world.next_run() == []
    assert {line["dimension"]: line["quantity"] for line in world.accepted()} == {
        "workflow_executions": "3",
        "active_users": "2",
        "data_processed_gb": "0.25",
        "api_calls": "2",
        "peak_nodes": "7",
    }
    assert world.balances.get(buyer).remainder["api_calls"] == 400
    assert set(world.verdicts(buyer).values()) == {"billed"}
    assert world.pending() == set()
    assert world.failed() == set()


def test_each_billed_line_keeps_aws_s_id_of_its_call(world: World) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 3), world.event(buyer, "b", 7, dimension="peak_nodes"))
    hour = int(world.now)
    world.meter._client.meta.events.register(
        "after-call.meteringmarketplace.BatchMeterUsage",
        lambda parsed, **_: parsed["ResponseMetadata"].update(RequestId="a1b2"),
    )
    world.next_run()
    record = world.records.get(buyer, hour // HOUR * HOUR)
    assert record is not None
    assert [line.request_id for line in record.lines.values()] == ["a1b2", "a1b2"]


def test_what_is_sent_is_the_hours_start_and_one_identity_shape(world: World) -> None:
    licence, legacy = world.buyer("license"), world.buyer("legacy")
    world.report(world.event(licence, "a"), world.event(legacy, "a"))
    world.next_run()
    calls = [call for call in world.marketplace.calls() if call["operation"] == "BatchMeterUsage"]
    assert len(calls) == 2
    assert {line["timestamp"] for line in world.accepted()} == {iso(START)}


def test_a_second_run_sends_nothing(world: World) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 3))
    world.next_run()
    calls = world.marketplace.summary()["calls"]
    world.run()
    assert world.marketplace.summary()["calls"] == calls


def test_the_remainder_is_billed_by_a_later_hour(world: World) -> None:
    buyer = world.buyer()
    for number in range(3):
        world.report(world.event(buyer, f"e{number}", 400, dimension="api_calls"))
        world.next_run()
    assert world.billed(buyer, "api_calls") == 1
    assert world.balances.get(buyer).remainder["api_calls"] == 200


def test_a_lost_answer_is_sent_again_unchanged_and_billed_once(world: World) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 3))
    world.marketplace.arm("lost-answer", times=1)
    assert world.next_run() == ["MarketplaceBusy"]
    assert world.record(buyer).lines["workflow_executions"].attempts
    world.run()
    assert world.verdicts(buyer) == {"workflow_executions": "billed"}
    assert world.billed(buyer) == 3
    assert world.pending() == set()


def test_a_duplicate_after_a_lost_answer_is_presumed_on_file_and_visible(world: World) -> None:
    """H4: the Marketplace has it; an operator would bill it again if it were called lost, or a conflict."""
    world.marketplace.set_settings(identicalResend="DuplicateRecord")
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 3))
    world.marketplace.arm("lost-answer", times=1)
    world.next_run()
    world.run()
    assert world.verdicts(buyer) == {"workflow_executions": "presumed_on_file"}
    assert world.failed() == {(buyer, int(START))}
    assert world.pending() == set()


def test_a_duplicate_without_an_unanswered_attempt_is_a_conflict(world: World) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 3))
    world.marketplace.arm("status", times=1, buyer=buyer, status="DuplicateRecord")
    world.next_run()
    assert world.verdicts(buyer) == {"workflow_executions": "conflict"}
    assert world.failed() == {(buyer, int(START))}


def test_one_bad_line_does_not_hold_up_the_others_and_stays_pending(world: World) -> None:
    buyers = [world.buyer() for _ in range(9)]
    world.report(*(world.event(buyer, "a", 1) for buyer in buyers))
    world.marketplace.arm("error", error="InvalidLicenseException", buyer=buyers[4])
    world.next_run()
    for number, buyer in enumerate(buyers):
        expected = "rejected" if number == 4 else "billed"
        assert world.verdicts(buyer) == {"workflow_executions": expected}
    assert world.pending() == {(buyers[4], int(START))}
    world.marketplace.clear_faults()
    world.next_run()
    assert world.verdicts(buyers[4]) == {"workflow_executions": "billed"}


def test_a_known_bad_line_travels_alone(world: World) -> None:
    bad, good = world.buyer(), world.buyer()
    world.report(world.event(bad, "a"), world.event(good, "a"))
    world.marketplace.arm("error", error="InvalidLicenseException", buyer=bad)
    world.next_run()
    world.report(world.event(good, "b"))
    before = world.marketplace.summary()["calls"]
    world.next_run()
    assert world.marketplace.summary()["calls"] == before + 2


def test_known_bad_lines_wait_for_the_good_lines_of_every_page(world: World) -> None:
    """H11: they are older, so their pages come first; each travels alone, and fresh usage must not wait for them."""
    bad, good = world.buyer(), world.buyer()
    world.marketplace.arm("error", error="InvalidLicenseException", buyer=bad)
    for number in range(5):
        world.report(world.event(bad, f"a{number}"))
        world.next_run()
    world.report(world.event(good, "b"))
    world.page_keys, world.requests = 2, []
    world.next_run()
    sent = [json.loads(body)["UsageRecords"] for body in world.requests]
    first, *rest = [record["LicenseArn"].rsplit(":", 1)[-1] for records in sent for record in records]
    assert (first, set(rest)) == (good, {bad})
    assert len({record["Timestamp"] for records in sent[1:] for record in records}) == 5


@pytest.mark.parametrize("error", ["AccessDeniedException", "InvalidProductCodeException", "DisabledApiException"])
def test_a_product_fault_stops_the_run_and_loses_no_line(world: World, error: str) -> None:
    """H3: one run with a wrong setting must not end an hour of everyone's lines."""
    buyers = [world.buyer() for _ in range(30)]
    world.report(*(world.event(buyer, "a", 2) for buyer in buyers))
    world.marketplace.arm("error", error=error)
    assert world.next_run() == ["ProductFault"]
    assert world.marketplace.summary()["calls"] == 1
    assert {verdict for buyer in buyers for verdict in world.verdicts(buyer).values()} == {None}
    world.marketplace.clear_faults()
    world.next_run()
    assert all(world.billed(buyer) == 2 for buyer in buyers)


def test_unprocessed_records_stay_pending_and_are_sent_again(world: World) -> None:
    buyers = [world.buyer() for _ in range(3)]
    world.report(*(world.event(buyer, "a", 2) for buyer in buyers))
    world.marketplace.arm("unprocessed", times=2)
    assert world.next_run() == ["MarketplaceBusy"]
    assert len(world.accepted()) == 1
    assert not any(world.record(buyer).lines["workflow_executions"].attempts for buyer in buyers)
    assert world.run() == []
    assert [world.billed(buyer) for buyer in buyers] == [2, 2, 2]


def test_throttling_is_an_answer_a_server_error_is_not(world: World) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 2))
    world.marketplace.arm("throttle", times=1)
    assert world.next_run() == ["MarketplaceBusy"]
    assert not world.record(buyer).lines["workflow_executions"].attempts
    world.marketplace.arm("server-error", times=1)
    assert world.run() == ["MarketplaceBusy"]
    assert world.record(buyer).lines["workflow_executions"].attempts
