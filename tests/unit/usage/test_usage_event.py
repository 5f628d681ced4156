"""An event is checked field by field; what cannot be read is refused by name."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.dimensions import Dimension
from marketplace.usage_allocations import Allocation, tag_set, usage_allocation
from marketplace_local.rules.request_form import tags_are_plain
from marketplace_local.rules.usage_record import UsageRecord
from runtime.clock import from_iso
from usage.usage_event import Refusal, UsageEvent, Void, parse

NOW = from_iso("2026-11-15T12:00:00Z")
DIMENSIONS = {
    "executions": Dimension(name="executions", unit="execution"),
    "users": Dimension(name="users", unit="user", aggregation="distinct"),
    "peak": Dimension(name="peak", unit="node", aggregation="max"),
    "bytes": Dimension(name="bytes", unit="byte", scale=10**9),
}
MISSING = object()


def body(**changes: Any) -> dict[str, Any]:
    event = {
        "id": "e-1",
        "source": "engine",
        "customerIdentifier": "cust-1",
        "dimension": "executions",
        "quantity": Decimal(3),
        "occurredAt": "2026-11-15T08:00:00.250Z",
    } | changes
    return {name: value for name, value in event.items() if value is not MISSING}


def read(now: float = NOW, **changes: Any) -> UsageEvent:
    event = parse(body(**changes), DIMENSIONS, now)
    assert isinstance(event, UsageEvent)
    return event


def reason(event: object) -> str:
    with pytest.raises(Refusal) as refused:
        parse(event, DIMENSIONS, NOW)
    assert refused.value.message
    return refused.value.reason


def test_an_event_is_read_whole() -> None:
    event = read(user="ann", tags={"team": "blue"})
    assert event == UsageEvent(
        id="e-1",
        source="engine",
        customer_identifier="cust-1",
        dimension=DIMENSIONS["executions"],
        quantity=Decimal(3),
        occurred_at=from_iso("2026-11-15T08:00:00.250Z"),
        received_at=NOW,
        user="ann",
        tags={"team": "blue"},
    )
    assert event.period == "2026-11"


@pytest.mark.parametrize("event", [None, [], "event", 1, True, [body()]])
def test_an_event_is_an_object(event: object) -> None:
    assert reason(event) == "bad_event"


def test_an_unknown_field_is_refused_by_name() -> None:
    with pytest.raises(Refusal, match="'qantity'"):
        parse(body(qantity=1), DIMENSIONS, NOW)
    assert reason(body() | {"\ud800": 1}) == "bad_event"


@pytest.mark.parametrize("event_id", ["a", "x" * 128, "!~", "event#1|2", "3f2b-uuid"])
def test_ids(event_id: str) -> None:
    assert read(id=event_id).id == event_id


@pytest.mark.parametrize("event_id", ["", "x" * 129, "a b", "a\n", "a\x00", "é", "\ud800", 1, None, ["a"], {}, MISSING])
def test_bad_ids(event_id: Any) -> None:
    assert reason(body(id=event_id)) == "bad_id"


@pytest.mark.parametrize("customer", ["", "x" * 129, "a b", "a|b", "a/b", "ü", "c\n", 7, None, MISSING])
def test_bad_customers(customer: Any) -> None:
    assert reason(body(customerIdentifier=customer)) == "bad_event"


@pytest.mark.parametrize("source", ["", "x" * 257, "a\nb", "\x7f", "\ud800", 7, None, MISSING])
def test_bad_sources(source: Any) -> None:
    assert reason(body(source=source)) == "bad_event"


@pytest.mark.parametrize("source", ["x" * 256, "Ü engine 1", "😀"])
def test_sources(source: str) -> None:
    assert read(source=source).source == source


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("dimension", ["", "Executions", "executions ", 1, None, True, ["users"], {}, MISSING])
def test_unknown_dimensions(dimension: Any) -> None:
    assert reason(body(dimension=dimension)) == "unknown_dimension"


@pytest.mark.parametrize("field", ["id", "source", "customerIdentifier", "dimension", "quantity", "occurredAt", "user"])
def test_no_depth_of_nesting_is_more_than_a_refusal(field: str) -> None:
    deep = nested(100_000)
    assert reason(body(**{field: deep})) in {"bad_id", "bad_event", "unknown_dimension", "bad_quantity"}
    while deep:  # freed layer by layer
        deep = deep.pop()


@pytest.mark.parametrize("quantity", [MISSING, None, True, "junk", Decimal("NaN"), Decimal(-1), Decimal("1e400"), []])
@pytest.mark.parametrize("dimension", ["executions", "peak"])
def test_bad_quantities(dimension: str, quantity: Any) -> None:
    assert reason(body(dimension=dimension, quantity=quantity)) == "bad_quantity"


@pytest.mark.parametrize(
    ("dimension", "largest"),
    [("executions", 2_147_483_647), ("peak", 2_147_483_647), ("bytes", 2_147_483_647 * 10**9)],
)
def test_an_event_fills_one_line_of_its_dimension_at_most(dimension: str, largest: int) -> None:
    """What is more could not be billed in any hour. Three gigabytes are 3,000,000,000 bytes."""
    assert read(dimension=dimension, quantity=Decimal(largest)).quantity == largest
    assert reason(body(dimension=dimension, quantity=Decimal(largest + 1))) == "bad_quantity"


def test_zero_is_a_quantity() -> None:
    assert read(quantity=Decimal(0)).quantity == 0


@pytest.mark.parametrize("quantity", [MISSING, 1, Decimal("1.0"), "1"])
def test_a_distinct_user_is_one(quantity: Any) -> None:
    assert read(dimension="users", quantity=quantity, user="ann").quantity == 1


@pytest.mark.parametrize("quantity", [0, 2, Decimal("0.5"), "2", None, True, False, [], "one"])
def test_a_distinct_user_is_nothing_but_one(quantity: Any) -> None:
    assert reason(body(dimension="users", quantity=quantity, user="ann")) == "bad_quantity"


@pytest.mark.parametrize("user", [MISSING, None])
def test_a_distinct_dimension_needs_the_user(user: Any) -> None:
    assert reason(body(dimension="users", quantity=1, user=user)) == "user_required"
    assert read(user=user).user is None


@pytest.mark.parametrize("user", ["", "x" * 257, "a\tb", "\udfff", 1, ["ann"], {}])
def test_bad_users(user: Any) -> None:
    assert reason(body(user=user)) == "bad_event"
    assert reason(body(dimension="users", quantity=1, user=user)) == "bad_event"


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-15T08:00:00.250Z",
        "2026-11-15T08:00:00.2501Z",
        "2026-11-15T09:00:00.250+01:00",
        "2026-11-15T02:30:00.250-05:30",
        "2026-11-15t08:00:00.250z",
    ],
)
def test_one_moment_in_any_form_is_one_content(moment: str) -> None:
    assert read(occurredAt=moment).content == read().content


@pytest.mark.parametrize(
    "moment",
    [
        *["", "now", "2026-11-15", "2026-11-15T08:00:00", "2026-13-01T00:00:00Z", "2026-11-31T00:00:00Z"],
        *["2026-11-15T25:00:00Z", "\ud800", "2026-11-15T08:00:00Z" + " " * 30],
        *["2026-11-15T12:00:00Z\0", "2026-11-15T12:00:00 Z", "2026-11-15 12:00:00Z", "2026-11-15T12:00:00Z\n"],
        *["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "9999-12-31T23:59:59.9999Z"],
        *[1763193600, Decimal("1763193600.5"), None, True, [], MISSING],
    ],
)
def test_bad_moments(moment: Any) -> None:
    """The last strings are moments of the year 0 or 10000 in UTC, of which no ISO form exists."""
    assert reason(body(occurredAt=moment)) == "bad_event"


@pytest.mark.parametrize("tags", [None, MISSING, {}])
def test_no_tags(tags: Any) -> None:
    assert read(tags=tags).tags == {}
    assert "tags" not in read(tags=tags).content


@pytest.mark.parametrize("tags", [{"n" * 100: "v" * 256}, {str(n): "v" for n in range(5)}, {"a+b -=._:/@9": "Z z"}])
def test_tags(tags: dict[str, str]) -> None:
    assert read(tags=tags).tags == tags


@pytest.mark.parametrize(
    "tags",
    [
        *[[], "", 0, False, "team", ["a"]],
        *[{"n" * 101: "v"}, {"n": "v" * 257}, {str(n): "v" for n in range(6)}],
        *[{"": "v"}, {"n": ""}, {"n": 1}, {"n": None}, {"n": {}}, {"n": "\ud800"}, {"\ud800": "v"}, {"n": "a\nb"}],
        *[{"Größe": "v"}, {"n": "é"}, {"n": '"'}, {"n": "a,b"}, {"n": "a;b"}, {"n": "a\n"}],
    ],
)
def test_bad_tags(tags: Any) -> None:
    assert reason(body(tags=tags)) == "bad_event"


def test_a_bad_tag_is_named() -> None:
    with pytest.raises(Refusal, match="'cost centre;'"):
        parse(body(tags={"team": "blue", "cost centre;": "7"}), DIMENSIONS, NOW)


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.text(min_size=1, max_size=3), max_size=2))
def test_what_is_taken_as_tags_marketplace_takes(tags: dict[str, str]) -> None:
    """What it refuses would hold up the whole line, and with it everybody's units of that hour."""
    try:
        event = read(tags=tags)
    except Refusal:
        return
    allocations = [usage_allocation(Allocation(tag_set(event.tags), Decimal(1)), 0)]
    tags_are_plain(UsageRecord.of({"Timestamp": 0, "Dimension": "d", "UsageAllocations": allocations}))


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "other"},
        {"quantity": Decimal(4)},
        {"occurredAt": "2026-11-15T08:00:00.251Z"},
        {"user": "ann"},
        {"tags": {"a": "b"}},
        {"dimension": "peak"},
    ],
)
def test_every_field_is_content(changes: dict[str, Any]) -> None:
    assert read(**changes).content != read().content


def test_an_equal_quantity_written_otherwise_is_equal_content() -> None:
    assert read(quantity="3.000000").content == read(quantity=Decimal("3")).content


def test_content_does_not_name_the_user() -> None:
    content = read(user="ann@example.com").content
    assert "ann@example.com" not in str(content)
    assert content != read(user="bob@example.com").content


COMPOSED, DECOMPOSED = "José", "Jose\u0301"


@pytest.mark.parametrize("field", ["user", "source"])
def test_a_name_is_one_however_its_accents_are_composed(field: str) -> None:
    """Unicode NFC: file systems and keyboards differ, the person is the same."""
    composed: dict[str, Any] = {field: COMPOSED}
    decomposed: dict[str, Any] = {field: DECOMPOSED}
    one, other = read(**composed), read(**decomposed)
    assert COMPOSED != DECOMPOSED
    assert (one, one.content) == (other, other.content)


@pytest.mark.parametrize("other", ["josé", "José ", " José", "Jose", "ＪＯＳÉ"])
def test_case_blanks_and_width_are_the_senders(other: str) -> None:
    assert read(user=other).content != read(user=COMPOSED).content


def test_a_void_is_read_whole() -> None:
    void = {"void": "e-1", "source": "Jose\u0301", "customerIdentifier": "cust-1"}
    assert parse(void, DIMENSIONS, NOW) == Void(id="e-1", source="José", customer_identifier="cust-1")


@pytest.mark.parametrize("missing", ["source", "customerIdentifier"])
def test_a_void_says_whose_event_and_who_takes_it_back(missing: str) -> None:
    void = {"void": "e-1", "source": "people", "customerIdentifier": "cust-1"}
    del void[missing]
    assert reason(void) == "bad_event"


junk = st.recursive(
    st.none() | st.booleans() | st.decimals() | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*body(), "user", "tags", "void"]), junk, max_size=4))
def test_no_json_is_more_than_a_refusal(changes: dict[str, Any]) -> None:
    try:
        event = parse(body() | changes, DIMENSIONS, NOW)
    except Refusal:
        return
    assert event == parse(body() | changes, DIMENSIONS, NOW)


def test_a_sender_whose_clock_is_ahead_counts_in_the_month_it_is_received_in() -> None:
    """Within 5 minutes "in the future" counts as now, or one user would be two at the month's turn."""
    last_minute = from_iso("2026-11-30T23:57:00Z")
    ahead = read(last_minute, occurredAt="2026-12-01T00:00:30Z")
    assert (ahead.period, ahead.content["occurredAt"]) == ("2026-11", "2026-12-01T00:00:30Z")
    assert read(last_minute + 600, occurredAt="2026-11-30T23:50:00Z").period == "2026-11"
