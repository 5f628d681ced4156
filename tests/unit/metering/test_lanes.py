"""Batches are dealt to lanes, so that every copy of the submitter has equally much to do, and the urgent goes first."""

import json
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.run import LineKey
from metering.send.lanes import BatchPayload, batch_payload, in_lanes, lane_size, parse_batch, that_fit


def some(number: int) -> list[BatchPayload]:
    return [{f"c{each}|3600": ["d"]} for each in range(number)]


@given(st.lists(st.tuples(st.sampled_from(["c", "l-1.a:b"]), st.integers(0, 3), st.text(max_size=4)), unique=True))
def test_a_batch_is_parsed_as_written(lines: list[LineKey]) -> None:
    assert set(parse_batch(json.loads(json.dumps(batch_payload(lines))))) == set(lines)


@given(st.integers(0, 700), st.integers(1, 10), st.integers(1, 40))
def test_every_batch_has_a_lane_and_the_urgent_ones_the_first(number: int, copies: int, most: int) -> None:
    batches = some(number)
    lanes = in_lanes(batches, copies=copies, most=most)
    assert sorted(map(json.dumps, chain.from_iterable(lanes))) == sorted(map(json.dumps, batches))
    assert all(0 < len(lane) <= most for lane in lanes)
    rounds = [lanes[start : start + copies] for start in range(0, len(lanes), copies)]
    places = {json.dumps(batch): place for place, batch in enumerate(batches)}
    last = -1
    for one in rounds:
        of_lanes = [[places[json.dumps(batch)] for batch in lane] for lane in one]
        assert all(lane == sorted(lane) for lane in of_lanes)
        of_round = [*chain.from_iterable(of_lanes)]
        assert min(of_round) > last, "a round holds what is more urgent than the next round"
        last = max(of_round)


@given(st.integers(1, 700), st.integers(1, 10), st.integers(1, 40))
def test_all_copies_end_at_the_same_time_but_for_a_batch(number: int, copies: int, most: int) -> None:
    lanes = in_lanes(some(number), copies=copies, most=most)
    load = [sum(len(lane) for lane in lanes[copy::copies]) for copy in range(copies)]
    assert max(load) - min(load) <= 1


@pytest.mark.parametrize(("rate", "copies", "size"), [(8, 5, 10), (8, 2, 24), (10, 5, 12), (1, 10, 1), (8, 1, 48)])
def test_a_lane_takes_some_seconds_of_its_copys_pace(rate: float, copies: int, size: int) -> None:
    assert lane_size(rate, copies) == size


@given(st.integers(0, 30), st.integers(0, 400))
def test_batches_are_taken_as_long_as_they_fit(number: int, most: int) -> None:
    batches = some(number)
    taken = that_fit(batches, most)
    assert taken == batches[: len(taken)]
    assert bool(taken) == bool(batches)
    assert len(taken) <= 1 or len(json.dumps(taken)) <= most + 2
    if taken != batches:
        assert len(json.dumps(batches[: len(taken) + 1])) > most - 2, "the next one had room"
