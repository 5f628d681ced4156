"""What a notice says of its subscriber's agreement: how it stands, its term, and the chain that it belongs to. Pure.

Notices of one agreement come in any order, so its status is the one of the newest notice that names one; and a notice
of an older agreement says nothing about a row that has a newer one already.
"""

from decimal import Decimal
from typing import Any

from ledger.subscriber import Subscriber
from marketplace.notice import Notice


def agreement_facts(current: Subscriber | None, notice: Notice) -> dict[str, Any]:
    """The attributes to set; none where the notice names no agreement, or another one than the row's newest."""
    if notice.agreement_id is None:
        return {}
    item = current.item if current else {}
    known = item.get("agreementId")
    is_same = known is None or known == notice.agreement_id
    if not is_same and current is not None and notice.at < float(current.facts_at):
        return {}
    stated: dict[str, Any] = {
        "initialAgreementId": notice.initial_agreement_id,
        "previousAgreementId": notice.previous_agreement_id,
        "contractStart": notice.contract_start,
        "contractEnd": notice.contract_end,
    }
    values = {name: value for name, value in stated.items() if value is not None}
    # A licence that comes with another agreement has a new one that runs, whatever became of the one before.
    status = notice.agreement_status or (None if is_same else "ACTIVE")
    at = Decimal(notice.at_ms) / 1000
    stored = (item.get("agreementStatusAt", Decimal(-1)), item.get("agreementStatus", "ACTIVE") != "ACTIVE")
    if status is not None and (not is_same or (at, status != "ACTIVE") >= stored):
        values |= {"agreementStatus": status, "agreementStatusAt": at}
    return values
