"""The notices that must have been lost: what an agreement says, and what the subscriber's row does not know. Pure.

A start or an end that the row lacks becomes a notice of its own (source ``search``), which is then applied like any
other. Its id follows from the agreement, what it means and when, so a second search makes the same one; and since the
first end closes a period and a start opens one only where none is open, the real notice changes nothing when it comes
after all. A period may begin and end some seconds off: an agreement's times are a little earlier than its events'.

Sources: Agreement API's model (AgreementStatus; endTime "is null for pay-as-you-go agreements"); ``agreement_event``
for what each status means.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Literal

from ledger.subscriber import Subscriber
from marketplace.agreement_event import ENDS, FOLLOWED
from marketplace.agreements import Agreement
from marketplace.billing_identity import license_id
from marketplace.notice import Kind, Notice

#: Seconds that a notice may take: a younger change is left to the next search.
LATE = 15 * 60
#: These agreements never came into force, or are no buyer's any more.
NEVER = ("ROLLED_BACK", "ARCHIVED")


def lost_notices(
    agreement: Agreement,
    licence: str,
    row: Subscriber | None,
    *,
    follower: Agreement | None,
    product_code: str,
    now: float,
) -> tuple[Notice, ...]:
    """The starts and ends of one licence that its row does not know.

    follower: the next agreement of the chain, if its licence is known. With the same licence the period goes on.
    """
    begin = agreement.start
    if begin is None or agreement.status in NEVER:
        return ()
    found: list[Notice] = []
    until = math.inf if agreement.status == "ACTIVE" else _own_end(agreement)
    if begin <= now - LATE and not knows_start(row, begin, until):
        found.append(_notice("start", begin, agreement, licence, product_code))
    end = ended_at(agreement, licence, follower)
    if end is not None and end <= now - LATE and _ends(agreement, row, end) and (found or _is_open_before(row, end)):
        found.append(_notice("end", max(end, begin), agreement, licence, product_code))
    return tuple(found)


def fact(agreement: Agreement, licence: str, product_code: str) -> Notice:
    """What an agreement says about its licence beside starts and ends: its status, its term and its chain."""
    return _notice("fact", agreement.updated, agreement, licence, product_code)


def says_anything(agreement: Agreement, row: Subscriber | None) -> bool:
    """Whether the agreement's facts belong on the row: not those of an agreement that a newer one has followed."""
    return agreement.status not in NEVER and agreement.start is not None and _speaks_for(agreement, row)


def lost_of_customer(
    agreements: Sequence[Agreement], row: Subscriber, *, product_code: str, now: float
) -> tuple[Notice, ...]:
    """The start or end of a legacy customer that its row does not know, from all of its account's agreements.

    SNS's notices are about the customer: it stays while one of its agreements runs, or is followed by one that is not
    listed yet.
    """
    begun = [each for each in agreements if each.start is not None and each.status not in NEVER and each.start <= now]
    if not begun:
        return ()
    newest = max(begun, key=lambda each: (each.start or 0.0, each.id))
    running = [each for each in begun if each.status == "ACTIVE"]
    if running:
        begin = max(each.start or 0.0 for each in running)
        if begin <= now - LATE and not knows_start(row, begin, math.inf):
            return (_notice("start", begin, newest, None, product_code, customer=row.customer_identifier),)
        return ()
    if newest.status in FOLLOWED:
        return ()
    end = max(_own_end(each) for each in begun)
    if end <= now - LATE and _is_open_before(row, end):
        return (_notice("end", end, newest, None, product_code, customer=row.customer_identifier),)
    return ()


def knows_start(row: Subscriber | None, begin: float, until: float) -> bool:
    """Whether the row was active between these moments, whenever its period began: a licence may be provisioned later
    than its agreement starts, and usage before that is refused for good."""
    return row is not None and any(
        (period.end is None or period.end > begin) and period.start < until for period in row.active_periods
    )


def ended_at(agreement: Agreement, licence: str, follower: Agreement | None) -> float | None:
    """When the licence ended with this agreement; None while it runs, or goes on under the next agreement.

    A renewal or replacement ends the licence only if the next agreement is known to have another one.
    """
    if agreement.status in ENDS:
        return _own_end(agreement)
    if agreement.status in FOLLOWED and follower is not None and follower.licences and follower.start is not None:
        taken_over = {license_id(each) for each in follower.licences}
        return follower.start if license_id(licence) not in taken_over else None
    return None


def follower_of(agreement: Agreement, chain: Sequence[Agreement]) -> Agreement | None:
    """The next agreement of the chain; None if it is the last. chain: in the order of the starts."""
    later = [
        each
        for each in chain
        if each.id != agreement.id and each.status not in NEVER and (each.start or 0.0) >= (agreement.start or math.inf)
    ]
    return later[0] if later else None


def _own_end(agreement: Agreement) -> float:
    """The end of an agreement that has ended. One that was cancelled or terminated may keep the end that was agreed, so
    the moment at which it was last updated bounds it."""
    return min(agreement.end if agreement.end is not None else math.inf, agreement.updated)


def _speaks_for(agreement: Agreement, row: Subscriber | None) -> bool:
    """Whether this agreement is the newest that the row knows. One that runs is; one that has ended is none if the
    licence came with another since."""
    if row is None or row.agreement_id in (None, agreement.id) or agreement.status == "ACTIVE":
        return True
    known = row.item.get("contractStart")
    return known is not None and (agreement.start or 0.0) > float(known)


def _ends(agreement: Agreement, row: Subscriber | None, end: float) -> bool:
    """Whether the end of this agreement ends the licence: not if the licence came with another agreement before."""
    if _speaks_for(agreement, row) or row is None:
        return True
    known = row.item.get("contractStart")
    return known is not None and end <= float(known)


def _is_open_before(row: Subscriber | None, end: float) -> bool:
    if row is None or not row.active_periods:
        return False
    last = row.active_periods[-1]
    return last.end is None and last.start <= end


def _notice(
    kind: Literal["start", "end", "fact"],
    at: float,
    agreement: Agreement,
    licence: str | None,
    product_code: str,
    *,
    customer: str | None = None,
) -> Notice:
    about: Kind = kind
    at_ms = round(at * 1000)
    return Notice(
        id=_id(agreement, licence or customer or "", kind, at_ms),
        source="search",
        action=f"Agreement {agreement.status}",
        kind=about,
        at_ms=at_ms,
        product_code=product_code,
        customer_identifier=customer,
        license_arn=licence,
        license_id=license_id(licence) if licence else None,
        agreement_id=agreement.id,
        account_id=agreement.account_id,
        offer_id=agreement.offer_id,
        agreement_status=agreement.status if kind == "fact" else None,
        initial_agreement_id=agreement.initial_id,
        contract_start=int(agreement.start) if agreement.start is not None else None,
        contract_end=int(agreement.end) if agreement.end is not None else None,
    )


def _id(agreement: Agreement, about: str, kind: str, at_ms: int) -> str:
    text = "|".join((agreement.id, about, kind, agreement.status, str(at_ms)))
    return f"search-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
