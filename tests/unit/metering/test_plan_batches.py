"""Which lines are sent, in which order and company."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.metering_record import ENDED, AllocationSummary, Line, MeteringRecord
from ledger.subscriber import Subscriber
from marketplace.hour import ALONE_BELOW, deadline
from marketplace.meter_usage import MAX_BYTES, MAX_RECORDS
from metering.run import LineKey
from metering.send.plan_batches import LAST_CHANCE, RECHECK, Candidate, batches, candidates, is_due
from runtime.clock import from_iso

HOUR = int(from_iso("2026-11-15T08:00:00Z"))
DEADLINE = deadline(HOUR)
NOW = HOUR + 4200.0
SUBSCRIBER = Subscriber(customer_identifier="c", integration="legacy", status="active", status_changed_at=50)
LEGACY = {"integration": "legacy", "productCode": "p", "customerIdentifier": "c"}
LICENSE = {"integration": "license", "productCode": "p", "licenseArn": "arn", "customerAWSAccountId": "1"}


def line(verdict: str | None = None, **changes: Any) -> Line:
    made = Line(dimension="d", quantity=Decimal(1), counted=Decimal(1), deadline=DEADLINE, verdict=verdict)
    return replace(made, **changes)


def record(*lines: Line, customer: str = "c", hour: int = HOUR, **changes: Any) -> MeteringRecord:
    made = MeteringRecord(
        customer_identifier=customer,
        hour=hour,
        state="sealed",
        version=1,
        lines={each.dimension: each for each in lines},
        identity=LEGACY,
        sent_timestamp=hour,
    )
    return replace(made, **changes)


@pytest.mark.parametrize("verdict", [None, "rejected", "not_subscribed"])
def test_a_pending_line_is_due(verdict: str | None) -> None:
    assert is_due(line(verdict), SUBSCRIBER, NOW)


@pytest.mark.parametrize("verdict", sorted(ENDED))
def test_an_ended_line_is_not_due(verdict: str) -> None:
    assert not is_due(line(verdict), SUBSCRIBER, NOW)


@pytest.mark.parametrize(("before", "due"), [(1, True), (0.001, True), (0, False), (-1, False)])
def test_nothing_is_sent_from_its_deadline_on(before: float, due: bool) -> None:
    assert is_due(line(), SUBSCRIBER, DEADLINE - before) is due


@pytest.mark.parametrize(("waited", "due"), [(0, False), (3600, False), (RECHECK - 1, False), (RECHECK, True)])
def test_an_unsubscribed_buyers_line_is_tried_again_every_four_hours(waited: float, due: bool) -> None:
    parked = line("not_subscribed", at=NOW, status_changed_at=50)
    assert is_due(parked, SUBSCRIBER, NOW + waited) is due
    assert is_due(parked, None, NOW + waited) is due


@pytest.mark.parametrize(
    ("stored", "now_known", "due"), [(50, 50, False), (50, 51, True), (None, 50, True), (50, None, True)]
)
def test_an_unsubscribed_buyers_line_is_tried_when_the_status_changes(
    stored: int | None, now_known: int | None, due: bool
) -> None:
    """H11: compared with what was read before the call, so that no notice is overlooked."""
    parked = line("not_subscribed", at=NOW, status_changed_at=stored)
    assert is_due(parked, replace(SUBSCRIBER, status_changed_at=now_known), NOW + 60) is due


@pytest.mark.parametrize(
    ("asked", "now", "due"),
    [
        (DEADLINE - 7200, DEADLINE - LAST_CHANCE - 1, False),
        (DEADLINE - 7200, DEADLINE - LAST_CHANCE, True),
        (DEADLINE - LAST_CHANCE, DEADLINE - 60, False),
        (DEADLINE - LAST_CHANCE - 1, DEADLINE - 60, True),
    ],
)
def test_an_unsubscribed_buyers_line_is_tried_before_its_deadline(asked: float, now: float, due: bool) -> None:
    assert is_due(line("not_subscribed", at=asked, status_changed_at=50), SUBSCRIBER, now) is due


@pytest.mark.parametrize("state", ["open", "closing"])
def test_only_sealed_records_are_sent(state: str) -> None:
    assert candidates(record(line(), state=state, sent_timestamp=None), SUBSCRIBER, NOW) == []


def test_a_record_sealed_without_an_identity_is_never_sent() -> None:
    assert candidates(record(line(), identity={}), SUBSCRIBER, NOW) == []


@pytest.mark.parametrize(
    ("left", "verdict", "alone"),
    [
        (ALONE_BELOW, None, False),
        (ALONE_BELOW - 1, None, True),
        (ALONE_BELOW, "not_subscribed", False),
        (9 * 3600, "rejected", True),
    ],
)
def test_rejected_and_urgent_lines_travel_alone(left: int, verdict: str | None, alone: bool) -> None:
    [found] = candidates(record(line(verdict)), SUBSCRIBER, DEADLINE - left)
    assert found.alone is alone


def order_of(*planned: tuple[str, MeteringRecord, Subscriber]) -> list[str]:
    found = [each for _, made, subscriber in planned for each in candidates(made, subscriber, NOW)]
    names = {made.customer_identifier: name for name, made, _ in planned}
    return [names[key[0]] for batch in batches(found) for key in batch]


def test_the_most_urgent_first_and_known_bad_ones_last() -> None:
    leaving = replace(SUBSCRIBER, accepts_until=int(NOW) + 60)
    month_end = int(from_iso("2026-11-30T23:00:00Z"))
    assert order_of(
        ("rejected though leaving", record(line("rejected"), customer="a"), leaving),
        ("parked", record(line("not_subscribed"), customer="b"), SUBSCRIBER),
        ("newer", record(line(), customer="c"), SUBSCRIBER),
        ("oldest", record(line(), customer="d", hour=HOUR - 3600), SUBSCRIBER),
        ("month's end", record(line(deadline=month_end + 7 * 3600), customer="e", hour=month_end), SUBSCRIBER),
        ("leaving", record(line(), customer="f"), leaving),
    ) == ["leaving", "month's end", "oldest", "newer", "parked", "rejected though leaving"]


def test_known_bad_lines_take_turns() -> None:
    """A pass has room for so many requests, and each of these is one: what was tried longest ago goes first, or those
    that stay broken would take the calls of those that have been mended, until their deadline."""
    customers = ["a", "b", "c", "d", "e"]
    tried: dict[str, float] = dict.fromkeys(customers, NOW - 60)
    room, passes = 2, []
    for number in range(3):
        made = [(c, record(line("rejected", at=tried[c]), customer=c, hour=HOUR), SUBSCRIBER) for c in customers]
        passes.append(order_of(*made)[:room])
        tried |= dict.fromkeys(passes[-1], NOW + number)
    assert passes == [["a", "b"], ["c", "d"], ["e", "a"]]


def test_urgency_comes_before_turns() -> None:
    leaving = replace(SUBSCRIBER, accepts_until=int(NOW) + 60)
    assert order_of(
        ("long ago", record(line("rejected", at=NOW - 9000), customer="a"), SUBSCRIBER),
        ("just now, leaving", record(line("rejected", at=NOW - 1), customer="b"), leaving),
    ) == ["just now, leaving", "long ago"]


def candidate(number: int, batch_key: str = "p", size: int = 300, alone: bool = False) -> Candidate:
    return Candidate((f"c{number:04}", HOUR, "d"), batch_key, size, alone, False, (alone, 0))


@pytest.mark.parametrize(("lines", "sizes"), [(0, []), (1, [1]), (25, [25]), (26, [25, 1]), (51, [25, 25, 1])])
def test_a_request_has_at_most_25_records(lines: int, sizes: list[int]) -> None:
    assert [len(batch) for batch in batches(candidate(number) for number in range(lines))] == sizes


@pytest.mark.parametrize(("size", "sizes"), [(499_999, [2, 2]), (500_000, [1, 1, 1, 1]), (333_333, [3, 1])])
def test_a_request_stays_under_a_megabyte(size: int, sizes: list[int]) -> None:
    assert [len(batch) for batch in batches(candidate(number, size=size) for number in range(4))] == sizes


@pytest.mark.parametrize(("size", "sizes"), [(499_000, [2, 1]), (500_000, [1, 1, 1]), (900_000, [1, 1, 1])])
def test_lines_with_allocations_are_packed_by_their_stored_size(size: int, sizes: list[int]) -> None:
    """25 lines with 2,500 sets each would be far beyond a request's megabyte; planning reads none of them."""
    allocated = AllocationSummary(parts=3, size=size, sets=2000)
    found = [
        each
        for number in range(3)
        for each in candidates(record(line(allocations=allocated), customer=f"c{number}"), SUBSCRIBER, NOW)
    ]
    assert [len(batch) for batch in batches(found)] == sizes
    assert all(each.size < MAX_BYTES for each in found)


def test_products_and_shapes_of_identity_never_share_a_request() -> None:
    mixed = [candidate(number, batch_key=str(number % 3)) for number in range(9)]
    assert [len(batch) for batch in batches(mixed)] == [3, 3, 3]
    shapes = [
        *candidates(record(line()), SUBSCRIBER, NOW),
        *candidates(record(line(), customer="x", identity=LICENSE), SUBSCRIBER, NOW),
    ]
    assert [len(batch) for batch in batches(shapes)] == [1, 1]


@given(
    st.lists(
        st.tuples(st.sampled_from("pq"), st.sampled_from([300, 300_000, 999_999, 2_000_000]), st.booleans()),
        max_size=80,
    )
)
def test_every_line_is_in_one_request_within_the_limits(rows: Sequence[tuple[str, int, bool]]) -> None:
    found = [candidate(number, *row) for number, row in enumerate(rows)]
    by_key: dict[LineKey, Candidate] = {each.key: each for each in found}
    packed = batches(found)
    assert sorted(key for batch in packed for key in batch) == sorted(by_key)
    for batch in packed:
        members = [by_key[key] for key in batch]
        assert 1 <= len(members) <= MAX_RECORDS
        assert len({member.batch_key for member in members}) == 1
        assert len(members) == 1 or (
            not any(member.alone for member in members) and sum(member.size for member in members) < MAX_BYTES
        )


@given(
    st.lists(
        st.tuples(st.sampled_from(["p", "q", "r"]), st.sampled_from(["license", "legacy"]), st.booleans()), max_size=120
    )
)
def test_a_batch_never_mixes_products_or_integrations(drawn: list[tuple[str, str, bool]]) -> None:
    found, of = [], {}
    for number, (product, integration, month_end) in enumerate(drawn):
        customer = f"c{number}"
        own = LEGACY if integration == "legacy" else LICENSE
        hour = int(from_iso("2026-11-30T22:00:00Z")) if month_end else HOUR
        made = record(
            line(deadline=deadline(hour)), customer=customer, hour=hour, identity={**own, "productCode": product}
        )
        found += candidates(made, None, hour + 4200.0)
        of[customer] = (product, integration)
    packed = batches(found)
    assert all(len({of[customer] for customer, _, _ in batch}) == 1 for batch in packed)
    assert sorted(key[0] for batch in packed for key in batch) == sorted(of)
