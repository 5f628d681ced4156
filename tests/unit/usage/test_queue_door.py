"""The queue's function from Lambda's event to its answer: which messages come again, and what it reports."""

import json
from decimal import Decimal
from typing import Any

import pytest

from ledger.transaction import Contended
from ledger.usage_events import EventItem
from runtime.clock import from_iso, iso
from tests.contracts.stores import Ledger
from tests.unit.log_lines import log_lines
from tests.unit.messages import Context, failed
from tests.unit.usage.conftest import CUSTOMERS, HOUR, NOW, QUEUES, Environment, Queues, activate
from usage import record_usage
from usage.handlers import usage_queue
from usage.reporters import OWN_CONNECTOR, Reporter

Said = dict[str, Any]


@pytest.fixture(autouse=True)
def _tables(ledger: Ledger) -> None:
    """Every test has the tables."""


def usage(event_id: str, customer: str = CUSTOMERS[0], **changes: Any) -> Said:
    return {
        "id": event_id,
        "source": "test",
        "customerIdentifier": customer,
        "dimension": "executions",
        "quantity": 1,
        "occurredAt": NOW,
    } | changes


def call(
    *messages: tuple[str | None, Any], queue: str = "usage.fifo", sender: str = "AROAENGINE:i-1", trace: str = ""
) -> list[str]:
    """Message ids that come again. A message: its group and its body; ids are m0, m1, …"""
    records = []
    for number, (group, body) in enumerate(messages):
        attributes = {"SentTimestamp": "1795000000000", "ApproximateReceiveCount": "1", "SenderId": sender}
        records.append(
            {
                "messageId": f"m{number}",
                "receiptHandle": "r",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": attributes
                | ({"MessageGroupId": group} if group else {})
                | ({"AWSTraceHeader": trace} if trace else {}),
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:111122223333:{queue}",
                "awsRegion": "us-east-1",
            }
        )
    context: Any = Context()
    return failed(usage_queue.handler({"Records": records}, context))


def message(*events: Said) -> Said:
    return {"events": list(events)}


def executions(ledger: Ledger, customer: str) -> Decimal:
    found = ledger.records.get(customer, HOUR)
    return found.counted.get(("executions", "2026-11"), Decimal(0)) if found else Decimal(0)


def busy(monkeypatch: pytest.MonkeyPatch, *customers: str) -> None:
    """Somebody else writes to these customers' hour all the time."""
    real = record_usage._attempt

    def attempt(customer: str, *rest: Any) -> None:
        if customer in customers:
            raise Contended("again")
        real(customer, *rest)

    monkeypatch.setattr(record_usage, "_attempt", attempt)
    monkeypatch.setattr(record_usage, "TRIES", 2)


# --- the trace of its sender ------------------------------------------------------------------------------------------

TRACE, OWN = "1-5759e988-bd862e3fe1be46a994272793", "1-5759e988-000000000000000000000000"


@pytest.mark.parametrize(
    ("header", "stored"),
    [
        (f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1", TRACE),
        (f"Root={TRACE}", TRACE),
        ("", OWN),
        ("Root=anything that a sender writes", OWN),
        ("Parent=53995c3f42cd8ad8", OWN),
    ],
)
def test_an_event_of_the_queue_has_its_senders_trace(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, header: str, stored: str
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={OWN};Sampled=0")
    call((CUSTOMERS[0], message(usage("a"))), trace=header)
    call((CUSTOMERS[0], message(usage("b"))))
    keys = [{"customerIdentifier": CUSTOMERS[0], "eventId": f"event#{name}"} for name in "ab"]
    items: list[Any] = [ledger.event_items.get_item(Key=key)["Item"] for key in keys]
    assert [item["traceId"] for item in items] == [stored, OWN], "of its own message, and no other's"


def test_what_waits_or_is_refused_takes_its_trace_along(queues: Queues) -> None:
    call(("nobody", message(usage("c", "nobody"), usage("a", quantity=-1))), trace=f"Root={TRACE}")
    assert len(queues.take("waiting")) == len(queues.take("refused")) == 1
    assert queues.traces == [f"Root={TRACE}"] * 2


# --- what fails -------------------------------------------------------------------------------------------------------


def test_what_is_done_with_is_deleted(ledger: Ledger, queues: Queues) -> None:
    again = call(
        (CUSTOMERS[0], message(usage("a"), usage("b", quantity=-1))),
        (CUSTOMERS[0], "no JSON"),
        ("nobody", message(usage("c", "nobody"))),
        (CUSTOMERS[1], message(usage("d", CUSTOMERS[1]))),
    )
    assert again == []
    assert [executions(ledger, customer) for customer in CUSTOMERS] == [1, 1]
    assert len(queues.take("waiting")) == 1
    assert len(queues.take("refused")) == 2


def test_a_failure_stops_its_own_group_and_no_other(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = CUSTOMERS
    busy(monkeypatch, first)
    again = call(
        (second, message(usage("a", second))),
        (first, message(usage("b"))),
        (second, message(usage("c", second))),
        (first, message(usage("d", second))),  # it could be recorded, but one of its group before it was not
        (second, message(usage("e", second))),
    )
    assert again == ["m1", "m3"]
    assert executions(ledger, second) == 3


def test_a_batch_that_fails_as_a_whole_names_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    busy(monkeypatch, *CUSTOMERS)
    assert call(*((customer, message(usage("a", customer))) for customer in CUSTOMERS)) == ["m0", "m1"]


def test_messages_of_the_waiting_queue_fail_by_themselves(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(monkeypatch, CUSTOMERS[0])
    queue = "waiting"
    bodies = [message(usage("a")), message(usage("b", CUSTOMERS[1])), message(usage("c"))]
    assert call(*((None, body) for body in bodies), queue=queue) == ["m0", "m2"]
    assert executions(ledger, CUSTOMERS[1]) == 1


def test_a_queue_that_cannot_be_sent_to_fails_the_message(ledger: Ledger, environment: Environment) -> None:
    environment.set(REFUSED_USAGE_QUEUE_URL=f"{QUEUES}no-such-queue")
    assert call((CUSTOMERS[0], message(usage("a"), usage("b", quantity=-1))), (CUSTOMERS[1], "{")) == ["m0", "m1"]
    assert executions(ledger, CUSTOMERS[0]) == 1, "and is found when the message comes again"


def test_which_queue_a_message_comes_from_decides_whether_it_has_waited(queues: Queues) -> None:
    old = {"waitingSince": iso(from_iso(NOW) - 25 * 3600)}
    waiting = "waiting"
    call(("nobody", message(usage("a", "nobody")) | old))
    assert [body["waitingSince"][:16] for body in queues.take("waiting")] == [NOW[:16]]
    assert queues.take("refused") == []
    call((None, message(usage("b", "nobody")) | old), queue=waiting)
    assert [body["events"][0]["id"] for body in queues.take("refused")] == ["b"]


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def _reporters(environment: Environment) -> None:
    """The engine's role may report executions of the first customer, and of one who is to come."""
    role = "arn:aws:iam::111122223333:role/Engine"
    entry = Reporter(
        principal=role, sender_id="AROAENGINE", customers=(CUSTOMERS[0], "new"), dimensions=("executions",)
    )
    environment.set_reporters(entry)


def reasons(queues: Queues) -> list[str]:
    return sorted(refusal["reason"] for body in queues.take("refused") for refusal in body["refusals"])


@pytest.mark.usefixtures("_reporters")
@pytest.mark.parametrize("sender", ["AROAOTHER:AROAENGINE", "AIDAENGINE", ""])
def test_a_message_of_who_is_no_reporter_is_refused(ledger: Ledger, sender: str, queues: Queues) -> None:
    assert call((CUSTOMERS[0], message(usage("a"), usage("b"))), sender=sender) == []
    assert executions(ledger, CUSTOMERS[0]) == 0
    assert reasons(queues) == ["not_yours"] * 2


@pytest.mark.usefixtures("_reporters")
def test_a_message_says_what_it_says_of_its_sender_in_vain(ledger: Ledger) -> None:
    call((CUSTOMERS[0], message(usage("a")) | {"sender": "AROAENGINE:i-1"}), sender="AROAOTHER:s")
    assert executions(ledger, CUSTOMERS[0]) == 0


@pytest.mark.usefixtures("_reporters")
def test_a_reporters_message_is_taken_as_far_as_it_is_his(ledger: Ledger, queues: Queues) -> None:
    void = {"void": "a", "customerIdentifier": CUSTOMERS[1], "source": "test"}
    users = usage("c", dimension="users", user="ann")
    call((CUSTOMERS[0], message(usage("a"), usage("b", CUSTOMERS[1]), users, void)))
    assert executions(ledger, CUSTOMERS[0]) == 1
    assert reasons(queues) == ["not_yours"] * 3


@pytest.mark.usefixtures("_reporters")
def test_what_has_waited_keeps_the_rights_of_who_sent_it(ledger: Ledger, queues: Queues) -> None:
    """We put it there ourselves; what a void takes back can be looked at only now."""
    waiting = "waiting"
    call(("new", message(usage("a", "new"), {"void": "u", "customerIdentifier": "new", "source": "test"})))
    [kept] = queues.take("waiting")
    assert kept["sender"] == "AROAENGINE:i-1"
    activate(ledger, "new")
    ledger.write(
        ledger.events.put_if_new(
            EventItem(
                customer_identifier="new",
                event_id="u",
                content={"source": "another", "dimension": "users", "quantity": Decimal(1)},
                period="2026-11",
                counted=Decimal(0),
                recorded_at=HOUR,
                occurred_at=HOUR,
                billed_hour=HOUR,
                late=False,
            )
        )
    )
    assert call((None, kept), queue=waiting, sender="AROAOURS:usage-queue") == []
    assert executions(ledger, "new") == 1
    assert reasons(queues) == ["not_yours"]


ENGINES = "engine-usage.fifo"


@pytest.fixture
def _engines(environment: Environment) -> None:
    environment.set(ENGINE_USAGE_QUEUE_ARN=f"arn:aws:sqs:us-east-1:111122223333:{ENGINES}")


@pytest.mark.usefixtures("_reporters", "_engines")
def test_engines_usage_is_taken_whole_and_keeps_that_right_while_it_waits(ledger: Ledger, queues: Queues) -> None:
    """The queue is the proof: only the connector may send there. No reporter of the stage may report this customer."""
    late = "later"
    assert call((CUSTOMERS[1], message(usage("a", CUSTOMERS[1]), usage("b", late))), queue=ENGINES, sender="X") == []
    assert executions(ledger, CUSTOMERS[1]) == 1
    [kept] = queues.take("waiting")
    activate(ledger, late)
    assert call((None, kept), queue="waiting", sender="AROAOURS:usage-queue") == []
    assert executions(ledger, late) == 1
    assert reasons(queues) == []


@pytest.mark.usefixtures("_reporters", "_engines")
def test_no_other_message_gets_the_rights_of_the_connector(ledger: Ledger, queues: Queues) -> None:
    claimed = message(usage("a", CUSTOMERS[1])) | {"sender": OWN_CONNECTOR}
    call((CUSTOMERS[1], claimed))
    call((CUSTOMERS[1], claimed), queue=f"other-{ENGINES}")
    assert executions(ledger, CUSTOMERS[1]) == 0
    assert reasons(queues) == ["not_yours"] * 2


@pytest.mark.usefixtures("_reporters")
def test_a_stage_without_engines_believes_no_queue(ledger: Ledger, queues: Queues) -> None:
    call((CUSTOMERS[1], message(usage("a", CUSTOMERS[1]))), queue=ENGINES)
    assert executions(ledger, CUSTOMERS[1]) == 0
    assert reasons(queues) == ["not_yours"]


# --- what is told -----------------------------------------------------------------------------------------------------


def test_what_became_of_queued_events_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = "waiting"
    events = [usage("a"), usage("b"), usage("a"), usage("c", quantity=-1), usage("d", "no"), usage("e", "no")]
    call((CUSTOMERS[0], message(*events)), (CUSTOMERS[0], "{"))
    call((None, message(usage("d", "no")) | {"waitingSince": iso(0)}), queue=waiting)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    counted = [
        {name: value for name, value in line.items() if name.startswith(("Queued", "Requests"))} for line in lines
    ]
    assert counted == [
        {
            "QueuedEventsRecorded": [2],
            "QueuedEventsRefused": [1],
            "QueuedEventsWaiting": [2],
            "RequestsRefused": [1],
        },
        {"QueuedEventsGaveUp": [1]},
    ]
    assert lines[0]["EventsDuplicate"] == [1], "verdicts count whichever door gave them"


def test_what_is_recorded_is_told_though_its_message_comes_again(
    capsys: pytest.CaptureFixture[str], environment: Environment
) -> None:
    environment.set(WAITING_USAGE_QUEUE_URL=f"{QUEUES}no-such-queue")
    assert call((CUSTOMERS[0], message(usage("a"), usage("b", "nobody")))) == ["m0"]
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert (line["EventsRecorded"], line["QueuedEventsRecorded"]) == ([1], [1])
    assert "QueuedEventsWaiting" not in line


def test_log_lines_name_no_user(monkeypatch: pytest.MonkeyPatch, queues: Queues) -> None:
    secret = "ann@example.com"
    ann = {"dimension": "users", "user": secret}
    busy(monkeypatch, CUSTOMERS[1])
    with log_lines(usage_queue.logger) as written:
        call(
            (CUSTOMERS[0], message(usage("a", **ann), usage("b", quantity=-1, **ann), usage("c", "nobody", **ann))),
            (CUSTOMERS[0], f"{{{secret}"),
            (CUSTOMERS[1], message(usage("d", CUSTOMERS[1], **ann))),
        )
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    told = [line for line in lines if line["message"] == "queued usage"]
    assert [(line["messageId"], line["refused"], line["waiting"], line.get("fault")) for line in told] == [
        ("m0", 1, 1, None),
        ("m1", 0, 0, "bad_json"),
    ]
    [failure] = [line for line in lines if line["message"] == "queued usage failed"]
    assert (failure["messageId"], failure["error"]) == ("m2", "Contended")
    assert secret not in written.getvalue()
    # but whoever looks after it can send the event again
    assert secret in json.dumps(queues.take("refused")) and secret in json.dumps(queues.take("waiting"))
