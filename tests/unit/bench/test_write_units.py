"""The counted units are those of the designs, and the reckoned ones are those that are stepped through."""

import pytest

from bench import write_units
from bench.units import published
from ledger import tables


@pytest.mark.parametrize("number", [1, 2, 19, 20, 57, 100, 150])
def test_the_growing_list_is_reckoned_as_it_is_stepped_through(number: int) -> None:
    assert write_units.list_units(number) == (number, write_units.list_design(number))


def test_the_growing_list_stops_at_the_largest_item() -> None:
    taken, _ = write_units.list_units(20_000)
    elements = write_units._element_sizes()
    size = write_units._empty_row_size() + sum(elements[n % len(elements)] for n in range(taken))
    assert size <= write_units.LARGEST_ITEM
    assert size + elements[taken % len(elements)] > write_units.LARGEST_ITEM


def test_ours_by_hand() -> None:
    """An event: put and add in a transaction, twice a unit each; the hour's first also enters the index once."""
    assert write_units.ours(1) == (5, 8)
    assert write_units.alone_in_a_running_hour() == 4
    # one transaction of 20 puts and the add; the index
    assert write_units.ours(20)[0] == 20 * 2 + 2 + 1
    # 98 events fit with the record and the subscriber's condition, two are left for a second one
    assert write_units.ours(100)[0] == 100 * 2 + 2 * 2 + 1


def test_a_row_for_each_event_is_written_twice_and_marked_twice() -> None:
    assert write_units.sample_design(10) == 20
    assert write_units.metered(10)[2] == 4.0


def test_published_rules_count_an_index_once_and_no_condition() -> None:
    written = {
        ("TransactWriteItems", "t"): 4,
        ("TransactWriteItems", "t/index"): 2,
        ("TransactWriteItems", tables.SUBSCRIBERS.name): 2,
        ("UpdateItem", "t/index"): 3,
        ("UpdateItem", tables.SUBSCRIBERS.name): 1,
    }
    assert published(written) == 4 + 1 + 3 + 1
