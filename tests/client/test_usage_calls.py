"""What a call may say: all that passes here is taken by the API's own parser, and what is wrong is said at once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.billing_identity import BILLING_KEY
from marketplace.dimensions import Dimension
from marketplace.quantity import BadQuantity
from marketplace.quantity import parse as parse_quantity
from tests.client.app import body
from tests.client.door import DIMENSIONS, START, Door
from usage.usage_event import UsageEvent, parse
from yawl_metering import ClientClosed, InvalidUsage, Settings, UsageClient
from yawl_metering import usage as usage_rules
from yawl_metering.usage import (
    LARGEST,
    Usage,
    customer_of,
    event_id_of,
    moment_of,
    name_of,
    plain,
    quantity_of,
    tags_of,
)

TEXT = st.text(max_size=20)


def test_a_customer_is_a_billing_key() -> None:
    assert usage_rules._CUSTOMER.pattern == BILLING_KEY.pattern


@given(
    customer=TEXT,
    source=TEXT,
    user=TEXT,
    event_id=TEXT,
    tags=st.dictionaries(TEXT, TEXT, max_size=6),
    seconds=st.floats(-86400, 299),
)
def test_what_the_client_takes_the_api_reads(
    customer: str, source: str, user: str, event_id: str, tags: dict[str, str], seconds: float
) -> None:
    try:
        usage = Usage(
            customer_of(customer or "l-1"),
            "active_users",
            name_of(source, "source"),
            Decimal(1),
            moment_of(START + seconds, START),
            name_of(user, "user"),
            tags_of(tags),
        )
        event_id_of(event_id)
    except InvalidUsage:
        return
    event = parse(json.loads(json.dumps(body(usage, event_id))), DIMENSIONS, START)
    assert isinstance(event, UsageEvent)
    assert (event.id, event.user, dict(event.tags), event.source) == (event_id, usage.user, tags, usage.source)
    assert event.occurred_at == usage.moment
    assert 0 <= START + seconds - event.occurred_at < 0.0011


@given(
    st.one_of(
        st.decimals(),
        st.integers(),
        st.sampled_from(
            ["1", "0.000001", "1e3", "-0", " 1", "1_0", "NaN", "0.0000001", "1e18", "9999999999999999000.000001"]
        ),
    )
)
def test_quantities_are_those_of_the_api(value: Any) -> None:
    """But for Decimals with more than 40 digits, which only the API counts as too many, and for 7 to 9 decimals, which
    only the API takes."""
    try:
        ours: Decimal | None = quantity_of(value)
    except InvalidUsage:
        ours = None
    try:
        theirs: Decimal | None = parse_quantity(plain(ours) if ours is not None else value, LARGEST)
    except BadQuantity:
        theirs = None
    if ours is None and theirs is not None and theirs % Decimal("0.000001"):
        return
    assert ours == theirs


@pytest.mark.parametrize(
    ("value", "expected"), [(0.1 + 0.2, "0.3"), (1e-6, "0.000001"), (2.5, "2.5"), (1e9, "1000000000"), (0.0, "0")]
)
def test_floats_are_rounded_to_six_decimals(value: float, expected: str) -> None:
    assert plain(quantity_of(value)) == expected


@pytest.mark.parametrize(
    "value",
    [
        4e-7,
        float("nan"),
        float("inf"),
        -1.0,
        1.1e19,
        True,
        None,
        b"1",
        "1,5",
        Decimal("1e-7"),
        Decimal("sNaN"),
        10**400,
    ],
)
def test_quantities_that_are_none(value: Any) -> None:
    """A float that would be rounded to nothing is one: such usage would vanish."""
    with pytest.raises(InvalidUsage):
        quantity_of(value)


def test_moments_are_cut_so_that_no_hour_is_crossed() -> None:
    assert moment_of(START + 3599.9999, START + 3600) == START + 3599.999
    assert moment_of(None, START + 3599.99999) == START + 3599.999
    assert moment_of(datetime(2026, 11, 15, 8, tzinfo=UTC), START) == START


@pytest.mark.parametrize("value", [START + 301, START - 31 * 86400, float("nan"), datetime(2026, 11, 15)])  # noqa: DTZ001
def test_moments_that_cannot_be_billed(value: Any) -> None:
    with pytest.raises(InvalidUsage):
        moment_of(value, START)


@pytest.fixture
def client(tmp_path: Path) -> Any:
    with UsageClient(
        "app", Door, tmp_path / "spool", settings=Settings(dimensions={**Settings().dimensions, "peak": "max"})
    ) as made:
        yield made


WRONG: list[Callable[[UsageClient], None]] = [
    lambda c: c.record("l-1", "unknown"),
    lambda c: c.record("l 1", "api_calls"),
    lambda c: c.record("l:1", "api_calls"),  # no billing key has it
    lambda c: c.record("-l1", "api_calls"),
    lambda c: c.record("l-1", "active_users"),
    lambda c: c.record("l-1", "active_users", 2, user="ann"),
    lambda c: c.record("l-1", "api_calls", -1),
    lambda c: c.record("l-1", "api_calls", source=""),
    lambda c: c.record("l-1", "api_calls", tags={"a": ""}),
    lambda c: c.record("l-1", "api_calls", tags={str(n): "x" for n in range(6)}),
    lambda c: c.record("l-1", "api_calls", event_id="e-1"),
    lambda c: c.record("l-1", "api_calls", event_id="a b", occurred_at=datetime.now(UTC)),
    lambda c: c.record("l-1", "api_calls", occurred_at=datetime.now(UTC) + timedelta(hours=1)),
    lambda c: c.record_active_users("l-1", 5),
    lambda c: c.record_active_user("l-1", ""),
]


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_call_is_said_at_once_and_records_nothing(
    client: UsageClient, call: Callable[[UsageClient], None]
) -> None:
    with pytest.raises(InvalidUsage):
        call(client)
    stats = client.stats()
    assert (stats.calls, stats.pending, stats.open_groups) == (0, 0, 0)


def test_a_wrong_user_is_not_repeated_in_the_error(client: UsageClient) -> None:
    with pytest.raises(InvalidUsage) as error:
        client.record_active_user("l-1", "ann\n@example.com")
    assert "ann" not in str(error.value)


def test_each_call_has_its_dimension(tmp_path: Path) -> None:
    door = Door()
    now = datetime.fromtimestamp(START, UTC)
    settings = Settings(dimensions={**Settings().dimensions, "peak_nodes": "max"})
    with UsageClient("app", lambda: door, tmp_path, settings=settings, clock=lambda: START) as client:
        client.record_workflow_execution("l-1")
        client.record_workflow_execution("l-1", execution_id="case-7", occurred_at=now)
        client.record_active_user("l-1", "ann")
        client.record_data_processed("l-1", 0.25)
        client.record_api_calls("l-1", 12)
        client.record_worklet_invocation("l-1", 2, tags={"team": "a"}, source="worklets")
        client.record("l-1", "peak_nodes", "7")
    assert {name: plain(total) for (_, name), total in door.totals().items()} == {
        "workflow_executions": "2",
        "active_users": "1",
        "data_processed_gb": "0.25",
        "api_calls": "12",
        "worklet_invocations": "2",
        "peak_nodes": "7",
    }
    assert ("l-1", "case-7") in door.stored
    assert [event.tags for event in door.stored.values() if event.source == "worklets"] == [{"team": "a"}]


def test_users_as_a_count_need_a_dimension_of_highest_counts(tmp_path: Path) -> None:
    sent = Door()
    settings = Settings(dimensions={"active_users": "max"})
    with UsageClient("app", lambda: sent, tmp_path, settings=settings, clock=lambda: START) as client:
        client.record_active_users("l-1", 25)
        client.record_active_users("l-1", 20)
        assert client.flush() is True
    assert [request[0]["quantity"] for request in sent.requests] == ["25"]


def test_after_closing_nothing_is_taken(tmp_path: Path) -> None:
    client = UsageClient("app", Door, tmp_path)
    assert client.close() is True
    assert client.close() is True
    with pytest.raises(ClientClosed):
        client.record_api_calls("l-1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"flush_interval": 301},
        {"flush_interval": 0},
        {"sync": "never"},
        {"max_spool_bytes": 1},
        {"dimensions": {"a": "avg"}},
        {"keep": -1},
        {"first_backoff": 0},
    ],
)
def test_settings_that_cannot_be_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)


def test_the_largest_quantity_is_that_of_the_coarsest_dimension() -> None:
    """The client does not know scales; what a dimension cannot bill the API refuses by name."""
    assert Dimension(name="bytes", unit="byte", scale=10**9, decimals=6).largest_event == LARGEST


def test_a_name_is_one_however_its_accents_are_composed() -> None:
    """Else one event would be two contents, and a user known to be counted would be sent again."""
    assert name_of("Jose\u0301", "user") == name_of("José", "user") == "José"
    assert name_of("josé ", "user") == "josé "


def test_a_ready_event_is_sent_word_for_word(tmp_path: Path) -> None:
    door = Door()
    event = {
        "id": "yawl:eng-7:1:case:42#1",
        "source": "yawl:eng-7",
        "customerIdentifier": "l-1",
        "dimension": "workflow_executions",
        "quantity": 1,
        "occurredAt": "2026-11-15T07:59:00.123Z",
    }
    with UsageClient("app", lambda: door, tmp_path, clock=lambda: START) as client:
        client.record_event(event)
        client.record_event(event)
        with pytest.raises(InvalidUsage, match="given to another event"):
            client.record_event({**event, "quantity": 2})
    assert door.requests == [[event]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": None},
        {"id": "a b"},
        {"customerIdentifier": None},
        {"quantity": float("nan")},
        {"quantity": Decimal(1)},
        {"user": "x" * 20_000},
    ],
)
def test_a_ready_event_that_cannot_be_sent_is_refused_at_once(client: UsageClient, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidUsage):
        client.record_event({"id": "e-1", "customerIdentifier": "l-1", **wrong})
    assert client.stats().pending == 0
