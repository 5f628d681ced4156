"""Ties a purchase to an account that exists in the vendor's app: ``linkedAccount`` of a subscriber."""

import re
from dataclasses import dataclass

from ledger.audit_trail import AuditTrail
from ledger.subscriber import Subscriber
from ledger.subscribers import Change, Subscribers
from runtime.api_error import ApiError, bad_request

#: An id of the app's own. No e-mail address: operators, archive and events show it.
ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/|+=-]{0,127}")


@dataclass(frozen=True)
class Linker:
    """Links accounts of one stage."""

    subscribers: Subscribers
    audit: AuditTrail

    def link(self, customer: str, account: str, *, replace: bool, who: str, now: float) -> Subscriber:
        """The subscriber, linked to the account. Linking it again changes nothing.

        who: the caller's ARN, for the audit trail, which has the change in the same transaction. Raises ApiError
        bad_request, not_found or linked_elsewhere.
        """
        if not ACCOUNT.fullmatch(account):
            message = "An account is an id of your app: letters, digits and . _ : / | + = -, at most 128, no address."
            raise bad_request(message, "account")

        def linked(current: Subscriber | None) -> Change | None:
            if current is None:
                raise ApiError(404, "not_found", "No subscriber has this identifier.")
            if current.linked_account not in (None, account) and not replace:
                message = "The purchase is linked to another account. Send `replace: true` to link it to this one."
                details, cause = {"linkedAccount": current.linked_account}, {"customer": customer}
                raise ApiError(409, "linked_elsewhere", message, details, cause=cause)
            entry.clear()
            entry.update({"before": current.linked_account} if current.linked_account else {}, account=account)
            return Change({"linkedAccount": account})

        entry: dict[str, str] = {}
        self.subscribers.change(
            customer,
            linked,
            now=now,
            beside=lambda: self.audit.entry(
                customer,
                who=who,
                why="the app links the purchase to its account",
                command="link",
                target=customer,
                change=entry,
                now=now,
            ),
        )
        found = self.subscribers.get(customer)
        assert found is not None
        return found
