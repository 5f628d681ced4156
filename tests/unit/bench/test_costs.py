"""docs/costs.md is what its command writes, from what was measured last; nothing is measured here but counts."""

import pytest

from bench.costs import others, recorded, units
from bench.costs.bill import LINES, Bill
from bench.costs.census import DAYS, HOURS, a_month, census
from bench.costs.page import PAGE, page, total
from bench.costs.prices import prices
from bench.workflow.pages import pages, transitions


@pytest.fixture(scope="module")
def bill() -> Bill:
    return Bill(recorded.recorded(), prices())


def test_the_page_is_what_the_command_writes(bill: Bill) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(bill), "run `make costs`"


def test_the_units_of_the_page_are_those_of_the_code(bill: Bill) -> None:
    event, hour = units.of_an_event(), units.of_a_customer_hour()
    assert (event.written, event.stored) == (bill.measured.event.written, bill.measured.event.stored), (
        "run `make costs`"
    )
    assert (hour.written, hour.stored) == (bill.measured.hour.written, bill.measured.hour.stored), "run `make costs`"


def test_each_price_names_its_page_and_where_it_was_read() -> None:
    for name, price in prices().items():
        assert price.usd > 0 and price.page.startswith("https://aws.amazon.com/"), name
        assert price.seen.startswith(("infracost: ", "https://")) or price.seen == "from memory", name


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("rate(15 minutes)", HOURS * 4),
        ("rate(1 minute)", HOURS * 60),
        ("cron(10 * * * ? *)", HOURS),
        ("cron(40 6 * * ? *)", DAYS),
        ("cron(0/5 5 1 * ? *)", 12),
    ],
)
def test_a_schedule_calls_so_often_in_a_month(expression: str, times: float) -> None:
    assert a_month(expression) == pytest.approx(times)


def test_another_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at\(2026"):
        a_month("at(2026-11-30T00:00:00)")


def test_an_alarm_is_charged_by_its_metrics() -> None:
    stat = {"MetricStat": {"Metric": {"MetricName": "Errors"}}}
    alarms = [
        {"MetricName": "Errors"},
        {"Metrics": [stat, stat, {"Expression": "m1 + m2"}]},
        {"Metrics": [{"Expression": "SELECT SUM(Errors) FROM SCHEMA(…)"}]},
    ]
    resources = {str(n): {"Type": "AWS::CloudWatch::Alarm", "Properties": one} for n, one in enumerate(alarms)}
    found = census({"Watch": {"Resources": resources}})
    assert (found.alarms, found.alarm_metrics, found.queries) == (3, 3, 1)


def test_a_bill_adds_up(bill: Bill) -> None:
    # by hand: 2.05 write units at 0.625, 10,000 requests at 3.50 a million
    assert bill.million_events["DynamoDB writes"] == pytest.approx(1.28125)
    assert bill.million_events["API Gateway"] == pytest.approx(0.035)
    assert bill.idle["CloudWatch alarms"] == pytest.approx(bill.measured.census.alarm_metrics * 0.10)
    # 8.005 write units an hour, 73,000 customer-hours a month
    assert bill.hours(100)["DynamoDB writes"] == pytest.approx(73_000 * bill.measured.hour.written * 0.625e-6)
    events = 100 * HOURS * units.EVENTS / 1e6 * sum(bill.million_events.values())
    assert total(bill, 100) == pytest.approx(sum(bill.idle.values()) + sum(bill.hours(100).values()) + events)


def test_others_cost_the_same_at_any_load_but_for_their_disks() -> None:
    price = prices()
    idle = others.floor("Lago", 0, price)
    assert others.floor("Lago", 1e9, price) - idle == pytest.approx(2 * others.ROWS * 0.08)


def test_pages_hold_every_customer_once_and_grow_from_a_small_one() -> None:
    found = list(pages(10_000, lines=LINES, rate=8, copies=5))
    assert sum(page.keys for page in found) == 10_000
    assert [page.keys for page in found[:4]] == [200, 400, 800, 800]
    assert (found[2].chunks, found[2].batches, found[2].lanes) == (40, 160, 20)


def test_transitions_of_a_run_by_hand() -> None:
    # one page of two chunks, sealed and settled, and five lanes: three turns, of which one prepares
    assert transitions(40, lines=LINES, rate=8, copies=5) == 7 + 10 + 2 * 8 + 2 * 2 + 5
    assert transitions(0, lines=LINES, rate=8, copies=5) == 7 + 10
