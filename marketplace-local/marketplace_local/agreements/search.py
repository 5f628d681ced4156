"""SearchAgreements. Source: botocore's model of ``marketplace-agreement``."""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from marketplace_local.agreements.book import TYPE, Entry, entries, initial
from marketplace_local.clock import from_iso
from marketplace_local.errors import ServiceError
from marketplace_local.state import MarketplaceState

CATALOG = "AWSMarketplace"
LARGEST_PAGE = 50
Filters = dict[str, str]


def _compared(of: Callable[[Entry], float | None], is_after: bool) -> Callable[[Entry, str], bool]:
    def holds(entry: Entry, value: str) -> bool:
        have, wanted = of(entry), from_iso(value)
        return have is not None and (have > wanted if is_after else have < wanted)

    return holds


#: What a proposer may filter by. PartyType and AgreementType have rules of their own.
FILTERS: dict[str, Callable[[Entry, str], bool]] = {
    "PartyType": lambda entry, value: value == "Proposer",
    "AgreementType": lambda entry, value: value == TYPE,
    "ResourceIdentifier": lambda entry, value: entry.product_id == value,
    "ResourceType": lambda entry, value: entry.product_type == value,
    "AcceptorAccountId": lambda entry, value: entry.buyer.account_id == value,
    "OfferId": lambda entry, value: entry.offer_id == value,
    "Status": lambda entry, value: entry.status == value,
    "InitialAgreementId": lambda entry, value: initial(entry) == value,
    "LicenseArn": lambda entry, value: entry.buyer.license_arn == value,
    "AfterStartTime": _compared(lambda entry: entry.start, True),
    "BeforeStartTime": _compared(lambda entry: entry.start, False),
    "AfterEndTime": _compared(lambda entry: entry.end, True),
    "BeforeEndTime": _compared(lambda entry: entry.end, False),
    "AfterLastUpdateTime": _compared(lambda entry: entry.updated, True),
    "BeforeLastUpdateTime": _compared(lambda entry: entry.updated, False),
}
SORTS: dict[str, Callable[[Entry], float]] = {
    "EndTime": lambda entry: entry.end if entry.end is not None else float("inf"),
    "StartTime": lambda entry: entry.start,
    "LastUpdateTime": lambda entry: entry.updated,
}


def search(state: MarketplaceState, body: dict[str, Any]) -> dict[str, Any]:
    """One page of agreements. Raises ServiceError ValidationException."""
    if body.get("catalog", CATALOG) != CATALOG:
        raise ServiceError("ValidationException", f"the catalog is {CATALOG}")
    filters = filters_are_known(body)
    agreement_type_is_named(filters)
    found = ordered([entry for entry in entries(state) if matches(entry, filters)], body)
    first, size = token_is_of(body), page_size(body)
    page: dict[str, Any] = {"agreementViewSummaries": [entry.shown() for entry in found[first : first + size]]}
    if first + size < len(found):
        page["nextToken"] = f"{first + size}-{_fingerprint(body)}"
    return page


def filters_are_known(body: dict[str, Any]) -> Filters:
    """Rule G01: the filters by name, each with its one value. Raises ServiceError for one that there is not."""
    filters: Filters = {}
    for each in body.get("filters") or ():
        name = each.get("name")
        if name not in FILTERS or not each.get("values"):
            raise ServiceError("ValidationException", f"INVALID_FILTER_NAME: {name!r} with one value", rule="G01")
        filters[name] = each["values"][0]
    return filters


def agreement_type_is_named(filters: Filters) -> None:
    """Rule G02. Raises ServiceError unless the filters name the AgreementType."""
    if "AgreementType" not in filters:
        raise ServiceError("ValidationException", "MISSING_FILTER_NAME: AgreementType is required", rule="G02")


def matches(entry: Entry, filters: Filters) -> bool:
    """Rules G03 and G04: all filters hold; a time after another one is later by a second at least."""
    try:
        return all(FILTERS[name](entry, value) for name, value in filters.items())
    except ValueError:
        raise ServiceError("ValidationException", "INVALID_FILTER_VALUES: a time is ISO 8601 with a zone") from None


def ordered(found: list[Entry], body: dict[str, Any]) -> list[Entry]:
    """Rule G05: in the order of the end, or of another time that the request names. Raises ServiceError."""
    sort = body.get("sort") or {}
    by = sort.get("sortBy", "EndTime")
    if by not in SORTS:
        raise ServiceError("ValidationException", f"INVALID_SORT_BY: {by!r}")
    return sorted(found, key=lambda entry: (SORTS[by](entry), entry.id), reverse=sort.get("sortOrder") == "DESCENDING")


def page_size(body: dict[str, Any]) -> int:
    """Rule G06: at most 50 agreements a page."""
    return int(body.get("maxResults") or LARGEST_PAGE)


def token_is_of(body: dict[str, Any]) -> int:
    """Where the page begins. Raises ServiceError for a token of another request."""
    first, _, of = str(body.get("nextToken") or f"0-{_fingerprint(body)}").partition("-")
    if not first.isdecimal() or of != _fingerprint(body):
        raise ServiceError("ValidationException", "INVALID_NEXT_TOKEN: it is another request's")
    return int(first)


def _fingerprint(body: dict[str, Any]) -> str:
    asked: Iterable[tuple[str, Any]] = sorted((name, value) for name, value in body.items() if name != "nextToken")
    return hashlib.sha256(json.dumps(list(asked), sort_keys=True).encode()).hexdigest()[:16]
