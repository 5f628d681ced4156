"""Which engine may announce with a secret. Pure."""

import hashlib
import hmac

from yawl.engine import Engine

#: How many secrets an engine may have at a time: the old and the new one, while the engine is told the new address.
MOST_SECRETS = 2
#: Stands for a secret that is not there: no text is known whose SHA-256 this is.
_NONE = "0" * 64


def admits(engine: Engine | None, secret: str) -> bool:
    """Whether the engine exists, announces, and has this secret.

    It always compares the same number of hashes in constant time, so that an unknown engine takes as long as a wrong
    secret, and a wrong one as long as any other.
    """
    announces = engine is not None and engine.mode != "log-only"
    hashes = engine.secret_hashes[:MOST_SECRETS] if engine is not None and announces else ()
    given = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    found = [hmac.compare_digest(given, each) for each in (*hashes, *[_NONE] * (MOST_SECRETS - len(hashes)))]
    return any(found)
