"""The hand-over: a JSON Web Token (RFC 7519, HS256) that names a registered buyer to the vendor's app for five minutes.

``itsdangerous``, which signs the page's sessions, signs it too: with SHA-256 and without a derived key its signature is
that of a JWS (RFC 7515, A.1), which tests hold with PyJWT.
"""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from itsdangerous import BadData, Signer

from buyer.signing_keys import SigningKeys
from runtime.api_error import ApiError

#: Seconds for which a hand-over is valid: a buyer presses a button, and a program redeems it at once.
LIVES = 300
LONGEST = 4 * 1024
_AGAIN = "The buyer gets a new one from the registration page."


@dataclass(frozen=True)
class Handover:
    """One hand-over. customer_identifier: the billing key. id: its ``jti``. expires_at: epoch seconds."""

    customer_identifier: str
    product_code: str
    id: str
    expires_at: int


@dataclass(frozen=True)
class Handovers:
    """Issues and opens the hand-overs of one stage to one app. issuer, audience: the claims ``iss`` and ``aud``."""

    keys: SigningKeys
    issuer: str
    audience: str

    def issue(self, customer_identifier: str, product_code: str, now: float) -> tuple[str, Handover]:
        """The token, and what it says. Raises ApiError unavailable."""
        made = Handover(customer_identifier, product_code, secrets.token_urlsafe(16), int(now) + LIVES)
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": customer_identifier,
            "productCode": product_code,
            "jti": made.id,
            "iat": int(now),
            "exp": made.expires_at,
        }
        signed = _signer(self.keys.oldest_first()).sign(f"{_HEADER}.{_encoded(claims)}")
        return signed.decode(), made

    def open(self, text: str, now: float) -> Handover:
        """What a token of ours says. Raises ApiError invalid_handover, expired_handover or unavailable."""
        if len(text) > LONGEST or not text.isascii():
            raise _invalid()
        header, _, payload = self._signed(text).partition(".")
        if header != _HEADER:
            raise _invalid()
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if (claims["iss"], claims["aud"]) != (self.issuer, self.audience):
            raise _invalid()
        if now >= claims["exp"]:
            raise ApiError(400, "expired_handover", f"This hand-over is older than five minutes. {_AGAIN}")
        return Handover(claims["sub"], claims["productCode"], claims["jti"], claims["exp"])

    def _signed(self, text: str) -> str:
        """The signed part of a token with a signature of ours."""
        try:
            return self.keys.verified(lambda keys: _signer(keys).unsign(text)).decode()
        except BadData:
            raise _invalid() from None


def _signer(keys: tuple[str, ...]) -> Signer:
    """Signs with the last key and verifies with any."""
    return Signer(list(keys), key_derivation="none", digest_method=hashlib.sha256)


def _encoded(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


#: The only header that is accepted, so that no token chooses its own algorithm (RFC 8725, 3.1).
_HEADER = _encoded({"alg": "HS256", "typ": "JWT"})


def _invalid() -> ApiError:
    return ApiError(400, "invalid_handover", f"This is not a hand-over of this stage. {_AGAIN}", {"field": "handover"})
