"""The seller's data feeds *Daily Usage* and *Account*, as AWS Marketplace writes them into the seller's bucket.

Sources: AWS Marketplace user guide, "Daily Usage data feed" (columns; quantities have up to two decimals), "Account
data feed", "Storage and structure of AWS Marketplace data feeds" (a file for each feed and month, with a path
``year=YYYY/month=MM/data.csv``; rows are added within a day), and "Historization of the data" (the row with the newest
update_date holds; one with a delete_date is gone).
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

USAGE, ACCOUNTS = "dailyusagefeed", "accountfeed"
#: The smallest difference that the feed can show.
STEP = Decimal("0.01")


class Reported(NamedTuple):
    """Units that the feed has: their sum, and the number of rows of which each may be rounded."""

    units: Decimal = Decimal(0)
    rows: int = 0

    def plus(self, units: Decimal) -> "Reported":
        """With one more row."""
        return Reported(self.units + units, self.rows + 1)


@dataclass
class DayOfUsage:
    """The feed's usage of one day.

    by_account: account number, then agreement ("" where the row names none), then dimension. names: for each legacy
    CustomerIdentifier its account number. unknown: accounts that the Account feed does not explain.
    """

    by_account: dict[str, dict[str, dict[str, Reported]]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Whether the feed has nothing for the day."""
        return not self.by_account and not self.unknown


class UsageFeed:
    """Reads the feeds in a bucket, below a prefix ("" or one that ends in a slash)."""

    def __init__(self, s3: "S3Client", bucket: str, prefix: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix

    def day(self, day: str) -> DayOfUsage:
        """The usage of a day, ``2026-11-15``. Files are read as streams, so a large month takes no memory."""
        folders = self._folders()
        numbers: dict[str, str] = {}
        found = DayOfUsage()
        for row in self._rows(folders.get(ACCOUNTS), _all_months):
            numbers[row["account_id"]] = row["aws_account_id"].rjust(12, "0")
            if row.get("encrypted_account_id"):
                found.names[row["encrypted_account_id"]] = numbers[row["account_id"]]
        sums: dict[str, dict[str, dict[str, Reported]]] = defaultdict(lambda: defaultdict(dict))
        for row in newest(self._rows(folders.get(USAGE), months_of(day)), day):
            number = numbers.get(row["end_user_account_id"])
            if number is None:
                found.unknown.add(row["end_user_account_id"])
                continue
            dimensions = sums[number][row.get("agreement_id") or ""]
            known = dimensions.get(row["dimension_key"], Reported())
            dimensions[row["dimension_key"]] = known.plus(Decimal(row["usage_quantity"] or 0))
        found.by_account = {account: dict(agreements) for account, agreements in sums.items()}
        return found

    def _folders(self) -> dict[str, str]:
        """The feeds' folders by their name in small letters without version, the newest version of each."""
        found: dict[str, str] = {}
        for page in self._listed(Prefix=self._prefix, Delimiter="/"):
            for entry in sorted(each["Prefix"] for each in page.get("CommonPrefixes", ())):
                name = entry.removeprefix(self._prefix).rstrip("/").lower()
                found[re.sub(r"_?v\d+$", "", name).replace("_", "").replace("-", "")] = entry
        return found

    def _rows(self, folder: str | None, months: Any) -> Iterator[dict[str, str]]:
        if folder is None:
            return
        for page in self._listed(Prefix=folder):
            for entry in page.get("Contents", ()):
                key = entry["Key"]
                if key.endswith(".csv") and months(key.removeprefix(folder)):
                    body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
                    lines = (line.decode("utf-8") for line in body.iter_lines(chunk_size=1 << 16, keepends=True))
                    yield from csv.DictReader(lines)

    def _listed(self, **request: Any) -> Iterator[Any]:
        token: dict[str, Any] = {}
        while True:
            page = self._s3.list_objects_v2(Bucket=self._bucket, **request, **token)
            yield page
            if not page.get("NextContinuationToken"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}


def _all_months(_key: str) -> bool:
    return True


def months_of(day: str) -> Any:
    """Which files may hold rows of a day: those of its month and of the month of the seven days that follow."""
    first = datetime.fromisoformat(day)
    months = {(first + timedelta(days=days)).strftime("year=%Y/month=%m/") for days in range(8)}
    return lambda key: any(key.startswith(month) for month in months)


def newest(rows: Iterable[dict[str, str]], day: str) -> list[dict[str, str]]:
    """The rows of a day that hold: of each usage_feed_id the newest, unless that one is deleted."""
    held: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["usage_date"][:10] == day:
            before = held.get(row["usage_feed_id"])
            if before is None or _version(row) >= _version(before):
                held[row["usage_feed_id"]] = row
    return [row for row in held.values() if not row.get("delete_date")]


def _version(row: dict[str, str]) -> tuple[str, str]:
    return row.get("valid_from", ""), row.get("update_date", "")
