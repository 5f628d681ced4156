"""What is billed, and what the ledger keeps, are together the calls and bytes of the objects, whatever happens."""

import json
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.dimensions import Dimension
from metering.seal.seal_rules import seal_dimension
from tests.unit.yawl.access_logs.counting import NOW, Killed, Stage
from tests.unit.yawl.access_logs.log_lines import BUCKET, KEY, engine, line
from usage.usage_event import UsageEvent, parse
from yawl.access_logs.notice import UnreadableAccessLog
from yawl.engine import AccessLogs

ENGINES = [
    engine("a", customers={"": "l-a"}, access_logs=AccessLogs(bucket=BUCKET, hosts=("a.example",))),
    engine("b", customers={"": "l-b"}, access_logs=AccessLogs(bucket=BUCKET, hosts=("b.example", "c.example"))),
]
CUSTOMERS = {"a.example": "l-a", "b.example": "l-b", "c.example": "l-b"}
GIGABYTES = Dimension(name="data_processed_gb", unit="GB", decimals=6)
DIMENSIONS = {"data_processed_gb": GIGABYTES, "api_calls": Dimension(name="api_calls", unit="call", scale=1000)}


class Request(NamedTuple):
    host: str
    port: str
    method: str
    status: str
    received: int
    sent: int
    second: int

    @property
    def counts(self) -> bool:
        return self.method in ("POST",) and self.status == "200" and self.host in CUSTOMERS

    def line(self) -> str:
        time = f"2026-11-29T16:0{self.second // 60}:{self.second % 60:02d}.186641Z"
        url = f"https://{self.host}{self.port}/yawl/ib"
        values = {"status": self.status, "target_status": self.status, "received": self.received, "sent": self.sent}
        return line(url, time=time, method=self.method, **values)  # type: ignore[arg-type]  # each has its type


requests = st.builds(
    Request,
    host=st.sampled_from(["a.example", "b.example", "c.example", "d.example", "10.0.0.1"]),
    port=st.sampled_from([":443", ":8443", ""]),
    method=st.sampled_from(["POST", "POST", "HEAD", "OPTIONS"]),
    status=st.sampled_from(["200", "200", "404", "502"]),
    received=st.integers(0, 10**7),
    sent=st.one_of(st.integers(0, 2000), st.integers(0, 10**14)),
    second=st.integers(0, 299),
)
objects = st.lists(st.lists(requests, min_size=1, max_size=8), min_size=1, max_size=5)
#: What happens to the notices, one after another: which object, and what fails.
happenings = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["", "", "before", "after", "unreadable"])), max_size=12
)


def expected(of: list[list[Request]], customer: str) -> tuple[int, int]:
    mine = [each for requests in of for each in requests if each.counts and CUSTOMERS[each.host] == customer]
    return len(mine), sum(each.received + each.sent for each in mine)


@given(objects, happenings)
def test_each_object_counts_once_to_the_byte(of: list[list[Request]], happens: list[tuple[int, str]]) -> None:
    """Notices are lost to crashes and unreadable objects, repeated, and mixed; in the end each comes once more."""
    stage = Stage(ENGINES)
    bodies = [stage.put(f"{KEY[:-8]}{n}.log.gz", [each.line() for each in each_of]) for n, each_of in enumerate(of)]
    for number, fault in [*happens, *((n, "") for n in range(len(of)))]:
        key = json.loads(bodies[number % len(of)])["detail"]["object"]["key"]
        content = stage.objects[key]
        assert isinstance(content, bytes)
        stage.queue.dies_before, stage.queue.dies_after = fault == "before", fault == "after"
        if fault == "unreadable":
            stage.objects[key] = content[:-1]
        try:
            stage.count(bodies[number % len(of)])
        except (Killed, UnreadableAccessLog):
            assert fault
        stage.objects[key] = content
    for customer in ("l-a", "l-b"):
        recorded = (stage.queue.total("api_calls", customer), stage.queue.total("data_processed_gb", customer) * 10**9)
        assert recorded == expected(of, customer)


@given(objects)
def test_every_event_is_one_that_the_ledger_takes_and_as_it_is(of: list[list[Request]]) -> None:
    stage = Stage(ENGINES)
    for number, requests_of in enumerate(of):
        stage.count(stage.put(f"{KEY[:-8]}{number}.log.gz", [each.line() for each in requests_of]))
    for event in stage.queue.events.values():
        read = parse(json.loads(json.dumps(event)), DIMENSIONS, NOW)
        assert isinstance(read, UsageEvent)
        assert read.quantity == Decimal(event["quantity"])


@given(
    st.lists(st.lists(st.integers(0, 10**13), max_size=4), min_size=1, max_size=8),
    st.sampled_from([None, Decimal(-1), Decimal(0), Decimal(3), Decimal("0.5")]),
    st.integers(0, 6),
    st.sampled_from([1, 1000]),
)
def test_what_is_billed_and_what_is_left_are_the_bytes(
    hours: list[list[int]], allowance: Decimal | None, decimals: int, scale: int
) -> None:
    """Hour after hour, with what a contract includes: billed, included and the balance's remainder lose no byte."""
    dimension = Dimension(name="data_processed_gb", unit="GB", decimals=decimals, scale=scale)
    remainder, used = Decimal(0), dict[str, Decimal]()
    billed = included = Decimal(0)
    for hour in hours:
        counted = sum((Decimal(each).scaleb(-9) for each in hour), Decimal(0))
        sealed = seal_dimension(dimension, {"2026-11": counted}, allowance=allowance, used=used, remainder=remainder)
        remainder, used = sealed.remainder, dict(sealed.used)
        billed += sealed.quantity
        included += sum(sealed.included.values(), Decimal(0))
        assert sealed.quantity == round(sealed.quantity, decimals)
    assert (billed * scale + included + remainder) * 10**9 == sum(map(sum, hours))
    assert remainder < Decimal(scale).scaleb(-decimals)


@pytest.mark.parametrize("number", [1, 999, 1000, 1001, 10**9 - 1, 10**9, 123_456_789_012_345])
def test_a_number_of_bytes_is_recorded_as_itself(number: int) -> None:
    stage = Stage()
    stage.count(stage.put(KEY, [line(received=number, sent=0)]))
    assert stage.queue.total("data_processed_gb") * 10**9 == number
