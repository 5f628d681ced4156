"""The seller's data feeds that show usage: Daily Usage, and Account, by which its account ids are read.

Sources: AWS Marketplace user guide, "Daily Usage data feed", "Account data feed" and "Storage and structure of AWS
Marketplace data feeds".
"""

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from marketplace_local.catalogue import Buyer
from marketplace_local.catalogue.listing import product_id
from marketplace_local.clock import iso
from marketplace_local.notices import SELLER_ACCOUNT

if TYPE_CHECKING:
    from marketplace_local.state import MarketplaceState

HISTORY = ("valid_from", "insert_date", "update_date", "delete_date")
USAGE_COLUMNS = (
    *HISTORY,
    *("usage_feed_id", "usage_date", "product_id", "agreement_id", "end_user_account_id", "payer_account_id", "region"),
    *("dimension_key", "usage_unit", "usage_quantity", "pricing_currency", "estimated_revenue_in_pricing_currency"),
    *("recipient_account_id", "offer_id", "usage_rate_per_unit_in_pricing_currency", "charge_item_description"),
)
ACCOUNT_COLUMNS = (
    *HISTORY,
    *("account_id", "aws_account_id", "encrypted_account_id", "mailing_address_id", "tax_address_id"),
    *("tax_registration_number", "tax_legal_name"),
)
#: Rule U02.
FEED_DECIMALS = Decimal("0.01")


def feeds(state: "MarketplaceState") -> dict[str, str]:
    """Every file by its key in the seller's bucket, as it is at the Marketplace's present."""
    usage: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _usage_rows(state):
        usage[key_of("DailyUsageFeed", row["insert_date"])].append(row)
    accounts: dict[str, list[dict[str, str]]] = defaultdict(list)
    for buyer in state.catalogue.buyers.values():
        row = _account_row(buyer)
        accounts[key_of("AccountFeed", row["insert_date"])].append(row)
    made = {key: _csv(USAGE_COLUMNS, rows) for key, rows in usage.items()}
    return made | {key: _csv(ACCOUNT_COLUMNS, rows) for key, rows in accounts.items()}


def key_of(feed: str, inserted: str) -> str:
    """Rule U03: a file a feed and month, the month in which the row was written."""
    return f"{feed}_V1/year={inserted[:4]}/month={inserted[5:7]}/data.csv"


def usage_by_day(state: "MarketplaceState") -> dict[tuple[str, str, str, str], Decimal]:
    """Rule U01: accepted units by buyer, dimension, day of the metered hour and Region."""
    totals: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    for line in state.log.accepted:
        totals[line.buyer, line.dimension, line.hour[:10], line.region] += Decimal(line.quantity)
    return totals


def _usage_rows(state: "MarketplaceState") -> Iterator[dict[str, str]]:
    for (buyer_id, dimension, day, region), total in sorted(usage_by_day(state).items(), key=lambda each: each[0][2]):
        units = state.misstatements.shown("feed", buyer_id, day, dimension, total, state.now())
        inserted = inserted_at(day)
        if units is None or not total or inserted > state.now():
            continue
        buyer = state.catalogue.buyers[buyer_id]
        product = state.catalogue.products[buyer.product_code]
        rate = product.price(dimension)
        shown = shown_units(units)
        yield dict.fromkeys(USAGE_COLUMNS, "") | {
            "valid_from": iso(midnight(day).timestamp()),
            "insert_date": iso(inserted),
            "update_date": iso(inserted),
            "usage_feed_id": _salted(f"{buyer_id}/{dimension}/{day}/{region}"),
            "usage_date": day,
            "product_id": product_id(product),
            "agreement_id": buyer.agreement_id,
            "end_user_account_id": account_guid(buyer),
            "payer_account_id": account_guid(buyer),
            "region": region,
            "dimension_key": dimension,
            "usage_unit": "Units",
            "usage_quantity": f"{shown:f}",
            "pricing_currency": product.currency,
            "estimated_revenue_in_pricing_currency": f"{shown_units(units * rate):f}",
            "recipient_account_id": _salted(SELLER_ACCOUNT),
            "offer_id": buyer.offer_id,
            "usage_rate_per_unit_in_pricing_currency": f"{rate:f}",
            "charge_item_description": f"Usage|{region}|{region}|{dimension}",
        }


def shown_units(units: Decimal) -> Decimal:
    """Rule U02: two decimals at most."""
    return units.quantize(FEED_DECIMALS, ROUND_HALF_UP)


def inserted_at(day: str) -> float:
    """Rule U04: when the usage of a day is in the feed, in epoch seconds."""
    return (midnight(day) + timedelta(days=1, hours=8)).timestamp()


def midnight(day: str) -> datetime:
    """The beginning of a day (``2026-11-15``) in UTC."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def _account_row(buyer: Buyer) -> dict[str, str]:
    since = iso(int(buyer.periods[0].start)) if buyer.periods else "2020-01-01T00:00:00Z"
    return dict.fromkeys(ACCOUNT_COLUMNS, "") | {
        "valid_from": since,
        "insert_date": since,
        "update_date": since,
        "account_id": account_guid(buyer),
        "aws_account_id": buyer.account_id,
        "encrypted_account_id": buyer.customer_identifier or "",
    }


def account_guid(buyer: Buyer) -> str:
    """The feeds' id of a buyer's account, which is not its number."""
    return _salted(buyer.account_id)


def _salted(text: str) -> str:
    return hashlib.sha256(f"{SELLER_ACCOUNT}/{text}".encode()).hexdigest()[:42]


def _csv(columns: tuple[str, ...], rows: list[dict[str, str]]) -> str:
    """RFC 4180 with ``\\n`` and every field quoted."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
