"""Which engine may announce with a secret. Pure."""

import hashlib
import hmac

from yawl.engine import Engine

#: How many secrets an engine may have at a time: the old and the new one, until it announces to the new address.
MOST_SECRETS = 2
#: Stands for a missing secret: no text is known whose SHA-256 this is.
_NO_HASH = "0" * 64


def admitted(engine: Engine | None, secret: str) -> Engine | None:
    """The engine, if it exists, announces, and has this secret.

    It compares the same number of hashes for all of them, each in constant time, so that an unknown engine and a wrong
    secret take equally long.
    """
    announces = engine is not None and engine.mode != "log-only"
    hashes = engine.secret_hashes[:MOST_SECRETS] if engine is not None and announces else ()
    given = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    equal = [hmac.compare_digest(given, each) for each in (*hashes, *[_NO_HASH] * (MOST_SECRETS - len(hashes)))]
    return engine if any(equal) else None
