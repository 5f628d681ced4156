"""An engine's cases are billed once, whatever becomes of its announcements: through the deployed stage, end to end.

Four stand-in engines play two hours, each for a buyer of its own. Each has to be billed what its own log has.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal

import pytest

from ledger import tables
from ledger.usage_events import event_key
from local.engine_connection import ANNOUNCEMENT_SECRET, EngineConnection, engine_of, store_password
from local.replay.buyers import Buyer
from local.stage import LocalStage
from local.yawl_engine import Specification, StandInEngine
from local.yawl_engine.log import START
from runtime.clock import iso
from tests.local.stage.acting import Acting, Item

pytestmark = [pytest.mark.local, pytest.mark.timeout(300)]

CASES = 100
PASSWORD = "password-of-the-reader"
PERSON, DATA = "PA-ada-lovelace", "Order-of-Grace-Hopper"
EXECUTIONS, USERS, WORKLETS = "workflow_executions", "active_users", "worklet_invocations"
ORDERS = Specification("UID_orders", "0.1", "Orders")
APPROVAL = Specification("UID_approval", "0.1", "Approval", waiting_task="Approve")


@dataclass
class Metered:
    """An engine with its customer."""

    name: str
    buyer: Buyer
    yawl: StandInEngine
    connection: EngineConnection

    def launch(self, number: int = CASES) -> None:
        for _ in range(number):
            self.yawl.engine.launch("UID_orders", data=f"<customer>{DATA}</customer>")

    def events(self, stage: LocalStage) -> list[Item]:
        """The customer's stored usage events."""
        own = self.buyer.customer_identifier
        found = (item for item in stage.items(tables.USAGE_EVENTS) if "content" in item)
        return [item for item in found if item["customerIdentifier"] == own]

    def counted(self, stage: LocalStage, dimension: str) -> Decimal:
        """Recorded units of one dimension."""
        return sum((e["counted"] for e in self.events(stage) if e["content"]["dimension"] == dimension), Decimal(0))

    def billed(self, acting: Acting, dimension: str = EXECUTIONS) -> Decimal:
        """Units that Marketplace accepted, and those that the contract includes."""
        accepted = acting.billed(self.buyer)
        tier = next(t for t in acting.stage.settings.tiers if t.name == self.buyer.tier)
        at_marketplace = sum((n for (_, _, name), n in accepted.items() if name == dimension), Decimal(0))
        return at_marketplace + min(tier.included[dimension], self.counted(acting.stage, dimension))


@pytest.fixture(scope="module")
def engines(_acting: Acting) -> Iterator[dict[str, Metered]]:
    """Four engines: without announcements, with them, with disturbed ones, and one that is down for two hours."""
    stage = _acting.stage
    store_password(stage, PASSWORD)
    names = ("silent", "announces", "disturbed", "down")
    with ExitStack() as stack:
        made = {}
        for name, buyer in zip(names, _acting.arrive(len(names)), strict=True):
            yawl = stack.enter_context(StandInEngine(now=stage.clock, clients={"metering": PASSWORD}))
            mode = "log-only" if name == "silent" else "log"
            customers = {"": buyer.customer_identifier}
            described = engine_of(stage, yawl.url, yawl.resource_url, customers=customers, id=name, mode=mode)
            for specification in (ORDERS, APPROVAL):
                yawl.engine.load(specification)
            made[name] = Metered(name, buyer, yawl, EngineConnection(stage, described))
        _play(_acting, made)
        yield made


def _play(acting: Acting, engines: dict[str, Metered]) -> None:
    # The buyers have come in this hour.
    acting.pass_minutes(1)
    for name in ("announces", "disturbed", "down"):
        engines[name].yawl.engine.register(engines[name].connection.announcement_url)
    disturbed = engines["disturbed"].yawl
    disturbed.arm("lose", action="announceCaseStarted", every=3, times=20)
    disturbed.arm("double", action="announceCaseStarted", every=2, times=20)
    disturbed.arm("hold", action="announceCaseStarted", every=5, times=5)
    for name, metered in engines.items():
        metered.launch(CASES // 2 if name == "down" else CASES)
    people = engines["announces"].yawl.engine
    for worklet in (False, True):
        case_id = people.launch("UID_approval", by="workletService" if worklet else "DefaultWorklist", person=PERSON)
        people.complete(case_id, PERSON)
    for metered in engines.values():
        assert metered.yawl.engine.announcer.wait()
    # The engine goes down before its log was read; it is read again two hours later.
    engines["down"].yawl.stop()
    acting.pass_minutes(5)
    reads = {name: metered.connection.read()["good"] for name, metered in engines.items()}
    assert reads == {"silent": True, "announces": True, "disturbed": True, "down": False}
    acting.close_hour()
    acting.meter_at_once()
    disturbed.engine.announcer.release()
    disturbed.restart()
    acting.close_hour()
    engines["down"].yawl.start()
    engines["down"].launch(CASES // 2)
    acting.pass_minutes(5)
    for metered in engines.values():
        # Twice, since readings overlap and announcements come again.
        assert [metered.connection.read()["good"] for _ in range(2)] == [True, True]
    acting.close_hour()
    acting.meter_at_once()


def test_each_case_of_the_log_is_billed_once(acting: Acting, engines: dict[str, Metered]) -> None:
    expected = {"silent": CASES, "announces": CASES + 1, "disturbed": CASES, "down": CASES}
    assert {name: metered.billed(acting) for name, metered in engines.items()} == expected


def test_what_is_stored_is_the_engines_own_log(acting: Acting, engines: dict[str, Metered]) -> None:
    for metered in engines.values():
        events = [e for e in metered.events(acting.stage) if e["content"]["dimension"] != USERS]
        stored = {e["eventId"]: e["occurredAt"] for e in events}
        assert len(stored) == len(events)
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


def test_worklets_and_people_are_counted_apart(acting: Acting, engines: dict[str, Metered]) -> None:
    announces = engines["announces"]
    assert announces.counted(acting.stage, WORKLETS) == 1
    assert announces.counted(acting.stage, USERS) == 1, "one person, though of two cases"


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
