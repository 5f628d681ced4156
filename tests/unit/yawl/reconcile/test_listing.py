"""What the lists have that is not known, and which numbers they lack."""

from tests.unit.yawl.reconcile.cases import A, B, found, start
from yawl.reconcile.known import Known
from yawl.reconcile.listing import (
    MOST_NUMBERS,
    WIDEST_HOLE,
    Counted,
    Run,
    begin_below,
    counted,
    in_order,
    longest_run,
    unknown,
)


def known_of(*case_ids: str) -> Known:
    known = Known()
    for case_id in case_ids:
        known = known.after(found(case_id, start(1)), [start(1)])
    return known


def test_known_ids_are_left_out() -> None:
    known = known_of("1", "2", "job")
    assert unknown({A: ["1", "2", "3"], B: ["job", "other"]}, known) == {"3": {A: 1}, "other": {B: 1}}


def test_an_id_that_stands_twice_is_new_once_more() -> None:
    known = known_of("1", "job")
    assert unknown({A: ["1"], B: ["1", "job", "job"]}, known) == {"1": {A: 1, B: 1}, "job": {B: 2}}


def test_lists_may_lack_what_is_known() -> None:
    assert unknown({A: []}, known_of("1")) == {}
    assert unknown({}, Known()) == {}


def test_numbers_come_first_and_in_their_order() -> None:
    assert in_order(["10", "job", "9", "", "007"]) == ["9", "10", "", "007", "job"]


def test_the_counter_is_followed_over_small_holes() -> None:
    known = known_of("10", "12")
    assert counted(10, {13, 15}, known) == Counted(16, (11, 14))
    assert counted(16, {13, 15}, known) == Counted(16, ())
    assert counted(10, (), Known()) == Counted(10, ())


def test_a_wide_hole_is_where_a_caller_has_supplied_a_number() -> None:
    edge = 10 + WIDEST_HOLE + 1
    assert counted(10, {edge}, Known()) == Counted(10, ())
    assert counted(10, {edge - 1}, Known()) == Counted(edge, tuple(range(10, edge - 1)))


def test_the_counter_is_followed_so_far_at_a_time() -> None:
    assert counted(0, range(MOST_NUMBERS + 5), Known()).next == MOST_NUMBERS


def test_the_longest_run_is_the_counters() -> None:
    assert longest_run([]) == Run()
    assert longest_run([5000, 1, 2, 4, 90_000]) == Run(1, 5, 3)
    assert longest_run([1, 700]) == Run(700, 701, 1)
    assert longest_run([1, 1 + WIDEST_HOLE + 1]) == Run(1, WIDEST_HOLE + 3, 2)
    assert longest_run([1, 1 + WIDEST_HOLE + 2]).length == 1


def test_what_the_lists_forgot_may_lie_just_below() -> None:
    assert begin_below(10, {7}, Known()) == 8
    assert begin_below(10, (), known_of("8")) == 9
    assert begin_below(3, (), Known()) == 0
    assert begin_below(1000, (), Known()) == 1000 - WIDEST_HOLE
