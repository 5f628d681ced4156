"""An engine's cases are billed once, whatever becomes of its announcements: through the deployed stage, end to end.

Four stand-in engines play two hours, each for a buyer of its own. Each has to be billed what its own log has.
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from ledger import tables
from ledger.usage_events import event_key
from local.engine_connection import ANNOUNCEMENT_SECRET
from local.engine_trial import CASES, ENGINES, EXECUTIONS, PASSWORD, Metered, compare, connect, play
from local.stage import LocalStage
from local.yawl_engine import Specification
from local.yawl_engine.log import START
from runtime.clock import iso
from tests.local.stage.acting import Acting, Item

pytestmark = [pytest.mark.local, pytest.mark.timeout(300)]

PERSON, DATA = "PA-ada-lovelace", "Order-of-Grace-Hopper"
USERS, WORKLETS = "active_users", "worklet_invocations"
APPROVAL = Specification("UID_approval", "0.1", "Approval", waiting_task="Approve")


@pytest.fixture(scope="module")
def engines(_acting: Acting) -> Iterator[dict[str, Metered]]:
    """Four engines: without announcements, with them, with disturbed ones, and one that is down for two hours."""
    stage = _acting.stage
    with ExitStack() as stack:
        engines = connect(stage, _acting.arrive(len(ENGINES)), stack)
        # The buyers have come in this hour.
        _acting.pass_minutes(1)
        people = engines["announces"].yawl.engine
        people.load(APPROVAL)
        for worklet in (False, True):
            case_id = people.launch(
                APPROVAL.identifier, by="workletService" if worklet else "DefaultWorklist", person=PERSON
            )
            people.complete(case_id, PERSON)
        play(stage, engines, _acting.meter_at_once, data=f"<customer>{DATA}</customer>")
        yield engines


def events(acting: Acting, metered: Metered) -> list[Item]:
    """The customer's stored usage events."""
    own = metered.buyer.customer_identifier
    found = (item for item in acting.stage.items(tables.USAGE_EVENTS) if "content" in item)
    return [item for item in found if item["customerIdentifier"] == own]


def counted(acting: Acting, metered: Metered, dimension: str) -> Decimal:
    """Recorded units of one dimension."""
    return sum((e["counted"] for e in events(acting, metered) if e["content"]["dimension"] == dimension), Decimal(0))


def billed(acting: Acting, metered: Metered) -> Decimal:
    """Executions that Marketplace accepted, and those that the contract includes."""
    accepted = acting.billed(metered.buyer)
    tier = next(t for t in acting.stage.product.tiers if t.name == metered.buyer.tier)
    at_marketplace = sum((n for (_, _, name), n in accepted.items() if name == EXECUTIONS), Decimal(0))
    return at_marketplace + min(tier.included[EXECUTIONS], counted(acting, metered, EXECUTIONS))


def test_each_case_of_the_log_is_billed_once(acting: Acting, engines: dict[str, Metered]) -> None:
    expected = {"silent": CASES, "announces": CASES + 1, "disturbed": CASES, "down": CASES}
    assert {name: billed(acting, metered) for name, metered in engines.items()} == expected


def test_what_is_stored_is_the_engines_own_log(acting: Acting, engines: dict[str, Metered]) -> None:
    for metered in engines.values():
        found = [e for e in events(acting, metered) if e["content"]["dimension"] != USERS]
        stored = {e["eventId"]: e["occurredAt"] for e in found}
        assert len(stored) == len(found)
        assert stored == _in_log(metered)


def _in_log(metered: Metered) -> dict[str, str]:
    """The ids of the events that the engine's log asks for, with the times of its starts."""
    found = {}
    log = metered.yawl.engine.log
    for logged in log.specifications():
        for row in log.instances(logged.key):
            (start,) = log.events(row.case_id, START)
            kind = "worklet" if log.service_name(start.service) == "workletService" else "case"
            found[event_key(f"yawl:{metered.name}:1:{kind}:{row.case_id}#1")] = iso(start.at_ms / 1000)
    return found


def test_the_trial_shows_the_same_numbers(acting: Acting, engines: dict[str, Metered]) -> None:
    output = StringIO()
    alike = {name: metered for name, metered in engines.items() if name != "announces"}
    assert compare(Console(file=output, width=100), acting.stage, alike)
    assert re.search(r"announces nothing +0 +0 +100 +100 +5 +95 ", output.getvalue())
    assert re.search(r"is down for two hours +100 +0 +100 +100 +5 +95 ", output.getvalue())
    assert not compare(Console(file=output), acting.stage, engines), "one has cases that the trial did not start"


def test_worklets_and_people_are_counted_apart(acting: Acting, engines: dict[str, Metered]) -> None:
    announces = engines["announces"]
    assert counted(acting, announces, WORKLETS) == 1
    assert counted(acting, announces, USERS) == 1, "one person, though of two cases"


def test_announcements_arrived_lost_and_doubled(engines: dict[str, Metered]) -> None:
    outcomes = [s.outcome for s in engines["disturbed"].yawl.engine.announcer.log if s.action == "announceCaseStarted"]
    assert {"lost", "held", "200"} == set(outcomes)
    assert "200" in {s.outcome for s in engines["announces"].yawl.engine.announcer.log}


def test_no_case_data_no_user_and_no_secret_is_stored_or_logged(acting: Acting, engines: dict[str, Metered]) -> None:
    sought = (PERSON, DATA, PASSWORD, ANNOUNCEMENT_SECRET)
    texts = {f"table {name}": json.dumps(items, default=str) for name, items in acting.stored().items()}
    texts |= _logs(acting.stage) | _messages(acting.stage)
    assert any(name.startswith("log ") for name in texts)
    assert "yawl:announces:1:case:1#1" in texts["table yawl-usage-events"]
    assert {(what, name) for name, text in texts.items() for what in sought if what in text} == set()


def _logs(stage: LocalStage) -> dict[str, str]:
    """All lines of all log groups."""
    logs = stage.cloud.seller.client("logs")
    groups = [g["logGroupName"] for p in logs.get_paginator("describe_log_groups").paginate() for g in p["logGroups"]]
    return {
        f"log {group}": "\n".join(event["message"] for event in logs.filter_log_events(logGroupName=group)["events"])
        for group in groups
    }


def _messages(stage: LocalStage) -> dict[str, str]:
    """What is in all queues; the messages stay there."""
    sqs = stage.cloud.seller.client("sqs")
    return {
        f"queue {url}": json.dumps(
            sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", []),
            default=str,
        )
        for url in sqs.list_queues().get("QueueUrls", [])
    }
