"""An object becomes usage once, whatever fails in between, and whatever changes afterwards."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger.tables import ENGINES
from ledger.transaction import Contended
from tests.unit.yawl.access_logs.counting import Killed, Stage
from tests.unit.yawl.access_logs.log_lines import BUCKET, KEY, engine, line, notice
from yawl.access_logs.notice import LogObject, UnreadableAccessLog
from yawl.engine import AccessLogs, Dimensions, Engine
from yawl.state.ports import Overtaken

HASH = LogObject(BUCKET, KEY).hash


def lines(number: int = 3) -> list[str]:
    return [
        line(time=f"2026-11-29T16:02:{10 + n}.186641Z", received=400 + n, sent=600, method=method)
        for n in range(number)
        for method in ("POST", "HEAD")
    ]


def test_the_events_of_an_object() -> None:
    stage = Stage()
    counted = stage.count(stage.put(KEY, reversed(lines())))
    assert (counted.engines, counted.new) == (("eng-7",), ("eng-7",))
    fields = {"source": "yawl:eng-7", "customerIdentifier": "l-0123", "occurredAt": "2026-11-29T16:02:10.186Z"}
    assert list(stage.queue.events.values()) == [
        {"id": f"yawl:eng-7:0:calls:{HASH}", **fields, "dimension": "api_calls", "quantity": "3"},
        {"id": f"yawl:eng-7:0:bytes:{HASH}", **fields, "dimension": "data_processed_gb", "quantity": "0.000003003"},
    ]


@pytest.mark.parametrize(
    ("dimensions", "sold"),
    [
        (Dimensions(calls="api_calls"), ["api_calls"]),
        (Dimensions(gigabytes="data_processed_gb"), ["data_processed_gb"]),
        (Dimensions(executions="workflow_executions"), []),
    ],
)
def test_only_what_the_stage_sells(dimensions: Dimensions, sold: list[str]) -> None:
    stage = Stage([engine(dimensions=dimensions)])
    stage.count(stage.put(KEY, lines()))
    assert [event["dimension"] for event in stage.queue.events.values()] == sold


def test_calls_without_bytes_make_no_event_of_bytes() -> None:
    stage = Stage()
    stage.count(stage.put(KEY, [line(received="-", sent=0)]))
    assert [event["dimension"] for event in stage.queue.events.values()] == ["api_calls"]


def test_an_object_without_calls_changes_nothing() -> None:
    stage = Stage()
    counted = stage.count(stage.put(KEY, [line(method="HEAD")]))
    assert counted.tally and (counted.tally.lines, counted.new, stage.queue.sent) == (1, (), [])


def test_a_repeated_notice_changes_nothing() -> None:
    stage = Stage()
    body = stage.put(KEY, lines())
    stage.count(body)
    again = stage.count(body)
    assert (again.engines, again.new, len(stage.queue.sent)) == (("eng-7",), (), 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"customers": {"": "l-9"}},
        {"epoch": 2},
        {"since": 1795968131.0},
        {"address": "https://e.example/other"},
        {"dimensions": Dimensions(calls="another")},
    ],
)
def test_a_changed_stage_bills_no_object_again(changes: dict[str, Any]) -> None:
    """Not another customer, nor in another epoch of the engine's database, nor with another count."""
    stage = Stage()
    body = stage.put(KEY, lines())
    stage.count(body)
    stage.engines = [replace(stage.engines[0], **changes)]
    stage.count(body)
    assert len(stage.queue.sent) == 1


def test_an_object_that_was_replaced_is_not_billed_again() -> None:
    stage = Stage()
    stage.count(stage.put(KEY, lines()))
    stage.count(stage.put(KEY, lines(9)))
    assert stage.queue.total("api_calls") == 3


@pytest.mark.parametrize("moment", ["dies_before", "dies_after"])
def test_a_crash_at_the_queue_loses_and_doubles_nothing(moment: str) -> None:
    """What was committed is sent with the repeated notice, as it was committed."""
    stage = Stage()
    body = stage.put(KEY, lines())
    setattr(stage.queue, moment, True)
    with pytest.raises(Killed):
        stage.count(body)
    setattr(stage.queue, moment, False)
    stage.engines = [engine(customers={"": "l-9"})]
    assert stage.count(body).new == ()
    assert (stage.queue.total("api_calls"), stage.queue.total("api_calls", "l-9")) == (3, 0)
    assert len({name for _, name in stage.queue.sent}) == 1
    sent = len(stage.queue.sent)
    stage.count(body)
    assert len(stage.queue.sent) == sent


def test_the_next_object_sends_what_a_crash_left() -> None:
    stage = Stage()
    body, another = stage.put(KEY, lines()), stage.put(f"{KEY[:-8]}1.log.gz", lines(1))
    stage.queue.dies_before = True
    with pytest.raises(Killed):
        stage.count(body)
    stage.queue.dies_before = False
    stage.count(another)
    assert stage.queue.total("api_calls") == 4


def test_engines_of_one_object_are_committed_each_by_itself() -> None:
    stage = Stage(
        [
            engine("a", access_logs=AccessLogs(bucket=BUCKET, hosts=("a.example",)), customers={"": "l-a"}),
            engine("b", access_logs=AccessLogs(bucket=BUCKET, hosts=("b.example",)), customers={"": "l-b"}),
        ]
    )
    urls = [f"https://{host}.example:443/yawl/ib" for host in "abbc"]
    body = stage.put(KEY, map(line, urls))
    stage.queue.dies_after = True
    with pytest.raises(Killed):
        stage.count(body)
    stage.queue.dies_after = False
    counted = stage.count(body)
    assert counted.new == ("b",)
    assert counted.tally and counted.tally.unmatched == 1
    assert [stage.queue.total("api_calls", customer) for customer in ("l-a", "l-b")] == [1, 2]


def test_traffic_whose_customer_is_not_known_waits_for_a_person() -> None:
    stage = Stage([engine(attributed_by="specification", customers={"Orders": "l-0123"})])
    stage.count(stage.put(KEY, lines()))
    [(message, _)] = stage.queue.sent
    assert (message.queue, message.customer) == ("unattributed", None)
    body = json.loads(message.body)
    assert (body["engine"], len(body["events"]), body["why"]) == ("eng-7", 2, "no customer by specification")


# --- What cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", UnreadableAccessLog("Amazon S3 does not give it: NoSuchKey"), ConnectionError()],
)
def test_an_object_that_cannot_be_read_raises_and_is_counted_once_it_can(content: bytes | Exception) -> None:
    stage = Stage()
    stage.objects[KEY] = content
    with pytest.raises((UnreadableAccessLog, ConnectionError)):
        stage.count(notice())
    assert stage.queue.sent == []
    stage.count(stage.put(KEY, lines()))
    assert stage.queue.total("api_calls") == 3


def test_an_object_that_ends_early_bills_nothing_of_its_beginning() -> None:
    stage = Stage()
    stage.put(KEY, lines(200))
    content = stage.objects[KEY]
    assert isinstance(content, bytes)
    stage.objects[KEY] = content[: len(content) // 2]
    with pytest.raises(UnreadableAccessLog):
        stage.count(notice())
    assert stage.queue.sent == []


def test_lines_of_another_form_are_counted_and_the_others_billed() -> None:
    stage = Stage()
    strange = [line()[:90], "", line(time="2026-13-29T16:02:00.186641Z"), line("/yawl/ib")]
    counted = stage.count(stage.put(KEY, [*lines(), *strange]))
    assert counted.tally and (counted.tally.lines, counted.tally.unreadable) == (10, 4)
    assert stage.queue.total("api_calls") == 3


def test_an_object_of_other_lines_alone_is_unreadable() -> None:
    stage = Stage()
    with pytest.raises(UnreadableAccessLog, match="none of its lines"):
        stage.count(stage.put(KEY, ["a line", "another line"]))


@pytest.mark.parametrize(
    ("key", "bucket"),
    [
        ("AWSLogs/123456789012/ELBAccessLogTestFile", BUCKET),
        (f"another/{KEY}", BUCKET),
        (KEY.replace("_elasticloadbalancing", "_elb"), BUCKET),
        (KEY, "another-bucket"),
    ],
)
def test_other_objects_are_left_alone(key: str, bucket: str) -> None:
    """They are not read: there is none in this stage."""
    counted = Stage().count(notice(key, bucket))
    assert (counted.engines, counted.tally, counted.found) == ((), None, LogObject(bucket, key))


# --- The store --------------------------------------------------------------------------------------------------------


def test_a_contended_store_is_tried_again_and_then_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, failures = Stage(), [2]

    class Contending:
        def __init__(self, of: Engine) -> None:
            self._state = stage.state_of(of)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._state, name)

        def commit(self, change: Any) -> None:
            if failures[0]:
                failures[0] -= 1
                raise Overtaken("contended") from Contended()
            self._state.commit(change)

    logs = replace(stage.logs, state_of=Contending)
    body = stage.put(KEY, lines())
    assert logs.count(body).new == ("eng-7",)
    failures[0] = 99
    with pytest.raises(Overtaken):
        logs.count(stage.put(f"{KEY[:-8]}1.log.gz", lines()))
    assert stage.queue.total("api_calls") == 3


def test_the_table_keeps_no_address_and_no_url() -> None:
    stage = Stage()
    stage.count(stage.put(KEY, [line("https://engine.example.com:443/yawl/ib?sessionHandle=HANDLE&action=x")]))
    items = stage.dynamodb.Table(ENGINES.name).query(
        KeyConditionExpression="engine = :e", ExpressionAttributeValues={":e": "eng-7#0"}
    )["Items"]
    assert [item["item"] for item in items] == [f"object#{HASH}"]
    for secret in ("HANDLE", "192.0.2.39", "engine.example.com"):
        assert secret not in f"{items} {stage.queue.sent}"


def test_a_mark_outlives_the_time_in_which_its_usage_is_taken() -> None:
    stage = Stage()
    stage.count(stage.put(KEY, lines()))
    mark = stage.dynamodb.Table(ENGINES.name).get_item(Key={"engine": "eng-7#0", "item": f"object#{HASH}"})["Item"]
    assert mark["expiresAt"] - 1795968130 > 30 * 86400


def test_bytes_are_exact_beyond_a_line() -> None:
    stage = Stage()
    stage.count(stage.put(KEY, [line(received=999_999_999_999_999, sent=1)]))
    assert stage.queue.total("data_processed_gb") == Decimal("1000000")
