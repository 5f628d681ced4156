"""The data feeds as AWS writes them: files by month, rows that replace others, accounts under names of their own."""

from decimal import Decimal
from typing import Any

from marketplace.usage_feed import Reported, UsageFeed, months_of
from tests.scenarios.books import FeedBucket

ACCOUNTS = 'account_id,aws_account_id,encrypted_account_id\n"guid","1234",""\n"old","999999999999","customer-1"\n'
COLUMNS = (
    "valid_from,update_date,delete_date,usage_feed_id,usage_date,agreement_id,end_user_account_id,dimension_key,"
    "usage_quantity\n"
)


def row(units: str, **more: str) -> str:
    given = {
        "valid_from": "2026-11-15",
        "update_date": "2026-11-16T08:00:00Z",
        "delete_date": "",
        "usage_feed_id": "row",
        "usage_date": "2026-11-15",
        "agreement_id": "agmt-1",
        "end_user_account_id": "guid",
        "dimension_key": "runs",
        "usage_quantity": units,
    }
    return ",".join(f'"{value}"' for value in (given | more).values()) + "\n"


def day(files: dict[str, str], prefix: str = "", **more: Any) -> Any:
    accounts = {f"{prefix}AccountFeed_V1/year=2020/month=01/data.csv": ACCOUNTS}
    bucket: Any = FeedBucket(lambda: accounts | {prefix + key: text for key, text in files.items()}, **more)
    return UsageFeed(bucket, "feeds", prefix).day("2026-11-15")


def runs(found: Any) -> Decimal:
    units: Decimal = found.by_account["000000001234"]["agmt-1"]["runs"].units
    return units


NOVEMBER = "DailyUsageFeed_V1/year=2026/month=11/data.csv"


def test_rows_of_the_day_are_added_up() -> None:
    text = (
        COLUMNS + row("1.50") + row("2", usage_feed_id="second") + row("9", usage_date="2026-11-14", usage_feed_id="x")
    )
    assert day({NOVEMBER: text}).by_account == {"000000001234": {"agmt-1": {"runs": Reported(Decimal("3.50"), 2)}}}


def test_a_later_row_replaces_an_earlier_one_and_a_deleted_one_is_gone() -> None:
    later = row("4", update_date="2026-11-17T08:00:00Z")
    assert runs(day({NOVEMBER: COLUMNS + row("1") + later})) == runs(day({NOVEMBER: COLUMNS + later + row("1")})) == 4
    deleted = row("1", update_date="2026-11-17T08:00:00Z", delete_date="2026-11-17")
    assert day({NOVEMBER: COLUMNS + row("1") + deleted}).is_empty


def test_folders_are_found_whatever_their_spelling_below_a_prefix_and_in_pages() -> None:
    for name in ("dailyusagefeed_v1", "Daily_Usage_Feed_v1", "DailyUsageFeed"):
        files = {f"{name}/year=2026/month=11/data.csv": COLUMNS + row("1")}
        assert runs(day(files, "market/place/", page=1)) == 1


def test_accounts_without_an_explanation_and_names_of_legacy_customers() -> None:
    found = day({NOVEMBER: COLUMNS + row("1", end_user_account_id="unknown")})
    assert (found.unknown, found.by_account, found.names) == ({"unknown"}, {}, {"customer-1": "999999999999"})


def test_no_feed_is_an_empty_day() -> None:
    assert day({}).is_empty and day({NOVEMBER: COLUMNS}).is_empty


def test_the_last_days_of_a_month_stand_in_the_next_file_too() -> None:
    keys = [f"year={year}/month={month:02}/data.csv" for year, month in ((2026, 11), (2026, 12), (2027, 1))]
    assert [months_of("2026-11-23")(key) for key in keys] == [True, False, False]
    assert [months_of("2026-11-24")(key) for key in keys] == [True, True, False]
    assert [months_of("2026-12-31")(key) for key in keys] == [False, True, True]
