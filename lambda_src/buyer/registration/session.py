"""The session: a signed text that replaces a resolved registration token for four hours.

A token of an agreement lives 30 minutes (service model of marketplace-agreement, ``registrationToken``), and AWS's
checklist for SaaS wants none kept in a browser's cookie, so the page holds the session instead. It names one buyer of
one product, and allows its holder to write that buyer's contact data, nothing else.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from buyer.registration.refusal import START_AGAIN
from buyer.signing_keys import SigningKeys
from runtime.api_error import ApiError

#: Seconds for which a session is valid, as long as a token of the fulfilment POST (AWS Marketplace seller guide, SaaS
#: customer onboarding).
LIVES = 4 * 3600
LONGEST = 2 * 1024


@dataclass(frozen=True)
class Session:
    """The registration session of one buyer.

    customer_identifier: the billing key. product_code: of what it bought. issued_at: epoch seconds, when its token was
    resolved.
    """

    customer_identifier: str
    product_code: str
    issued_at: int


@dataclass(frozen=True)
class Sessions:
    """Issues and opens sessions. codes: of the products that the stage sells."""

    keys: SigningKeys
    codes: Collection[str]

    def issue(self, session: Session) -> str:
        """The signed text. Raises ApiError unavailable."""
        content = [session.customer_identifier, session.product_code, session.issued_at]
        return str(_signer(self.keys.oldest_first()).dumps(content))

    def open(self, text: str, now: float) -> Session:
        """The session in a signed text. Raises ApiError invalid_session, expired_session or unavailable."""
        if len(text) > LONGEST:
            raise invalid()
        customer_identifier, product_code, issued_at = self._content(text)
        if product_code not in self.codes:
            raise invalid()
        if int(now) - issued_at > LIVES:
            message = f"This page was open for more than four hours. {START_AGAIN}"
            raise ApiError(400, "expired_session", message, {"field": "session"})
        return Session(customer_identifier, product_code, issued_at)

    def _content(self, text: str) -> tuple[str, str, int]:
        try:
            content = self.keys.verified(lambda keys: _signer(keys).loads(text))
        except BadData:
            raise invalid() from None
        customer_identifier, product_code, issued_at = content
        return str(customer_identifier), str(product_code), int(issued_at)


def _signer(keys: tuple[str, ...]) -> URLSafeSerializer:
    """Signs with the last key and verifies with any."""
    return URLSafeSerializer(list(keys), salt="registration session", signer_kwargs={"digest_method": hashlib.sha256})


def invalid() -> ApiError:
    """The refusal of a session that another stage signed, or this one before it was made anew."""
    message = f"This page cannot be used any more. {START_AGAIN}"
    return ApiError(400, "invalid_session", message, {"field": "session"})
