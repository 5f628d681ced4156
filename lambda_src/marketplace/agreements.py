"""Agreements of the seller's buyers, by the Agreement API: SearchAgreements, DescribeAgreement and
GetAgreementEntitlements.

Source: botocore model of ``marketplace-agreement``. The API answers in us-east-1 only (AWS Marketplace API reference).
Only a proposer may filter and sort by the time of the last update.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from marketplace.patience import patiently
from marketplace.seller import OURSELVES, Seller
from runtime.clock import iso

REGION = "us-east-1"
CATALOG = "AWSMarketplace"
#: Seconds between two calls: AWS publishes no quota.
SECONDS_A_CALL = 0.2
#: The model's largest page.
PAGE = 50
#: Pages that one question may have. A service that gives the same page for ever must not hold up the others.
MOST_PAGES = 2000


class TooManyPages(RuntimeError):
    """The Agreement API's pages do not end."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One agreement. Times are epoch seconds; end is None for one without an end.

    initial_id: the first agreement of its chain of renewals and replacements. licences: ARNs of its entitlements.
    """

    id: str
    status: str
    account_id: str | None = None
    product_ids: tuple[str, ...] = ()
    offer_id: str | None = None
    initial_id: str | None = None
    licences: tuple[str, ...] = ()
    start: float | None = None
    end: float | None = None
    updated: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Provided:
    """An entitlement of an agreement, and how its provisioning stands: ``AgreementEntitlementStatus`` and its reason.
    Its registration token is never read."""

    status: str
    licence: str | None = None
    reason: str | None = None


class Agreements:
    """Reads agreements."""

    def __init__(self, client: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    @classmethod
    def connect(cls, seller: Seller = OURSELVES) -> "Agreements":
        """A reader with the seller's rights. Making it calls nothing."""
        config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 1})
        return cls(seller.client("marketplace-agreement", REGION, config))

    def updated_since(self, since: float, product_id: str) -> Iterator[tuple[Agreement, ...]]:
        """Agreements about a product that were updated after ``since``, page by page, the earliest update first."""
        wanted = {"ResourceIdentifier": product_id, "AfterLastUpdateTime": iso(int(since))}
        yield from self._search(wanted, sort={"sortBy": "LastUpdateTime", "sortOrder": "ASCENDING"})

    def chain(self, initial_id: str) -> tuple[Agreement, ...]:
        """The agreements of one chain, in the order of their starts."""
        found = [each for page in self._search({"InitialAgreementId": initial_id}) for each in page]
        return tuple(sorted(found, key=lambda each: (each.start or 0.0, each.id)))

    def of_account(self, account_id: str, product_id: str) -> tuple[Agreement, ...]:
        """A buyer's agreements about a product, in the order of their starts."""
        wanted = {"AcceptorAccountId": account_id, "ResourceIdentifier": product_id}
        found = [each for page in self._search(wanted) for each in page]
        return tuple(sorted(found, key=lambda each: (each.start or 0.0, each.id)))

    def describe(self, agreement_id: str, now: float) -> Agreement | None:
        """One agreement by DescribeAgreement, which names neither its licences nor when it was updated: an agreement
        that runs was at its start, any other one by ``now`` (epoch seconds). None if AWS does not know it."""
        request = {"agreementId": agreement_id}
        try:
            found = patiently(self._client.describe_agreement, request, sleep=self._sleep, seconds=SECONDS_A_CALL)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        read = from_api({**found, "agreementId": agreement_id})
        is_running = read.status == "ACTIVE" and read.start is not None
        return replace(read, updated=(read.start or now) if is_running else now)

    def entitlements(self, agreement_id: str) -> tuple[Provided, ...]:
        """What an agreement provides; nothing where AWS does not know the agreement (any more)."""
        request = {"agreementId": agreement_id, "maxResults": PAGE}
        try:
            return tuple(
                Provided(
                    status=str(entry["status"]),
                    licence=entry.get("licenseArn"),
                    reason=entry.get("statusReasonCode"),
                )
                for page in self._pages(self._client.get_agreement_entitlements, request)
                for entry in page.get("agreementEntitlements", ())
                if "status" in entry
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return ()
            raise

    def _search(
        self, wanted: Mapping[str, str], sort: Mapping[str, str] | None = None
    ) -> Iterator[tuple[Agreement, ...]]:
        filters = {"PartyType": "Proposer", "AgreementType": "PurchaseAgreement", **wanted}
        request: dict[str, Any] = {
            "catalog": CATALOG,
            "filters": [{"name": name, "values": [value]} for name, value in filters.items()],
            "maxResults": PAGE,
        }
        if sort:
            request["sort"] = dict(sort)
        for page in self._pages(self._client.search_agreements, request):
            yield tuple(from_api(entry) for entry in page.get("agreementViewSummaries", ()) if "agreementId" in entry)

    def _pages(self, call: Callable[..., Mapping[str, Any]], request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        asked = dict(request)
        for _ in range(MOST_PAGES):
            page = patiently(call, asked, sleep=self._sleep, seconds=SECONDS_A_CALL)
            yield page
            if not page.get("nextToken"):
                return
            asked["nextToken"] = page["nextToken"]
        raise TooManyPages(f"the Agreement API has more than {MOST_PAGES} pages")


def from_api(entry: Mapping[str, Any]) -> Agreement:
    """An AgreementViewSummary as we read it. Every member of the model is optional."""
    proposal = entry.get("proposalSummary") or {}
    licences = (each.get("licenseArn") for each in entry.get("entitlements") or ())
    return Agreement(
        id=str(entry["agreementId"]),
        status=str(entry.get("status", "")),
        account_id=(entry.get("acceptor") or {}).get("accountId"),
        product_ids=tuple(each["id"] for each in proposal.get("resources") or () if "id" in each),
        offer_id=proposal.get("offerId"),
        initial_id=entry.get("initialAgreementId"),
        licences=tuple(dict.fromkeys(each for each in licences if each)),
        start=_seconds(entry.get("startTime")),
        end=_seconds(entry.get("endTime")),
        updated=_seconds(entry.get("lastUpdateTime")) or 0.0,
    )


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment is not None else None
