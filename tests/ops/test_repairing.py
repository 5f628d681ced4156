"""The changing commands on ledgers that the functions' own code has written: each shows, then does its change once."""

from decimal import Decimal
from typing import Any

import pytest

from ledger import tables
from ledger.findings import Finding, Findings
from ledger.hold import HELD, PENDING_HELD, Hold
from marketplace.hour import SECONDS
from ops.command import Command
from ops.commands import CHANGING
from ops.read.actions import actions
from ops.read.findings import findings
from ops.refused import Refused
from ops.repair.pause import pauses
from ops.stage import OpenStage
from tests.ops.answers import CALLER, AnswersOfAws
from tests.ops.test_reading import printed
from tests.scenarios.world import START, World

DIMENSION = "workflow_executions"
COMMANDS = {command.name: command for command in CHANGING}
EIGHT = "2026-11-15T08:00Z"


def done(stage: OpenStage, name: str, *arguments: str, **more: Any) -> str:
    """Run a command without and with ``--apply``; what the second run says."""
    before = everything(stage)
    command: Command = COMMANDS[name]
    given = dict(zip((p.name for p in command.parameters()), arguments, strict=False)) | more
    assert not command.run(stage, **given).data["applied"]
    assert everything(stage) == before, "without --apply nothing changes"
    return printed(command.run(stage, **given, apply=True, why="a reason"))


def refuses(stage: OpenStage, name: str, *arguments: str, **more: Any) -> str:
    before = everything(stage)
    command = COMMANDS[name]
    given = dict(zip((p.name for p in command.parameters()), arguments, strict=False)) | more
    with pytest.raises(Refused) as why:
        command.run(stage, **given, apply=True, why="a reason")
    assert everything(stage) == before
    return str(why.value)


def everything(stage: OpenStage) -> dict[str, Any]:
    found = {}
    for table in tables.ALL_TABLES:
        items = stage.table(table).scan()["Items"]
        found[table.name] = sorted(map(repr, items))
    return found


def audited(stage: OpenStage, subject: str) -> list[tuple[str, str, str]]:
    found = actions(stage, "" if subject == "#stage" else subject).data["actions"]
    return [(each["command"], each["target"], each["why"]) for each in found]


def used(world: World, quantity: int = 2) -> str:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", quantity))
    return buyer


def expired(world: World) -> tuple[str, str]:
    """A buyer, and its line that no run has sent in time."""
    buyer = used(world)
    world.now = START + 25 * SECONDS
    world.run()
    assert world.verdicts(buyer) == {DIMENSION: "expired"}
    return buyer, f"{buyer}/{EIGHT}/{DIMENSION}"


def duplicate(world: World) -> tuple[str, str]:
    """A buyer, and its line for which Marketplace has another quantity."""
    buyer = used(world)
    world.marketplace.arm("status", times=1, buyer=buyer, status="DuplicateRecord")
    world.next_run()
    assert world.verdicts(buyer) == {DIMENSION: "conflict"}
    return buyer, f"{buyer}/{EIGHT}/{DIMENSION}"


# --- carry, retry, write-off ------------------------------------------------------------------------------------------


def test_a_lost_lines_units_are_billed_with_the_open_hour(world: World, seen: OpenStage) -> None:
    buyer, line = expired(world)
    assert "2026-11-16T09:00Z" in done(seen, "carry", line)
    assert audited(seen, buyer) == [("carry", line, "a reason")]
    assert "resolved already: carried" in refuses(seen, "carry", line)
    world.next_run()
    assert world.billed(buyer) == 2
    assert (world.failed(), world.pending()) == (set(), set())


@pytest.mark.parametrize("kind", ["only_there", "foreign_call"])
def test_a_line_that_the_log_shows_after_all_is_not_carried(world: World, seen: OpenStage, kind: str) -> None:
    buyer, line = expired(world)
    findings = Findings(seen.table(tables.AUDIT))
    late = Finding(subject=buyer, depth="calls", period=EIGHT, dimension=DIMENSION, kind=kind, ours="2", theirs="2")
    findings.found(late, world.now)
    assert f"ops findings --customer {buyer}" in refuses(seen, "carry", line)
    findings.resolve(late, "refunded", "a person", world.now)
    done(seen, "carry", line)


def test_a_line_with_another_quantity_in_its_place_is_carried(world: World, seen: OpenStage) -> None:
    buyer, line = expired(world)
    other = Finding(
        subject=buyer, depth="calls", period=EIGHT, dimension=DIMENSION, kind="foreign_call", ours="2", theirs="1"
    )
    Findings(seen.table(tables.AUDIT)).found(other, world.now)
    done(seen, "carry", line)


def test_an_uncertain_line_is_not_carried_and_says_what_to_do(world: World, seen: OpenStage) -> None:
    _, line = duplicate(world)
    for name in ("carry", "retry", "write-off"):
        assert f"ops explain {line}" in refuses(seen, name, line)
    done(seen, "write-off", line, unconfirmed=True)
    assert world.failed() == set()


def test_a_cancelled_customers_line_is_written_off(world: World, seen: OpenStage) -> None:
    buyer, line = expired(world)
    world.change(buyer, subscriptionStatus="cancelled")
    assert "write the line off" in refuses(seen, "carry", line)
    assert "written off" in done(seen, "write-off", line)
    assert audited(seen, buyer) == [("write-off", line, "a reason")]
    assert world.failed() == set()


def test_a_retried_line_is_sent_again_unchanged(world: World, seen: OpenStage) -> None:
    buyer, line = duplicate(world)
    item = world.dynamodb.Table(tables.METERING_RECORDS.name)
    item.update_item(  # as reconciliation does
        Key={"customerIdentifier": buyer, "timestamp": int(START)},
        UpdateExpression="SET #v.#r = :lost",
        ExpressionAttributeNames={"#v": f"verdict#{DIMENSION}", "#r": "resolution"},
        ExpressionAttributeValues={":lost": "lost"},
    )
    assert "pending again: the next run, at 2026-11-15T09:10:00Z, sends it, before" in done(seen, "retry", line)
    assert "has not failed: retried" in refuses(seen, "retry", line)
    world.next_run()
    assert (world.verdicts(buyer), world.billed(buyer)) == ({DIMENSION: "billed"}, 2)


def test_no_line_is_retried_after_its_deadline(world: World, seen: OpenStage) -> None:
    _, line = expired(world)
    assert "deadline" in refuses(seen, "retry", line)


@pytest.mark.parametrize("name", ["carry", "retry", "write-off"])
def test_a_line_that_is_none_is_refused_with_the_next_step(world: World, seen: OpenStage, name: str) -> None:
    buyer = used(world)
    assert "is not sealed yet" in refuses(seen, name, f"{buyer}/{EIGHT}/{DIMENSION}")
    assert f"ops customer {buyer}" in refuses(seen, name, f"{buyer}/2026-11-15T07:00Z/{DIMENSION}")
    world.next_run()
    assert "has not failed: billed" in refuses(seen, name, f"{buyer}/{EIGHT}/{DIMENSION}")
    assert "no such line" in refuses(seen, name, f"{buyer}/{EIGHT}/api_calls")


# --- release, refuse --------------------------------------------------------------------------------------------------


def held(world: World) -> tuple[str, str]:
    """A buyer, and its sealed line that waits for a person."""
    buyer = used(world)
    world.now = START + 4200
    world.sealer.seal_hour(buyer, int(START))
    hold = Hold(world.now, Decimal("0.2"), Decimal(10)).attribute()
    world.dynamodb.Table(tables.METERING_RECORDS.name).update_item(  # as sealing does in a stage that asks for holds
        Key={"customerIdentifier": buyer, "timestamp": int(START)},
        UpdateExpression="SET #held = :hold, meteringPending = :pending",
        ExpressionAttributeNames={"#held": HELD + DIMENSION},
        ExpressionAttributeValues={":hold": hold, ":pending": PENDING_HELD},
    )
    world.run()
    assert world.billed(buyer) == 0
    return buyer, f"{buyer}/{EIGHT}/{DIMENSION}"


def test_a_held_line_is_released(world: World, seen: OpenStage) -> None:
    buyer, line = held(world)
    said = done(seen, "release", line)
    assert "the next run, at 2026-11-15T09:10:00Z, sends it, before its deadline 2026-11-16T07:50:00Z" in said
    assert CALLER in refuses(seen, "release", line), "who released it"
    world.next_run()
    assert (world.billed(buyer), world.pending()) == (2, set())


def test_of_a_release_and_a_refusal_the_first_one_holds(world: World, seen: OpenStage, aws: AnswersOfAws) -> None:
    buyer, line = held(world)
    who = aws.answers["sts", "get_caller_identity"]

    def after_another_has_released_it(**_request: Any) -> Any:
        aws.answers["sts", "get_caller_identity"] = who
        COMMANDS["release"].run(seen, line=line, apply=True, why="it is real")
        return who

    # The caller is asked for after the line was read, and before its verdict is written.
    aws.answers["sts", "get_caller_identity"] = after_another_has_released_it
    with pytest.raises(Refused, match="changed since it was read"):
        COMMANDS["refuse"].run(seen, line=line, apply=True, why="it is not")
    world.next_run()
    assert world.billed(buyer) == 2


def test_a_held_line_is_refused_and_never_sent(world: World, seen: OpenStage) -> None:
    buyer, line = held(world)
    assert "ended not_sent" in done(seen, "refuse", line)
    assert audited(seen, buyer) == [("refuse", line, "a reason")]
    assert "not_sent" in refuses(seen, "release", line)
    world.next_run()
    assert (world.billed(buyer), world.pending(), world.failed()) == (0, set(), set())


def test_only_a_line_that_waits_is_released(world: World, seen: OpenStage) -> None:
    buyer = used(world)
    world.next_run()
    line = f"{buyer}/{EIGHT}/{DIMENSION}"
    for name in ("release", "refuse"):
        assert "does not wait for a person" in refuses(seen, name, line)
        assert "no such line" in refuses(seen, name, f"{buyer}/{EIGHT}/api_calls")


# --- pause, resume ----------------------------------------------------------------------------------------------------


def test_a_pause_says_until_when_it_is_safe(world: World, seen: OpenStage) -> None:
    buyer = used(world)
    assert "Nothing is lost before 2026-11-16T07:50:00Z" in done(seen, "pause", buyer)
    assert audited(seen, buyer) == [("pause", buyer, "a reason")]
    assert "is paused already" in refuses(seen, "pause", buyer)
    shown = printed(pauses(seen))
    assert f"ops resume {buyer}" in shown
    assert "2026-11-16T07:50:00Z" in shown
    world.next_run()
    assert world.billed(buyer) == 0
    world.now = START + 12 * SECONDS
    said = done(seen, "resume", buyer)
    assert "the next run, at 2026-11-15T20:10:00Z, sends what has waited, before its deadline" in said
    world.next_run()
    assert world.billed(buyer) == 2
    assert pauses(seen).data["pauses"] == []


def test_near_a_deadline_the_next_run_is_too_late_and_a_person_starts_one(world: World, seen: OpenStage) -> None:
    """The line is sent until 07:50, and the next run begins at 08:10."""
    buyer = used(world)
    done(seen, "pause", buyer)
    world.next_run()
    world.now = START + 23.3 * SECONDS
    said = done(seen, "resume", buyer)
    assert "at 2026-11-16T08:10:00Z, is too late for its deadline 2026-11-16T07:50:00Z: start a run now" in said
    world.run()
    assert world.billed(buyer) == 2


def test_nothing_waits_for_a_run_after_a_pause_in_which_nothing_was_used(world: World, seen: OpenStage) -> None:
    buyer = world.buyer()
    done(seen, "pause", buyer)
    assert "nothing is pending" in done(seen, "resume", buyer)


def test_the_whole_stage_is_paused_and_resumed(world: World, seen: OpenStage) -> None:
    buyer = used(world)
    done(seen, "pause")
    done(seen, "pause", buyer)
    assert audited(seen, "#stage") == [("pause", "the whole stage", "a reason")]
    assert "but the whole stage is" in done(seen, "resume", buyer)
    world.next_run()
    assert world.billed(buyer) == 0
    done(seen, "resume")
    world.next_run()
    assert world.billed(buyer) == 2


def test_what_is_not_paused_is_not_resumed(world: World, seen: OpenStage) -> None:
    buyer = used(world)
    assert "paused: nobody" in refuses(seen, "resume", buyer)
    done(seen, "pause", buyer)
    assert f"paused: {buyer}" in refuses(seen, "resume")


# --- close-finding ----------------------------------------------------------------------------------------------------


def a_finding(seen: OpenStage, subject: str, *, theirs: str = "1") -> tuple[Finding, bool]:
    found = Finding(
        subject=subject, depth="usage", period="2026-11-15", dimension="", kind="other_amount", ours="2", theirs=theirs
    )
    return found, Findings(seen.table(tables.AUDIT)).found(found, START)


@pytest.mark.parametrize("subject", ["", "#stage"])
def test_a_finding_is_closed_once_and_stays_so_while_its_amounts_do(
    world: World, seen: OpenStage, subject: str
) -> None:
    subject = subject or world.buyer()
    finding, _ = a_finding(seen, subject)
    shown = findings(seen)
    assert f"ops close-finding '{subject}' '{finding.item}'" in printed(shown)
    assert "It is closed" in done(seen, "close-finding", subject, finding.item)
    assert findings(seen).data["findings"] == []
    assert audited(seen, subject) == [("close-finding", finding.item, "a reason")]
    (item,) = [i for i in seen.table(tables.AUDIT).scan()["Items"] if i["item"] == finding.item]
    assert (item["resolution"], item["resolvedBy"]) == ("closed", CALLER)
    assert f"closed, by {CALLER}" in refuses(seen, "close-finding", subject, finding.item)
    assert not a_finding(seen, subject)[1], "the same amounts"
    assert a_finding(seen, subject, theirs="3")[1], "other amounts"


def test_a_finding_that_an_audit_changed_meanwhile_is_not_closed(
    world: World, seen: OpenStage, aws: AnswersOfAws
) -> None:
    buyer = world.buyer()
    finding, _ = a_finding(seen, buyer)
    who = aws.answers["sts", "get_caller_identity"]

    def after_another_look(**_request: Any) -> Any:
        a_finding(seen, buyer, theirs="7")
        return who

    aws.answers["sts", "get_caller_identity"] = after_another_look
    with pytest.raises(Refused, match="changed since it was read"):
        COMMANDS["close-finding"].run(seen, subject=buyer, item=finding.item, apply=True, why="it is known")
    (still,) = findings(seen).data["findings"]
    assert still["theirs"] == "7"


def test_only_a_finding_that_is_there_is_closed(world: World, seen: OpenStage) -> None:
    buyer = world.buyer()
    assert "names no finding" in refuses(seen, "close-finding", buyer, "action#2026-11-15T08:00:00.000Z#0")
    assert "there is no finding" in refuses(seen, "close-finding", buyer, "finding#usage#2026-11-15##only_here")
    assert "no billing key" in refuses(seen, "close-finding", "#others", "finding#usage#2026-11-15##only_here")


# --- void -------------------------------------------------------------------------------------------------------------


def test_an_event_is_taken_back_while_its_hour_is_open(world: World, seen: OpenStage) -> None:
    buyer = used(world, quantity=5)
    world.report(world.event(buyer, "b", 2))
    assert "is taken back" in done(seen, "void", f"{buyer}/a")
    assert audited(seen, buyer) == [("void", f"{buyer}/a", "a reason")]
    assert "taken back before" in refuses(seen, "void", f"{buyer}/a")
    world.next_run()
    assert world.billed(buyer) == 2
    assert "its hour is closed" in refuses(seen, "void", f"{buyer}/b")
    assert "no event of this id" in refuses(seen, "void", f"{buyer}/c")
    assert "no such customer" in refuses(seen, "void", "l-nobody/a")
