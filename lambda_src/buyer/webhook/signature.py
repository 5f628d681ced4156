"""The headers that prove a webhook to its receiver, by the Standard Webhooks specification (standardwebhooks.com, 1.0).

The signature is HMAC-SHA256 over ``<id>.<timestamp>.<body>``, in base64, behind ``v1,``. While a secret is being
changed, a webhook carries one signature by each of its values, so that a receiver may know either.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
#: The specification's bounds of a key, in bytes.
_SHORTEST, _LONGEST = 24, 64


class UnusableWebhookSecret(RuntimeError):
    """The stored secret is no key of a webhook. It is never quoted."""


def headers(*, event_id: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of one try. timestamp: its moment (epoch seconds), by which the receiver refuses what is replayed.

    secrets: the values of the secret, the newest first. Raises UnusableWebhookSecret.
    """
    signed = b".".join((event_id.encode(), str(timestamp).encode(), body))
    signatures = [hmac.new(_key(secret), signed, hashlib.sha256).digest() for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signatures),
    }


def _key(secret: str) -> bytes:
    """The key of a secret: ``whsec_`` and base64. What Secrets Manager made is base64 without that beginning."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise UnusableWebhookSecret("the webhook's secret is not base64") from None
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise UnusableWebhookSecret(f"the webhook's secret has {len(key)} bytes, not {_SHORTEST} to {_LONGEST}")
    return key
