"""What the reading commands answer about a ledger that the functions' own code has written."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from ledger import tables
from marketplace.hour import SECONDS
from ops.answer import Answer
from ops.command import Command
from ops.explain.explain import explain
from ops.read.backlog import Load, backlog, drain
from ops.read.customer import customer
from ops.read.failed import failed
from ops.read.findings import findings
from ops.read.hour import hour
from ops.read.pending import pending
from ops.read.status import status
from ops.read.usage import usage
from ops.refused import Refused
from ops.stage import OpenStage
from ops.subscriber import read_subscriber
from tests.ops.answers import AnswersOfAws
from tests.products import selling
from tests.scenarios.world import START, World

EIGHT = "2026-11-15T08:00Z"
DIMENSION = "workflow_executions"


def printed(answer: Answer) -> str:
    """The answer as a person reads it; it must have a form for programs as well."""
    json.loads(answer.to_json())
    console = Console(width=240, file=io.StringIO(), record=True, highlight=False)
    answer.print(console)
    return console.export_text()


def quiet(aws: AnswersOfAws) -> None:
    """A stage whose last run succeeded, with empty queues and no alarm."""
    aws.outputs["Metering"] = {"StateMachineArn": "arn:machine", "FailedLinesUrl": "https://sqs/failed"}
    aws.outputs["Doors"] = {"RefusedUsageQueueUrl": "https://sqs/refused"}
    begun = datetime.fromtimestamp(START, UTC)
    run = {"name": "r1", "executionArn": "arn:r1", "status": "SUCCEEDED", "startDate": begun, "stopDate": begun}
    aws.answers |= {
        ("stepfunctions", "list_executions"): {"executions": [run]},
        ("stepfunctions", "describe_execution"): {"output": json.dumps({"fault": None, "pendingHours": 0})},
        ("sqs", "get_queue_attributes"): {"Attributes": {"ApproximateNumberOfMessages": "0"}},
        ("cloudwatch", "describe_alarms"): {"MetricAlarms": [], "CompositeAlarms": []},
        ("logs", "filter_log_events"): {"events": []},
    }


# --- hour, customer ---------------------------------------------------------------------------------------------------


def test_a_billed_hour_shows_counts_lines_and_record_ids(world: World, seen: OpenStage) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 3), world.event(buyer, "b", 2400, dimension="api_calls"))
    world.next_run()
    answer = hour(seen, f"{buyer}/{EIGHT}")
    lines = {line["dimension"]: line for line in answer.data["lines"]}
    assert (answer.data["state"], answer.trouble) == ("settled", False)
    assert {name: (line["quantity"], line["verdict"]) for name, line in lines.items()} == {
        DIMENSION: (3, "billed"),
        "api_calls": (2, "billed"),
    }
    for line in lines.values():
        assert line["meteringRecordId"]
        assert line["meteringRecordId"] in printed(answer)


def test_an_hour_that_nothing_was_recorded_in_says_why(world: World, seen: OpenStage) -> None:
    buyer = world.buyer(active_from=START - 7200)
    world.now = START + 3 * SECONDS
    assert "no usage" in printed(hour(seen, f"{buyer}/{EIGHT}")).lower()
    before = printed(hour(seen, f"{buyer}/2026-11-14T08:00Z"))
    assert "outside every period of the subscription" in before
    assert "no customer" in printed(hour(seen, f"l-nobody/{EIGHT}"))


def test_the_running_hour_says_from_when_it_is_metered(world: World, seen: OpenStage) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a"))
    answer = hour(seen, f"{buyer}/{EIGHT}")
    assert answer.data["waits"]["reason"] == "running"
    assert "2026-11-15T09:10:00Z" in answer.data["waits"]["says"]


def test_a_customer_with_an_unfinished_contract_says_what_its_hours_wait_for(world: World, seen: OpenStage) -> None:
    world.pricing_model = "contract-with-consumption"
    contract = OpenStage(
        settings=selling(seen.settings, pricing_model=world.pricing_model),
        aws=seen.aws,
        dynamodb=seen.dynamodb,
        now=seen.now,
    )
    buyer = world.buyer()
    world.report(world.event(buyer, "a"))
    world.next_run()
    answer = customer(contract, buyer)
    assert answer.data["waits"] == "entitlements_not_fetched"
    assert answer.trouble
    assert answer.data["hours"][0]["waits"] == "entitlements_not_fetched"
    assert "entitlements that are newer than the last notice" in printed(answer)
    assert pending(contract).data["reasons"] == {"entitlements_not_fetched": 1}


def test_a_customer_shows_status_balance_and_hours_and_no_contact_data(world: World, seen: OpenStage) -> None:
    buyer = world.buyer()
    world.change(buyer, email="ana@buyer.example", company="Buyer Ltd", name="Ana")
    world.report(world.event(buyer, "a", 2400, dimension="api_calls"))
    world.next_run()
    answer = customer(seen, buyer)
    assert answer.data["status"] == "active"
    remainder = {row["dimension"]: row["remainder"] for row in answer.data["allowance"]}
    assert remainder["api_calls"] == 400
    assert "api_calls 2 billed" in printed(answer)
    everything = answer.to_json() + printed(answer)
    assert not [secret for secret in ("ana@", "Buyer Ltd", "Ana") if secret in everything]


def test_all_but_contact_data_of_a_subscriber_is_read(world: World, seen: OpenStage) -> None:
    """An attribute that the code reads and operators do not see would make a rule decide otherwise here."""
    item: dict[str, Any] = dict.fromkeys(tables.SUBSCRIBER_FACTS, "x") | {
        "customerIdentifier": "l-1",
        "activePeriods": [{"start": 1, "end": 2}],
        **dict.fromkeys(("statusChangedAt", "acceptsUntil", "lastNoticeAt", "entitlementsFetchedAt", "factsAt"), 7),
        "version": 3,
        "entitlements": [{"dimension": "pro", "value": "1"}],
        "lastHeld": {"until": 5, "entitlements": []},
        "lifecycleNotices": {"n": {"kind": "start", "at": "t", "action": "a"}},
        "agreementStanding": {"advisory": {"state": "issued", "at": "t", "noticeId": "n"}},
        "entitlement": {"dimension": "pro"},
        "email": "a@b.example",
        "company": "c",
        "name": "n",
    }
    world.subscriber_items.put_item(Item=item)
    read, whole = read_subscriber(seen, "l-1"), world.subscribers.get("l-1")
    assert read is not None
    assert whole is not None
    personal = {"email", "company", "name"}
    differ = {name for name, value in vars(whole).items() if name != "item" and getattr(read, name) != value}
    assert differ == personal


# --- pending, failed, backlog -----------------------------------------------------------------------------------------


def test_pending_says_why_each_line_waits(world: World, seen: OpenStage) -> None:
    bad, good, silent = world.buyer(), world.buyer(), world.buyer()
    world.report(*(world.event(each, "a") for each in (bad, good, silent)))
    world.marketplace.arm("error", error="InvalidLicenseException", buyer=bad)
    world.marketplace.arm("status", buyer=silent, status="CustomerNotSubscribed")
    world.next_run()
    answer = pending(seen)
    why = {row["hour"].split("/")[0]: row["reasons"] for row in answer.data["hours"]}
    assert why == {bad: ["rejected"], silent: ["not_subscribed"]}
    assert "ops explain InvalidLicenseException" in answer.next
    assert answer.data["byHour"] == [
        {"hour": EIGHT, "customers": 2, "deadline": "2026-11-16T07:50:00Z", "left": "22 h 40 min"}
    ]
    assert pending(seen, customer=good).data["pendingHours"] == 0


def test_pending_says_what_is_paused_and_what_the_mode_holds(world: World, seen: OpenStage) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a"))
    world.marketplace.arm("throttle")
    world.next_run()
    pause = {"pausedAt": "2026-11-15T09:00:00Z", "by": "ana", "why": "a wrong price"}
    item = {"customerIdentifier": "#paused", "item": buyer, **pause}
    world.dynamodb.Table(tables.STATE.name).put_item(Item=item)
    answer = pending(seen)
    assert answer.data["reasons"] == {"paused": 1}
    assert "a wrong price" in printed(answer)
    assert customer(seen, buyer).data["paused"] == "paused since 2026-11-15T09:00:00Z by ana: a wrong price"


@pytest.mark.parametrize("limit", [1, 100])
def test_pending_looks_into_the_most_urgent_and_counts_all(world: World, seen: OpenStage, limit: int) -> None:
    buyers = [world.buyer() for _ in range(3)]
    world.report(*(world.event(each, "a") for each in buyers))
    world.marketplace.arm("throttle")
    world.now = START + SECONDS
    world.report(world.event(buyers[0], "b"))
    world.next_run()
    answer = pending(seen, limit=limit)
    assert answer.data["pendingHours"] == 4
    assert len(answer.data["hours"]) == min(limit, 4)
    assert answer.data["hours"][0]["hour"].endswith(EIGHT)


def test_nothing_pending_says_so(seen: OpenStage) -> None:
    answer = pending(seen)
    assert (answer.data["pendingHours"], answer.trouble) == (0, False)


def test_failed_tells_what_may_be_done_with_each_line(world: World, seen: OpenStage, aws: AnswersOfAws) -> None:
    conflict, expired = world.buyer(), world.buyer()
    world.report(world.event(conflict, "a", 3), world.event(expired, "a", 5))
    world.marketplace.arm("status", buyer=conflict, status="DuplicateRecord")
    world.marketplace.arm("error", error="InvalidLicenseException", buyer=expired)
    world.next_run()
    world.next_run(hours=24)
    answer = failed(seen)
    lines = {line["line"].split("/")[0]: line for line in answer.data["lines"]}
    assert answer.trouble
    assert {key: (line["verdict"], line["unconfirmed"]) for key, line in lines.items()} == {
        conflict: ("conflict", True),
        expired: ("expired", False),
    }
    assert any(step.startswith("ops carry") for step in lines[expired]["canBeDone"])
    assert not any(step.startswith("ops carry") for step in lines[conflict]["canBeDone"]), "it may have been billed"
    assert len(failed(seen, customer=expired).data["lines"]) == 1
    assert failed(seen, limit=1).data["more"]


def test_backlog_says_when_it_is_drained_and_which_deadline_is_first(
    world: World, seen: OpenStage, aws: AnswersOfAws
) -> None:
    quiet(aws)
    buyers = [world.buyer() for _ in range(3)]
    world.report(*(world.event(each, "a") for each in buyers), world.event(buyers[0], "b", 5000, dimension="api_calls"))
    world.marketplace.arm("throttle")
    world.next_run()
    answer = backlog(seen)
    wanted = {"customerHours": 3, "lines": 4, "calls": 1, "exact": True, "firstDeadline": "2026-11-16T07:50:00Z"}
    assert {name: answer.data[name] for name in wanted} == wanted
    assert "drains 2026-11-15T09:10:00Z, first deadline 2026-11-16T07:50:00Z" in printed(answer)


def test_an_hour_that_cannot_be_sent_in_time_is_late() -> None:
    """25 records a call, 8 calls a second: an hour of 100 million lines takes 139 hours."""
    few, many = Load(int(START), 1, 25.0, 0.0), Load(int(START) + SECONDS, 1, 100_000_000.0, 0.0)
    first, second = drain([many, few], START + 2 * SECONDS, 8)
    assert (first.load, first.in_time, first.at) == (few, True, START + 2 * SECONDS + 0.125)
    assert not second.in_time
    assert second.at - first.at == 500_000


def test_lines_that_were_rejected_take_a_call_each() -> None:
    (drained,) = drain([Load(int(START), 1, 25.0, 10.0)], START, 1)
    assert drained.at - START == 11


# --- status -----------------------------------------------------------------------------------------------------------


def test_status_is_well_when_all_is_billed(world: World, seen: OpenStage, aws: AnswersOfAws) -> None:
    quiet(aws)
    buyer = world.buyer()
    world.report(world.event(buyer, "a"))
    world.next_run()
    answer = status(seen)
    assert not answer.trouble, printed(answer)
    assert "All is well." in printed(answer)


def test_status_names_what_is_lost_who_is_affected_and_which_alarm_is_on(
    world: World, seen: OpenStage, aws: AnswersOfAws
) -> None:
    quiet(aws)
    when = datetime.fromtimestamp(START, UTC)
    alarm = {
        "AlarmName": "YawlMetering-local-Watch-MeteringLinesConflict1A2B",
        "AlarmDescription": "Lines are in conflict.\nLook.",
        "StateUpdatedTimestamp": when,
    }
    aws.answers["cloudwatch", "describe_alarms"] = {"MetricAlarms": [alarm]}
    aws.answers["sqs", "get_queue_attributes"] = {"Attributes": {"ApproximateNumberOfMessages": "2"}}
    buyer = world.buyer()
    world.report(world.event(buyer, "a"))
    world.marketplace.arm("status", buyer=buyer, status="DuplicateRecord")
    world.next_run()
    answer = status(seen)
    assert answer.trouble
    assert answer.data["lost"]["failedLines"] == {"conflict": 1}
    assert answer.data["affected"]["failed"] == [buyer]
    text = printed(answer)
    assert "MeteringLinesConflict1A2B" in text
    assert "RefusedUsageQueue" in text
    assert f"ops customer {buyer}" in text


def test_a_product_that_is_refused_stops_the_money(seen: OpenStage, aws: AnswersOfAws) -> None:
    quiet(aws)
    output = {"output": json.dumps({"fault": "InvalidProductCodeException"})}
    aws.answers["stepfunctions", "describe_execution"] = output
    answer = status(seen)
    assert answer.trouble
    assert "ops explain InvalidProductCodeException" in answer.next


def test_status_of_a_stage_without_a_run_says_so(seen: OpenStage, aws: AnswersOfAws) -> None:
    quiet(aws)
    aws.answers["stepfunctions", "list_executions"] = {"executions": []}
    assert "No run has taken place yet." in printed(status(seen))


# --- explain ----------------------------------------------------------------------------------------------------------


def test_an_event_shows_the_whole_chain_to_the_record_id(world: World, seen: OpenStage, aws: AnswersOfAws) -> None:
    quiet(aws)
    buyer = world.buyer()
    logged = {"message": "settled", "customer": buyer, "hour": "2026-11-15T08:00:00Z", "dimension": DIMENSION}
    logged |= {"verdict": "billed", "timestamp": "t", "requestId": "r-1"}
    aws.answers["logs", "filter_log_events"] = {"events": [{"message": json.dumps(logged)}, {"message": "no json"}]}
    world.report(world.event(buyer, "order/7", 3))
    world.next_run()
    answer = explain(seen, f"{buyer}/order/7")
    assert answer.data["stored"]["hour that bills it"] == EIGHT
    assert answer.data["line"] == f"{buyer}/{EIGHT}/{DIMENSION}"
    assert answer.data["verdict"] == "billed"
    text = printed(answer)
    assert str(world.record(buyer).lines[DIMENSION].metering_record_id) in text
    assert "r-1" in text
    assert not answer.trouble


def test_an_event_that_was_never_recorded_says_where_it_may_be(world: World, seen: OpenStage) -> None:
    buyer = world.buyer()
    answer = explain(seen, f"{buyer}/never")
    assert answer.trouble
    assert "No event never is recorded" in printed(answer)
    assert "no customer" in printed(explain(seen, "l-nobody/never"))


def test_a_rejected_line_says_what_to_tell_aws(world: World, seen: OpenStage, aws: AnswersOfAws) -> None:
    quiet(aws)
    buyer = world.buyer()
    world.report(world.event(buyer, "a"))
    world.marketplace.arm("error", error="InvalidLicenseException", buyer=buyer)
    world.next_run()
    answer = explain(seen, f"{buyer}/{EIGHT}/{DIMENSION}")
    told = answer.data["forAws"]
    assert told["licenseArn"] == world.buyers[buyer]["licenseArn"]
    assert told["error"] == "InvalidLicenseException"
    assert told["quantity"] == Decimal(1)
    assert answer.trouble
    assert "the licence is not active at that time" in printed(answer)


def test_a_lost_answer_is_named_as_one_that_may_be_billed(world: World, seen: OpenStage) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a"))
    world.marketplace.arm("lost-answer", times=1)
    world.next_run()
    answer = explain(seen, f"{buyer}/{EIGHT}/{DIMENSION}", logs=False)
    assert answer.data["verdict"] == "pending"
    assert "AWS Marketplace may have taken it" in printed(answer)


def test_a_log_that_may_not_be_read_is_no_reason_to_say_nothing(
    world: World, seen: OpenStage, aws: AnswersOfAws
) -> None:
    quiet(aws)
    denied: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
    aws.answers["logs", "filter_log_events"] = ClientError(denied, "FilterLogEvents")
    buyer = world.buyer()
    world.report(world.event(buyer, "a"))
    world.next_run()
    assert "may not read the log" in printed(explain(seen, f"{buyer}/{EIGHT}/{DIMENSION}"))


def test_a_line_that_does_not_exist_is_refused(world: World, seen: OpenStage) -> None:
    with pytest.raises(Refused, match="there is no line"):
        explain(seen, f"{world.buyer()}/{EIGHT}/{DIMENSION}")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("TimestampOutOfBoundsException", "AWS answered and did nothing"),
        ("conflict", "another quantity is on file"),
        ("hour_sealed", "an adjustment by the operator"),
        ("not_subscribed", "the subscription ended"),
    ],
)
def test_a_code_is_explained_by_the_page_of_errors(seen: OpenStage, code: str, says: str) -> None:
    assert says in printed(explain(seen, code))


def test_an_unknown_code_is_refused_with_what_was_meant(seen: OpenStage) -> None:
    with pytest.raises(Refused, match="did you mean TimestampOutOfBoundsException"):
        explain(seen, "TimestampOutOfBounds")
    with pytest.raises(Refused, match=r"docs/errors\.md"):
        explain(seen, "nonsense")


# --- usage, findings --------------------------------------------------------------------------------------------------


def test_usage_of_a_month_adds_up_by_day(world: World, seen: OpenStage) -> None:
    buyer, other = world.buyer(), world.buyer()
    world.report(world.event(buyer, "a", 3), world.event(other, "a", 4))
    world.next_run()
    world.now = START + 24 * SECONDS
    world.report(world.event(buyer, "b", 5))
    answer = usage(seen, month="2026-11")
    days = {(d["dimension"], d["day"]): (d["recorded"], d["billed"]) for d in answer.data["days"]}
    assert days == {(DIMENSION, "2026-11-15"): (7, 7), (DIMENSION, "2026-11-16"): (5, 0)}
    assert usage(seen, month="2026-11", customer=other).data["dimensions"][DIMENSION]["recorded"] == 4
    assert usage(seen, month="2026-10").data["days"] == []
    assert "█" in printed(answer)


@pytest.mark.parametrize("month", ["2026-13", "november", "2026-1"])
def test_what_is_no_month_is_refused(seen: OpenStage, month: str) -> None:
    with pytest.raises(Refused, match="like 2026-11"):
        usage(seen, month=month)


def test_findings_are_the_open_ones(world: World, seen: OpenStage) -> None:
    audit = world.dynamodb.Table(tables.AUDIT.name)
    for number, state in enumerate(("open", None)):
        item: dict[str, Any] = {
            "subject": f"l-{number}",
            "item": "finding#cloudtrail#2026-11-15T08:00:00Z#api_calls#missing",
            "foundAt": "2026-11-15T09:00:00Z",
            "ours": Decimal(3),
            "theirs": Decimal(0),
        }
        audit.put_item(Item=item | ({"findingState": state} if state else {}))
    answer = findings(seen)
    assert [(f["subject"], f["kind"], f["ours"]) for f in answer.data["findings"]] == [("l-0", "missing", 3)]
    assert answer.trouble
    assert findings(seen, customer="l-1").data["findings"] == []


# --- all of them ------------------------------------------------------------------------------------------------------


def test_reading_commands_write_nothing(world: World, seen: OpenStage, aws: AnswersOfAws) -> None:
    quiet(aws)
    buyer = world.buyer()
    world.report(world.event(buyer, "a"))
    world.marketplace.arm("status", buyer=buyer, status="DuplicateRecord")
    world.next_run()
    before = {table.name: world.dynamodb.Table(table.name).scan()["Items"] for table in tables.ALL_TABLES}
    for answer in (
        status(seen),
        pending(seen),
        failed(seen),
        backlog(seen),
        findings(seen),
        usage(seen),
        customer(seen, buyer),
        hour(seen, f"{buyer}/{EIGHT}"),
        explain(seen, f"{buyer}/a"),
    ):
        printed(answer)
    assert {table.name: world.dynamodb.Table(table.name).scan()["Items"] for table in tables.ALL_TABLES} == before


def test_a_command_is_declared_once_for_the_terminal_and_for_programs() -> None:
    names = [parameter.name for parameter in Command("hour", hour).parameters()]
    assert names == ["hour"]
    changing = [parameter.name for parameter in Command("x", hour, changes=True).parameters()]
    assert changing == ["hour", "why", "apply"]
