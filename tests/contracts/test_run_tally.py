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
    told = [copy.rejected("r", "InvalidLicenseException", NOW) for copy in (one, another, one)]
    assert told == [1, 2, 3]
    assert another.rejected("r", "InvalidTagException", NOW) == 1
    assert one.rejected("another run", "InvalidLicenseException", NOW) == 1


def test_rejections_beside_an_accepted_line_are_faults_of_the_lines(ledger: Ledger) -> None:
    one, another = RunTally(ledger.state_items), RunTally(ledger.state_items)
    one.rejected("r", "InvalidLicenseException", NOW)
    another.accepted("r", NOW)
    another.accepted("r", NOW)
    assert one.rejected("r", "InvalidLicenseException", NOW) == 0
    assert one.rejected("next", "InvalidLicenseException", NOW) == 1


def test_a_tally_is_not_kept_for_ever(ledger: Ledger) -> None:
    RunTally(ledger.state_items).rejected("r", "InvalidLicenseException", NOW)
    (item,) = ledger.state_items.scan()["Items"]
    assert item["expiresAt"] == int(NOW) + KEPT_SECONDS
