"""Tells people of moments, each once: a message that comes again, or was done by half, tells nobody twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from buyer.pages.branding import Branding
from buyer.people import moments
from buyer.people.buyer_mail import sendable, to_buyer
from buyer.people.moments import Mail, Moment
from ledger.notices import Notices
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from marketplace.products import Products
from runtime import clock, telemetry

logger = telemetry.logger("registration")

#: SES refuses the mail itself, and would again: its recipient, or the sender's identity (SESv2 API reference,
#: SendEmail). Everything else is tried again with the message.
_REFUSED = ("BadRequestException", "MessageRejected", "MailFromDomainNotVerifiedException", "NotFoundException")


class ToVendor(Protocol):
    """The topic of the vendor's people."""

    def send(self, mail: Mail) -> None:
        """Publish a mail. Raises botocore's errors."""


class ToBuyer(Protocol):
    """Amazon SES."""

    def send(self, address: str, mail: Mail) -> None:
        """Send a mail. Raises botocore's errors."""


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Tells the people of a stage. buyers: None where buyers get no mails. products: what is sold.
    confirm_within: seconds."""

    subscribers: Subscribers
    notices: Notices
    vendor: ToVendor
    buyers: ToBuyer | None
    products: Products
    branding: Branding
    confirm_within: int

    def tell(self, message: Mapping[str, Any]) -> list[str]:
        """Tell of an event of the bus, or of a message of ours; what was done, for the log: ``vendor``, ``buyer``,
        ``buyer_refused``."""
        moment = moments.MOMENTS[message["detail-type"]]
        detail = message["detail"]
        customer = str(detail.get("customerIdentifier") or "an unknown buyer")
        found = self.subscribers.get(customer) if "customerIdentifier" in detail else None
        return self._tell(moment, customer, found, once=f"{message['id']}", detail=str(detail.get("code", "")))

    def look(self, now: float) -> int:
        """Tell of registrations that AWS Marketplace has not confirmed in time; how many there are."""
        waiting = [
            found
            for found in self.subscribers.get_many(self.subscribers.with_status("pending"))
            if moments.is_unconfirmed(found, confirm_within=self.confirm_within, now=now)
        ]
        for found in waiting:
            key = found.customer_identifier
            self._tell("unconfirmed", key, found, once=f"unconfirmed#{key}#{found.registered_at}")
        return len(waiting)

    def _tell(
        self, moment: Moment, customer: str, found: Subscriber | None, *, once: str, detail: str = ""
    ) -> list[str]:
        done = []
        if not self.notices.is_told(f"{once}#vendor"):
            title = self.products.title(found.product_code if found else None)
            self.vendor.send(moments.to_vendor(moment, customer, found, title=title, detail=detail))
            self._note(f"{once}#vendor")
            done.append("vendor")
        wanted = moment in moments.BUYERS and found is not None and found.email
        if self.buyers and found is not None and wanted and not self.notices.is_told(f"{once}#buyer"):
            done.append(self._tell_buyer(self.buyers, moment, found))
            self._note(f"{once}#buyer")
        return done

    def _tell_buyer(self, buyers: ToBuyer, moment: Moment, found: Subscriber) -> str:
        address = sendable(found.email or "")
        if address is None:
            return "buyer_refused"
        try:
            title = self.products.title(found.product_code)
            buyers.send(address, to_buyer(moment, found, title=title, branding=self.branding))
        except ClientError as error:
            # SES's message names the address, so the code alone is logged.
            code = error.response["Error"]["Code"]
            if code not in _REFUSED:
                raise
            logger.warning("mail refused", customer=found.customer_identifier, code=code)
            return "buyer_refused"
        return "buyer"

    def _note(self, once: str) -> None:
        self.notices.told(once, clock.now())
