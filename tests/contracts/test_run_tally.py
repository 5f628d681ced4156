"""How a run's lines fare: rejections alike are counted over all copies, until something is accepted."""

from collections.abc import Iterator

import pytest

from ledger.run_tally import KEPT_SECONDS, RunTally
from tests.contracts.stores import NOW, Ledger
from tests.contracts.stores import ledger as new_ledger


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with new_ledger() as made:
        yield made


def test_rejections_are_counted_by_reason_over_all_copies(ledger: Ledger) -> None:
    one, another = RunTally(ledger.state_items), RunTally(ledger.state_items)
    told = [copy.rejected("r", "p", "InvalidLicenseException", NOW) for copy in (one, another, one)]
    assert told == [1, 2, 3]
    assert another.rejected("r", "p", "InvalidTagException", NOW) == 1
    assert one.rejected("another run", "p", "InvalidLicenseException", NOW) == 1


def test_rejections_beside_an_accepted_line_are_faults_of_the_lines(ledger: Ledger) -> None:
    one, another = RunTally(ledger.state_items), RunTally(ledger.state_items)
    one.rejected("r", "p", "InvalidLicenseException", NOW)
    another.accepted("r", "p", NOW)
    another.accepted("r", "p", NOW)
    assert one.rejected("r", "p", "InvalidLicenseException", NOW) == 0
    assert one.rejected("next", "p", "InvalidLicenseException", NOW) == 1


def test_products_are_counted_apart(ledger: Ledger) -> None:
    tally = RunTally(ledger.state_items)
    tally.accepted("r", "good", NOW)
    assert [tally.rejected("r", "bad", "InvalidTagException", NOW) for _ in range(2)] == [1, 2]
    assert tally.rejected("r", "good", "InvalidTagException", NOW) == 0


def test_a_stop_is_seen_by_every_copy_and_in_its_own_run_only(ledger: Ledger) -> None:
    one, another = RunTally(ledger.state_items), RunTally(ledger.state_items)
    assert another.stops("r") == {}
    one.rejected("r", "bad", "InvalidTagException", NOW)
    one.stopped("r", "bad", "AccessDeniedException", NOW)
    one.stopped("r", "worse", "InvalidProductCodeException", NOW)
    assert another.stops("r") == {"bad": "AccessDeniedException", "worse": "InvalidProductCodeException"}
    assert another.stops("next") == {}


def test_a_tally_is_not_kept_for_ever(ledger: Ledger) -> None:
    RunTally(ledger.state_items).rejected("r", "p", "InvalidLicenseException", NOW)
    (item,) = ledger.state_items.scan()["Items"]
    assert item["expiresAt"] == int(NOW) + KEPT_SECONDS
