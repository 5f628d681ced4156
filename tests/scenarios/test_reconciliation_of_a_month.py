"""A month of fifty customers, with twenty planted differences over the three books: each is found and named right, and
nothing else. The ledger is written by the functions' own code, and the local Marketplace has the other books.

A difference in what Marketplace *has* shows in every book below, so a stranger's call is found in the log, in the feed
of its day and in the invoice of its month. ``Plants`` lists what each plant must be found as.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from ledger import tables
from marketplace.dimensions import Dimension
from reconcile import kinds
from reconcile.calls.rules import hour_name
from runtime.clock import from_iso, iso
from tests.scenarios.books import Audits
from tests.scenarios.world import DIMENSIONS, PRODUCT, World, world

RUNS, GB = "workflow_executions", "data_processed_gb"
PRICES = {RUNS: "0.05", GB: "0.25"}
CUSTOMERS = 50
#: Hours of a day in which the customers take turns; the plants have hours of their own.
BUSY = (3, 9, 15)
FIRST = from_iso("2026-11-01T00:00:00Z")
DAY, HOUR = 86_400, 3_600

Name = tuple[str, str, str, str, str]


@dataclass
class Plants:
    """Planted differences: a number for each, and what it must be found as."""

    number: int = 0
    expected: set[Name] = field(default_factory=set)
    #: Found, and closed by itself later.
    passing: set[Name] = field(default_factory=set)

    def calls(self, customer: str, at: float, kind: str, dimension: str = RUNS) -> None:
        self.expected.add((customer, kinds.CALLS, hour_name(int(at)), dimension, kind))

    def usage(self, customer: str, at: float, kind: str, dimension: str = RUNS) -> None:
        self.expected.add((customer, kinds.USAGE, iso(at)[:10], dimension, kind))

    def invoice(self, customer: str, kind: str = kinds.OTHER_AMOUNT) -> None:
        self.expected.add((customer, kinds.INVOICES, "2026-11", "", kind))


class Month:
    """November, hour by hour."""

    def __init__(self, at: World) -> None:
        self.world = at
        self.audits = Audits(at)
        self.plants = Plants()
        self.customers = [at.buyer("legacy" if n % 5 == 0 else "license", FIRST - 5 * DAY) for n in range(CUSTOMERS)]
        for customer in self.customers:
            at.change(customer, agreementId=at.buyers[customer]["agreementId"])
        self.deeds: dict[int, Callable[[], None]] = {}
        self.seen: set[Name] = set()

    def plant(self, day: int, hour: int, deed: Callable[["Month", float], None]) -> None:
        """Does the deed in an hour of its own, instead of the customers' usage."""
        self.plants.number += 1
        at = FIRST + (day - 1) * DAY + hour * HOUR
        assert hour not in BUSY and int(at) not in self.deeds
        self.deeds[int(at)] = lambda: deed(self, at)

    def use(self, customer: str, at: float, quantity: Any = 5, dimension: str = RUNS) -> None:
        """The customer uses something in that hour, which runs now."""
        self.world.now = at + 60
        name = f"{customer}-{int(at)}-{dimension}"
        (verdict,) = self.world.report(self.world.event(customer, name, quantity, dimension=dimension))
        assert verdict["verdict"] == "recorded"

    def record_of(self, customer: str, at: float, quantity: Any = 5) -> dict[str, Any]:
        """A record as BatchMeterUsage takes it, and the request that it goes with."""
        buyer = self.world.buyers[customer]
        named = {"CustomerAWSAccountId": buyer["accountId"], "LicenseArn": buyer["licenseArn"]}
        if buyer["kind"] == "legacy":
            named = {"CustomerIdentifier": customer}
        moment = datetime.fromtimestamp(at, UTC)
        request: dict[str, Any] = {"ProductCode": PRODUCT} if buyer["kind"] == "legacy" else {}
        return request | {"UsageRecords": [{**named, "Timestamp": moment, "Dimension": RUNS, "Quantity": quantity}]}

    def meter(self) -> None:
        self.world.next_run()

    def pass_hours(self, until: float) -> None:
        """Runs and audits, every hour."""
        while self.world.now < until:
            self.world.next_run()
            self.audits.run()
            self.seen |= self.audits.open()

    def live(self) -> None:
        for day in range(30):
            for hour in range(24):
                at = FIRST + day * DAY + hour * HOUR
                self.world.now = max(self.world.now, at)
                if deed := self.deeds.get(int(at)):
                    deed()
                elif hour in BUSY:
                    turn = BUSY.index(hour)
                    for number, customer in enumerate(self.customers):
                        if number % len(BUSY) == turn and (number + day) % 3 == 0:
                            self.use(customer, at, 1 + number % 7)
                            self.use(customer, at, f"0.{number:03}7", GB)
                self.world.now = at + HOUR + 600
                self.world.run()
                self.audits.run()
                self.seen |= self.audits.open()


@pytest.fixture(scope="module")
def month() -> Iterator[Month]:
    with world(dimensions={**DIMENSIONS, **_priced()}) as at:
        at.now = FIRST
        at.marketplace.create_product(PRODUCT, DIMENSIONS, integration="mixed", prices=PRICES)
        found = Month(at)
        plant_all(found)
        found.live()
        found.pass_hours(from_iso("2026-12-08T00:00:00Z"))
        yield found


def _priced() -> dict[str, Dimension]:
    return {
        RUNS: Dimension(name=RUNS, unit="execution", price=Decimal(PRICES[RUNS])),
        GB: Dimension(name=GB, unit="GB", decimals=6, price=Decimal(PRICES[GB])),
    }


def plant_all(month: Month) -> None:
    of = month.customers
    for number, (day, hour, deed) in enumerate(DEEDS):
        month.plant(day, hour, lambda month, at, deed=deed, who=of[number * 2]: deed(month, who, at))  # type: ignore[misc]


# --- the log of calls -------------------------------------------------------------------------------------------------


def event_never_shown(month: Month, who: str, at: float) -> None:
    month.use(who, at)
    month.world.marketplace.arm("trail-missing")
    month.plants.calls(who, at, kinds.ONLY_HERE)


def event_two_days_late(month: Month, who: str, at: float) -> None:
    month.use(who, at)
    month.world.marketplace.arm("trail-late", seconds=2 * DAY)
    month.plants.passing.add((who, kinds.CALLS, hour_name(int(at)), RUNS, kinds.ONLY_HERE))


def event_without_its_parts(month: Month, who: str, at: float) -> None:
    """Billed by the ledger's own answer: no difference can be seen, and none is claimed."""
    month.use(who, at)
    month.world.marketplace.arm("trail-omitted")


def stranger_meters_an_idle_hour(month: Month, who: str, at: float) -> None:
    month.world.now = at + 1800
    month.audits.stranger.batch_meter_usage(**month.record_of(who, at, 9))
    month.plants.calls(who, at, kinds.FOREIGN_CALL)
    month.plants.usage(who, at, kinds.ONLY_THERE)
    month.plants.invoice(who)


def stranger_comes_first(month: Month, who: str, at: float) -> None:
    """Our line is a conflict, and lost: 3 are billed, and not our 5."""
    month.use(who, at)
    month.audits.stranger.batch_meter_usage(**month.record_of(who, at, 3))
    month.plants.calls(who, at, kinds.FOREIGN_CALL)
    month.plants.usage(who, at, kinds.ONLY_THERE)
    month.plants.invoice(who)


def stranger_repeats_our_record(month: Month, who: str, at: float) -> None:
    """Nothing more is billed, but somebody meters for us."""
    month.use(who, at)
    month.meter()
    month.audits.stranger.batch_meter_usage(**month.record_of(who, at, 5))
    month.plants.calls(who, at, kinds.FOREIGN_CALL)


def our_role_meters_by_hand(month: Month, who: str, at: float) -> None:
    month.world.now = at + 1800
    month.audits.metering.batch_meter_usage(**month.record_of(who, at, 4))
    month.plants.calls(who, at, kinds.ONLY_THERE)
    month.plants.usage(who, at, kinds.ONLY_THERE)
    month.plants.invoice(who)


def our_role_sent_another_quantity(month: Month, who: str, at: float) -> None:
    month.use(who, at)
    month.audits.metering.batch_meter_usage(**month.record_of(who, at, 2))
    month.plants.calls(who, at, kinds.OTHER_AMOUNT)
    month.plants.usage(who, at, kinds.ONLY_THERE)
    month.plants.invoice(who)


def ledger_has_another_quantity(month: Month, who: str, at: float) -> None:
    month.use(who, at)
    month.meter()
    month.world.dynamodb.Table(tables.METERING_RECORDS.name).update_item(
        Key={"customerIdentifier": who, "timestamp": int(at)},
        UpdateExpression="SET #lines.#runs.quantity = :other",
        ExpressionAttributeNames={"#lines": "lines", "#runs": RUNS},
        ExpressionAttributeValues={":other": Decimal(6)},
    )
    month.plants.calls(who, at, kinds.OTHER_AMOUNT)
    month.plants.usage(who, at, kinds.OTHER_AMOUNT)
    month.plants.invoice(who)


def ledger_calls_a_billed_line_not_sent(month: Month, who: str, at: float) -> None:
    month.use(who, at)
    month.meter()
    month.world.dynamodb.Table(tables.METERING_RECORDS.name).update_item(
        Key={"customerIdentifier": who, "timestamp": int(at)},
        UpdateExpression="SET #verdict.verdict = :other",
        ExpressionAttributeNames={"#verdict": f"verdict#{RUNS}"},
        ExpressionAttributeValues={":other": "not_sent"},
    )
    month.plants.calls(who, at, kinds.ONLY_THERE)
    month.plants.usage(who, at, kinds.ONLY_THERE)
    month.plants.invoice(who)


@contextmanager
def duplicates(month: Month) -> Iterator[None]:
    """The other reading of AWS's documentation: an identical repetition is a DuplicateRecord."""
    month.world.marketplace.set_settings(identicalResend="DuplicateRecord")
    yield
    month.world.marketplace.set_settings(identicalResend="Success")


def answer_lost(month: Month, who: str, at: float) -> None:
    """Presumed on file, and found: no difference."""
    month.use(who, at)
    with duplicates(month):
        month.world.marketplace.arm("lost-answer")
        month.meter()
        month.world.run()
    assert month.world.verdicts(who, at)[RUNS] == "presumed_on_file"


def answer_lost_and_event_omitted(month: Month, who: str, at: float) -> None:
    """Presumed on file, and nobody can tell."""
    month.use(who, at)
    with duplicates(month):
        month.world.marketplace.arm("lost-answer")
        month.world.marketplace.arm("trail-omitted")
        month.meter()
        month.world.run()
    assert month.world.verdicts(who, at)[RUNS] == "presumed_on_file"
    month.plants.calls(who, at, kinds.UNVERIFIABLE)
    month.plants.usage(who, at, kinds.ONLY_THERE)
    month.plants.invoice(who)


def never_reached_marketplace(month: Month, who: str, at: float) -> None:
    """Expired with unanswered calls, which left no event: lost."""
    month.use(who, at)
    send = month.audits.metering.batch_meter_usage

    def broken(**request: Any) -> Any:
        names = [record.get("LicenseArn") or record["CustomerIdentifier"] for record in request["UsageRecords"]]
        hours = [record["Timestamp"].timestamp() for record in request["UsageRecords"]]
        if any(who in name and hour == at for name, hour in zip(names, hours, strict=True)):
            raise ConnectTimeoutError(endpoint_url="https://metering")
        return send(**request)

    month.audits.metering.batch_meter_usage = broken  # type: ignore[method-assign]


# --- the usage feed ---------------------------------------------------------------------------------------------------


def feed_misses_a_row(month: Month, who: str, at: float) -> None:
    month.use(who, at)
    month.world.marketplace.misstate("feed", who, iso(at)[:10], dimension=RUNS)
    month.plants.usage(who, at, kinds.ONLY_HERE)


def feed_has_another_amount(month: Month, who: str, at: float) -> None:
    month.use(who, at)
    month.world.marketplace.misstate("feed", who, iso(at)[:10], dimension=RUNS, amount="50")
    month.plants.usage(who, at, kinds.OTHER_AMOUNT)


def feed_row_comes_late(month: Month, who: str, at: float) -> None:
    month.use(who, at)
    month.world.marketplace.misstate("feed", who, iso(at)[:10], dimension=RUNS, until=iso(at + 6 * DAY))
    month.plants.passing.add((who, kinds.USAGE, iso(at)[:10], RUNS, kinds.ONLY_HERE))


def feed_is_a_hundredth_off(month: Month, who: str, at: float) -> None:
    """Six decimals of ours are two of the feed's: 1.2345 may be shown as 1.23, not as 1.22."""
    month.use(who, at, "1.234567", GB)
    month.world.marketplace.misstate("feed", who, iso(at)[:10], dimension=GB, amount="1.22")
    month.plants.usage(who, at, kinds.OTHER_AMOUNT, GB)


def another_region_meters(month: Month, who: str, at: float) -> None:
    """CloudTrail of our Region does not show it; the feed and the invoice do."""
    month.world.now = at + 1800
    client = type(month.audits.stranger)(month.world.server.state, "eu-west-1")
    client.batch_meter_usage(**month.record_of(who, at, 8))
    month.plants.usage(who, at, kinds.ONLY_THERE)
    month.plants.invoice(who)


def buyer_that_we_do_not_know(month: Month, who: str, at: float) -> None:
    bought = month.world.marketplace.create_buyer(PRODUCT, "license", activated_at=iso(FIRST))
    month.world.now = at + 1800
    month.world.buyers["unknown"] = bought
    month.audits.stranger.batch_meter_usage(**month.record_of("unknown", at, 8))
    month.plants.expected.add(("#stage", kinds.USAGE, iso(at)[:10], bought["accountId"], kinds.UNATTRIBUTED))


# --- invoices ---------------------------------------------------------------------------------------------------------


def invoice_is_missing(month: Month, who: str, at: float) -> None:
    month.world.marketplace.misstate("invoice", who, "2026-11")
    month.plants.invoice(who, kinds.ONLY_HERE)


def invoice_has_another_amount(month: Month, who: str, at: float) -> None:
    month.world.marketplace.misstate("invoice", who, "2026-11", amount="1000")
    month.plants.invoice(who)


def invoice_comes_late(month: Month, who: str, at: float) -> None:
    month.world.marketplace.misstate("invoice", who, "2026-11", until="2026-12-05T00:00:00Z")
    month.plants.passing.add((who, kinds.INVOICES, "2026-11", "", kinds.ONLY_HERE))


#: Day, hour, deed: twenty that make a difference, and three that must make none.
DEEDS = (
    (2, 11, event_never_shown),
    (3, 12, event_two_days_late),
    (4, 13, event_without_its_parts),
    (5, 11, stranger_meters_an_idle_hour),
    (6, 12, stranger_comes_first),
    (7, 13, stranger_repeats_our_record),
    (8, 11, our_role_meters_by_hand),
    (9, 12, our_role_sent_another_quantity),
    (10, 13, ledger_has_another_quantity),
    (11, 11, ledger_calls_a_billed_line_not_sent),
    (12, 12, answer_lost),
    (13, 13, answer_lost_and_event_omitted),
    (14, 20, never_reached_marketplace),
    (16, 11, feed_misses_a_row),
    (17, 12, feed_has_another_amount),
    (18, 13, feed_row_comes_late),
    (19, 11, feed_is_a_hundredth_off),
    (20, 12, another_region_meters),
    (21, 13, buyer_that_we_do_not_know),
    (22, 11, invoice_is_missing),
    (22, 12, invoice_has_another_amount),
    (22, 13, invoice_comes_late),
    # Midnight at the month's end: sent on the 1st, before 06:00, and still of November everywhere.
    (30, 23, event_never_shown),
)


def test_each_planted_difference_is_found_and_nothing_else(month: Month) -> None:
    assert month.plants.number == len(DEEDS)
    assert month.audits.open() == month.plants.expected


def test_what_came_late_was_found_and_closed_by_itself(month: Month) -> None:
    assert month.plants.passing <= month.seen
    assert month.seen - month.plants.passing == month.plants.expected


def test_lines_that_may_have_been_billed_are_confirmed(month: Month) -> None:
    resolved = {}
    for customer in month.customers:
        for record in month.world.records.of_customer(customer, int(FIRST), int(FIRST + 31 * DAY), 1000):
            for line in record.lines.values():
                if line.verdict in ("on_file", "conflict", "expired", "presumed_on_file"):
                    resolved[customer] = (line.verdict, line.resolution)
    of = month.customers
    names = [deed.__name__ for _, _, deed in DEEDS]

    def who(deed: Callable[..., None]) -> str:
        return of[names.index(deed.__name__) * 2]

    assert resolved == {
        who(stranger_comes_first): ("conflict", "lost"),
        who(our_role_sent_another_quantity): ("conflict", "lost"),
        who(answer_lost): ("on_file", None),
        who(answer_lost_and_event_omitted): ("presumed_on_file", None),
        who(never_reached_marketplace): ("expired", "lost"),
    }
