"""Invoices of an agreement by the Agreement API's ListAgreementInvoiceLineItems.

Source: botocore model of ``marketplace-agreement``. The API answers in us-east-1 only (AWS Marketplace API reference).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from marketplace.patience import patiently
from marketplace.seller import OURSELVES, Seller

REGION = "us-east-1"
#: Seconds between two calls: AWS publishes no quota.
SECONDS_A_CALL = 0.2


@dataclass(frozen=True, kw_only=True)
class Invoiced:
    """What was invoiced to one agreement for one month, before tax.

    charged: by currency. adjusted: credit memos by currency, as positive amounts. ids: of the invoices.
    """

    charged: Mapping[str, Decimal]
    adjusted: Mapping[str, Decimal]
    ids: tuple[str, ...] = ()


class Invoices:
    """Reads invoices."""

    def __init__(self, client: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    @classmethod
    def connect(cls, seller: Seller = OURSELVES) -> "Invoices":
        """A reader with the seller's rights. Making it calls nothing."""
        config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 1})
        return cls(seller.client("marketplace-agreement", REGION, config))

    def of_month(self, agreement_id: str, month: str) -> Invoiced | None:
        """What an agreement was invoiced for a month (``2026-11``); None if AWS does not know the agreement."""
        charged: dict[str, Decimal] = {}
        adjusted: dict[str, Decimal] = {}
        ids: list[str] = []
        try:
            for entry in self._entries(agreement_id, month):
                money = entry["pricingCurrencyAmount"]
                units, memo = Decimal(money["amount"]), entry.get("invoiceType") == "CREDIT_MEMO"
                sums = adjusted if memo else charged
                sums[money["currencyCode"]] = sums.get(money["currencyCode"], Decimal(0)) + (
                    abs(units) if memo else units
                )
                if not memo:
                    ids.append(str(entry["invoiceId"]))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return Invoiced(charged=charged, adjusted=adjusted, ids=tuple(ids))

    def _entries(self, agreement_id: str, month: str) -> Iterator[Mapping[str, Any]]:
        request: dict[str, Any] = {
            "agreementId": agreement_id,
            "groupBy": "INVOICE_ID",
            "invoiceBillingPeriod": {"year": int(month[:4]), "month": int(month[5:])},
            "maxResults": 50,
        }
        while True:
            page = patiently(
                self._client.list_agreement_invoice_line_items, request, sleep=self._sleep, seconds=SECONDS_A_CALL
            )
            yield from page.get("agreementInvoiceLineItemGroupSummaries", ())
            if not page.get("nextToken"):
                return
            request["nextToken"] = page["nextToken"]
