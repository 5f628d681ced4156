"""An unusual hour on the real stores: found when it is sealed, on hold where the stage asks for it, sent in time."""

import logging
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from ledger.held_lines import REFUSED, release
from ledger.metering_record import Line
from ledger.subscriber import Period, Subscriber
from ledger.transaction import Cancelled
from marketplace.dimensions import Dimension
from marketplace.hour import deadline
from metering.report.levels import read_levels
from metering.run import Mode
from metering.seal.find_unusual import UnusualLines, units_of
from metering.seal.unusual_rules import DAY
from metering.seal.unusual_settings import UnusualSettings
from metering.send.plan_batches import candidates
from runtime.metric_names import MeteringMetric
from tests.contracts.stores import CUSTOMER, HOUR, NOW, Ledger
from tests.products import sold
from tests.unit.metering.sealing import COUNTED, DIMENSIONS, sealer, use, with_customer

SENT_ANYWAY = deadline(HOUR) - 2 * 3600
LOOK = UnusualSettings(at_least_units={"whole": Decimal(100), "exact": Decimal(100)})
HOLD = UnusualSettings(at_least_units=LOOK.at_least_units, hold=True)
ACTIVE = Period(HOUR - 200 * DAY)


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    """A customer who has used 100 units in this hour of each of the past eight weeks."""
    COUNTED.clear()
    subscribe(with_customer(ledger), ACTIVE)
    for week in range(1, 9):
        use(ledger, hour=HOUR - week * 7 * DAY, whole="100", exact="0.5")
    return ledger


def subscribe(ledger: Ledger, *periods: Period) -> None:
    stored = [{"start": each.start} | ({"end": each.end} if each.end else {}) for each in periods]
    ledger.subscriber_items.update_item(
        Key={"customerIdentifier": CUSTOMER},
        UpdateExpression="SET activePeriods = :periods",
        ExpressionAttributeValues={":periods": stored},
    )


def seal(ledger: Ledger, settings: UnusualSettings = HOLD, now: float = NOW, **counted: Any) -> dict[str, Line]:
    use(ledger, **counted)
    assert sealer(ledger, clock=lambda: now, UNUSUAL=settings.to_json()).seal_hour(CUSTOMER, HOUR) == "sealed"
    return dict(ledger.record().lines)


def sent(ledger: Ledger, now: float = NOW, *periods: Period) -> set[str]:
    """Dimensions that are planned to be sent."""
    subscriber = Subscriber(customer_identifier=CUSTOMER, integration="legacy", active_periods=periods or (ACTIVE,))
    return {candidate.key[2] for candidate in candidates(ledger.record(), subscriber, now)}


# --- found when it is sealed ------------------------------------------------------------------------------------------


def test_an_unusual_hour_is_counted_and_named_and_sent_all_the_same(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        lines = seal(ledger, LOOK, whole="900", exact="0.5")
    assert COUNTED[MeteringMetric.UNUSUAL_HOURS] == 1
    (named,) = [record for record in caplog.records if record.message == "unusual hour"]
    told = {name: getattr(named, name) for name in ("customer", "dimension", "quantity", "usual", "times", "held")}
    assert told == {
        "customer": CUSTOMER,
        "dimension": "whole",
        "quantity": "900",
        "usual": "100",
        "times": "9",
        "held": False,
    }
    assert lines["whole"].hold is None
    assert sent(ledger) == {"whole", "exact"}
    assert ledger.item()["meteringPending"] == "true"


@pytest.mark.parametrize("counted", ["99", "120", "500"])
def test_an_hour_within_reason_is_neither_counted_nor_held(ledger: Ledger, counted: str) -> None:
    assert seal(ledger, whole=counted)["whole"].hold is None
    assert COUNTED[MeteringMetric.UNUSUAL_HOURS] == 0


def test_an_ordinary_hour_reads_nothing_of_the_past(ledger: Ledger) -> None:
    nowhere: Any = object()
    unusual = UnusualLines(records=nowhere, settings=LOOK)
    assert unusual.of_hour(use(ledger, whole="99"), seal_lines(99), DIMENSIONS, [ACTIVE]) == {}
    with pytest.raises(AttributeError):
        unusual.of_hour(ledger.record(), seal_lines(100), DIMENSIONS, [ACTIVE])


def seal_lines(quantity: int) -> Sequence[Line]:
    return (Line(dimension="whole", quantity=Decimal(quantity), counted=Decimal(quantity)),)


@pytest.mark.parametrize(
    ("line", "units"),
    [
        (Line(dimension="d", quantity=Decimal(3), counted=Decimal(3)), 3),
        (Line(dimension="d", quantity=Decimal(1), counted=Decimal(7), scale=1000), 7),
        (Line(dimension="d", quantity=Decimal(50), counted=Decimal(7), scale=1000), 49_000),
        (Line(dimension="d", quantity=Decimal(2), counted=Decimal(9), included={"2026-11": Decimal(7)}), 9),
        (Line(dimension="d", quantity=Decimal("0.5"), counted=Decimal("0.1"), decimals=1), Decimal("0.4")),
    ],
)
def test_an_hour_is_judged_by_what_it_counted_or_by_more_than_a_unit_that_came_from_elsewhere(
    line: Line, units: Any
) -> None:
    assert units_of(line) == units


def test_an_amount_of_money_decides_what_is_looked_at(ledger: Ledger) -> None:
    dimensions = {"whole": Dimension(name="whole", unit="u", price=Decimal("0.5"))}
    use(ledger, whole="900")
    planner = sealer(ledger, dimensions=dimensions).planner
    found = planner.unusual.of_hour(ledger.record(), seal_lines(900), dimensions, [ACTIVE])
    assert found["whole"].times == 9
    assert planner.unusual.of_hour(ledger.record(), seal_lines(199), dimensions, [ACTIVE]) == {}


# --- on hold ----------------------------------------------------------------------------------------------------------


def test_only_the_unusual_line_waits_until_two_hours_before_its_deadline(ledger: Ledger) -> None:
    lines = seal(ledger, whole="900", exact="0.5")
    held = lines["whole"].hold
    assert held is not None
    assert (held.at, held.usual, held.times, held.released_at) == (NOW, 100, 9, None)
    assert lines["exact"].hold is None
    assert sent(ledger) == sent(ledger, SENT_ANYWAY - 1) == {"exact"}
    assert sent(ledger, SENT_ANYWAY) == {"whole", "exact"}


def test_a_released_line_is_sent_by_the_next_run(ledger: Ledger) -> None:
    seal(ledger, whole="900")
    assert sent(ledger) == set()
    ledger.write(release(ledger.records.table_name, CUSTOMER, HOUR, "whole", by="ann", now=NOW + 60))
    assert sent(ledger, NOW + 60) == {"whole"}
    hold = ledger.record().lines["whole"].hold
    assert hold is not None
    assert (hold.released_at, hold.released_by) == (NOW + 60, "ann")


def test_a_line_is_released_once_and_only_while_it_waits(ledger: Ledger) -> None:
    seal(ledger, whole="900", exact="0.5")
    again = release(ledger.records.table_name, CUSTOMER, HOUR, "whole", by="ann", now=NOW)
    never_held = release(ledger.records.table_name, CUSTOMER, HOUR, "exact", by="ann", now=NOW)
    with pytest.raises(Cancelled):
        ledger.write(never_held)
    ledger.write(again)
    with pytest.raises(Cancelled):
        ledger.write(again)


def test_a_refused_line_is_never_sent_and_cannot_be_released(ledger: Ledger) -> None:
    seal(ledger, whole="900")
    record = ledger.record()
    ledger.write(ledger.settlement.operation(record, {"whole": REFUSED}, now=NOW))
    refused = ledger.record().lines["whole"]
    assert (refused.verdict, refused.detail) == ("not_sent", "refused while on hold")
    assert sent(ledger, SENT_ANYWAY) == set()
    assert ledger.settlement.store_attempt(record, ["whole"], "1-a") is None
    assert (CUSTOMER, HOUR) not in ledger.pending()
    with pytest.raises(Cancelled):
        ledger.write(release(ledger.records.table_name, CUSTOMER, HOUR, "whole", by="ann", now=NOW))


def test_a_line_that_was_sent_cannot_be_refused(ledger: Ledger) -> None:
    seal(ledger, whole="900")
    record = ledger.settlement.store_attempt(ledger.record(), ["whole"], "1-a")
    assert record is not None
    with pytest.raises(Cancelled):
        ledger.write(ledger.settlement.operation(record, {"whole": REFUSED}, now=NOW))


def test_no_line_is_held_that_would_be_sent_anyway(ledger: Ledger) -> None:
    assert seal(ledger, now=SENT_ANYWAY, whole="900")["whole"].hold is None
    assert COUNTED[MeteringMetric.UNUSUAL_HOURS] == 1


def test_a_leavers_line_is_never_held(ledger: Ledger) -> None:
    subscribe(ledger, Period(ACTIVE.start, HOUR + 1800))
    assert seal(ledger, whole="900")["whole"].hold is None


def test_a_line_on_hold_is_sent_at_once_when_its_customer_leaves_whatever_follows(ledger: Ledger) -> None:
    seal(ledger, whole="900")
    assert sent(ledger, NOW, Period(ACTIVE.start, HOUR + 3900)) == {"whole"}
    assert sent(ledger, NOW, Period(ACTIVE.start, HOUR + 3900), Period(HOUR + 4000)) == {"whole"}
    assert sent(ledger, NOW, Period(ACTIVE.start, HOUR - 10), Period(HOUR)) == set()


# --- the report -------------------------------------------------------------------------------------------------------


def levels(ledger: Ledger, now: float = NOW) -> tuple[int, int, int]:
    """Lines on hold, pending hours and lines at risk, of the hour alone."""
    records: Any = Since(ledger)
    found = read_levels(records, ledger.subscribers, HOUR, now=now, mode=Mode("live"), products=sold())
    return found.lines_on_hold, found.pending_hours, found.at_risk.lines


class Since:
    """The records from the hour on: those of the past are open, and pending, in this ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._records = ledger.records
        self.get_many = ledger.records.get_many
        self.held_keys = ledger.records.held_keys
        self.failed_keys = ledger.records.failed_keys

    def pending_keys(self, last_hour: int) -> list[tuple[str, int]]:
        return [key for key in self._records.pending_keys(last_hour) if key[1] == HOUR]


def test_a_line_on_hold_is_a_level_of_its_own_and_its_hour_none_of_the_pending(ledger: Ledger) -> None:
    seal(ledger, whole="900")
    assert levels(ledger) == levels(ledger, SENT_ANYWAY - 1) == (1, 0, 0)
    assert levels(ledger, SENT_ANYWAY) == (0, 1, 1)


def test_an_hour_with_another_line_is_pending_beside_it(ledger: Ledger) -> None:
    seal(ledger, whole="900", exact="0.5")
    assert levels(ledger) == (1, 1, 0)


def test_a_released_line_is_on_hold_no_more(ledger: Ledger) -> None:
    seal(ledger, whole="900")
    ledger.write(release(ledger.records.table_name, CUSTOMER, HOUR, "whole", by="ann", now=NOW))
    assert levels(ledger) == (0, 1, 0)
