"""Which starts are known: bits of numbers, entries of other ids and of repeated ones."""

import pytest

from tests.unit.yawl.reconcile.cases import found, start
from yawl.reconcile.known import MOST_KEYS, Case, FoundCase, FoundStart, Known, Segment, number_of, packed, unpacked


def numbers(known: Known, case: FoundCase) -> list[tuple[int, int]]:
    return [(number, each.net_instance) for number, each in known.new_starts(case)]


def after(known: Known, *cases: FoundCase) -> Known:
    for case in cases:
        known = known.after(case, [each for _, each in known.new_starts(case)])
    return known


@pytest.mark.parametrize(
    ("case_id", "number"),
    [
        *(("0", 0), ("7", 7), ("999999999999999", 10**15 - 1), ("1000000000000000", None), ("007", None)),
        *(
            ("", None),
            ("-1", None),
            ("1.5", None),
            (" 7", None),
            ("7\n", None),
            ("²", None),
            ("٣", None),
            ("job", None),
        ),
    ],
)
def test_a_number_is_what_the_engines_counter_makes(case_id: str, number: int | None) -> None:
    assert number_of(case_id) == number


def test_a_number_that_occurs_once_is_a_bit() -> None:
    known = after(Known(), found("4095", start(1)), found("4096", start(2)))
    assert known == Known({0: Segment(1 << 4095), 1: Segment(1)})
    assert [known.count(case_id) for case_id in ("4095", "4096", "4097")] == [1, 1, 0]
    assert known.lowest_number == 4095


def test_a_known_start_is_not_new() -> None:
    case = found("7", start(1))
    assert numbers(Known(), case) == [(1, 1)]
    assert numbers(after(Known(), case), case) == []


def test_repeated_ids_are_numbered_by_net_instance() -> None:
    """The reference, section 8: #2, #3, … by ascending net instance, whoever reads the log, and in whatever parts."""
    at_once = numbers(Known(), found("7", start(9), start(3), start(5)))
    assert at_once == [(1, 3), (2, 5), (3, 9)]
    for case_id in ("7", "job"):
        known = after(Known(), found(case_id, start(3)))
        assert numbers(known, found(case_id, start(3), start(5))) == [(2, 5)]
        known = after(known, found(case_id, start(3), start(5)))
        assert numbers(known, found(case_id, start(9), start(5), start(3))) == [(3, 9)]
        assert after(known, found(case_id, start(9), start(5), start(3))).count(case_id) == 3


def test_a_row_that_comes_late_is_told_apart_by_its_key() -> None:
    known = after(Known(), found("job", start(3), start(9)))
    assert numbers(known, found("job", start(3), start(5), start(9))) == [(3, 5)]


def test_a_start_that_is_not_ready_waits() -> None:
    waiting = start(5)._replace(is_ready=False)
    assert numbers(Known(), found("7", start(3), waiting)) == [(1, 3)]
    known = after(Known(), found("7", start(3), waiting))
    assert numbers(known, found("7", start(3), start(5))) == [(2, 5)]


def test_a_start_that_is_not_ready_is_not_taken_for_a_later_one() -> None:
    waiting = start(3)._replace(is_ready=False)
    for case_id in ("7", "job"):
        known = after(Known(), found(case_id, waiting, start(5)))
        assert numbers(known, found(case_id, waiting, start(5))) == []
        assert numbers(known, found(case_id, start(3), start(5))) == [(2, 3)]


def test_an_announcement_is_a_start_of_an_unknown_id_only() -> None:
    announced = found("job", FoundStart(0, 1, None, None))
    assert numbers(Known(), announced) == [(1, 0)]
    known = after(Known(), announced)
    assert numbers(known, announced) == []
    assert known.cases["job"] == Case(count=1)
    assert numbers(after(Known(), found("job", start(3))), announced) == []


def test_what_was_announced_is_the_first_row_once_the_log_is_read() -> None:
    """An engine's mode may change: the committed start without a key is that with the lowest."""
    known = after(Known(), found("job", FoundStart(0, 1, None, None)), found("7", FoundStart(0, 1, None, None)))
    for case_id in ("job", "7"):
        assert numbers(known, found(case_id, start(3))) == []
        assert numbers(known, found(case_id, start(3), start(5))) == [(2, 5)]


def test_skipping_twice_is_skipping_once() -> None:
    known = Known()
    for _ in range(2):
        known = after(known, found("7", skipped=1), found("8", skipped=2), found("job", skipped=1))
        assert [known.count(case_id) for case_id in ("7", "8", "job")] == [1, 2, 1]
    assert numbers(known, found("8", start(1), start(2), start(3))) == [(3, 3)]


def test_a_given_up_start_is_accounted_for_and_not_committed() -> None:
    for case_id in ("7", "job"):
        given_up = FoundCase(case_id, listed=1, given_up=1)
        known = after(Known(), given_up, given_up)
        assert (known.count(case_id), known.accounted(case_id)) == (0, 1)
        again = FoundCase(case_id, (start(3),), listed=2, given_up=1)
        assert numbers(known, again) == [(1, 3)]
        known = after(known, again)
        assert (known.count(case_id), known.accounted(case_id)) == (1, 2)


def test_no_more_starts_are_given_up_than_the_lists_have_room_for() -> None:
    """Another reading has committed the start whose row this one did not see."""
    given_up = FoundCase("job", listed=1, given_up=1)
    assert after(Known(), found("job", start(3)), given_up).accounted("job") == 1
    assert after(Known(), given_up, found("job", start(3))).accounted("job") == 1
    assert after(Known(), given_up, found("job", skipped=1)).accounted("job") == 1


def test_a_number_of_which_a_start_was_given_up_writes_its_segment_too() -> None:
    change = after(Known(), FoundCase("7", listed=1, given_up=1))
    assert change == Known({0: Segment(1 << 7)}, {"7": Case(given_up=1)})


def test_an_id_that_is_used_all_the_time_keeps_its_latest_keys() -> None:
    starts = [start(key) for key in range(1, MOST_KEYS + 3)]
    known = after(Known(), found("nightly", *starts))
    entry = known.cases["nightly"]
    assert (entry.count, len(entry.net_instances), min(entry.net_instances)) == (MOST_KEYS + 2, MOST_KEYS, 3)
    assert numbers(known, found("nightly", *starts, start(9_999))) == [(MOST_KEYS + 3, 9_999)]


@pytest.mark.parametrize("case", [found("7", start(3), start(5)), found("7", skipped=2)])
def test_a_number_with_several_starts_at_once_writes_its_segment_too(case: FoundCase) -> None:
    """Another reading may have set the number's bit meanwhile: the segment's version tells."""
    change = after(Known({0: Segment(1, 4)}), case).difference(Known({0: Segment(1, 4)}))
    assert change.segments == {0: Segment(1 | 1 << 7, 4)}
    assert change.cases["7"].count == 2


def test_odd_ids_have_names_that_a_key_takes() -> None:
    odd = ("", "a b", "grüße", "x" * 65, "sha256:0")
    known = after(Known(), *(found(case_id, start(1)) for case_id in odd))
    assert len(known.cases) == len(odd)
    assert all(name.startswith("sha256:") and len(name) == 39 for name in known.cases)


def test_the_difference_is_what_changed_and_a_commit_raises_versions() -> None:
    before = Known({0: Segment(1, 3), 1: Segment(1, 1)}, {"job": Case(1, frozenset({1}), 2)})
    change = after(before, found("7", start(5)), found("other", start(6))).difference(before)
    assert change == Known({0: Segment(1 | 1 << 7, 3)}, {"other": Case(1, frozenset({6}), 0)})
    committed = before.committed(change)
    assert committed.segments == {0: Segment(1 | 1 << 7, 4), 1: Segment(1, 1)}
    assert committed.cases["other"].version == 1


@pytest.mark.parametrize("bits", [0, 1, 1 << 4095, (1 << 4096) - 1, int("01" * 2048, 2)])
def test_bits_are_packed_exactly(bits: int) -> None:
    assert unpacked(packed(bits)) == bits


def test_a_full_segment_is_short() -> None:
    assert len(packed((1 << 4096) - 1)) < 40
