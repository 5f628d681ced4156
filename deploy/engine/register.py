"""``make engine-register``: the engine is told the address to which it announces, and answers whether it reaches it."""

import re
import secrets
from collections.abc import Callable

from botocore.exceptions import BotoCoreError

from deploy.api_door import get
from deploy.engine.administration import Administration, Refused, ServerError
from deploy.engine.secret import ROUTE
from deploy.not_ready import NotReady

#: The service's name in the engine. Names need not be unique there.
NAME = "marketplaceMetering"
_ADDRESS = re.compile(rf"(https?://[^/\s]+(?:/[^/\s]+)*{ROUTE}/[a-z0-9-]+/)[A-Za-z0-9_-]+")

Say = Callable[[str], None]


def check_address(address: str, say: Say) -> None:
    """Look at the address from here, before the engine does. Raises NotReady for one that no engine can announce to."""
    if not _ADDRESS.fullmatch(address):
        raise NotReady(f"this is no address of make engine-secret: it looks like https://…{ROUTE}/<engine>/<secret>")
    try:
        status = get(address).status
    except BotoCoreError:
        say("this machine does not reach the address; the engine may")
        return
    # API Gateway itself answers 403 for a route that is not deployed.
    if status in (403, 404):
        raise NotReady(
            "the stage does not know this address yet: put the hash of make engine-secret into secretHashes, deploy,"
            " wait a minute, and run this again"
        )
    if status != 200:
        raise NotReady(f"the address answers HTTP {status}: look at the deployed stage (make check)")


def register(engine: Administration, address: str, *, replace: bool, say: Say) -> None:
    """Register the address; replace: then take the engine's other addresses of this stage and id out.

    Raises NotReady where the engine refuses.
    """
    try:
        before = engine.addresses()
        if address in before:
            say("registered already")
        else:
            _add(engine, address, say)
        for old in before:
            if replace and old != address and _same_engine(old, address):
                engine.remove(old)
                say("the address with the old secret is removed")
    except Refused as refusal:
        raise NotReady(f"the engine refuses: {_without(address, str(refusal))}") from None
    except ServerError:
        # A failed launch can leave the engine so that it answers 500 to all it does, and does it.
        raise NotReady("the engine answers HTTP 500, and may have done it: restart it, and run this again") from None


def _add(engine: Administration, address: str, say: Say) -> None:
    try:
        # Every session of an engine can read a service's password and log in with it, so this one is used for nothing.
        engine.add(address, NAME, secrets.token_urlsafe(32))
    except Refused as refusal:
        if "unresponsive" in str(refusal).lower():
            raise NotReady(
                "the engine does not reach the address: it connects within a second and wants HTTP 200 for a HEAD; open"
                " the way from its machine to the API's host, or set its JVM's proxy and trusted certificates"
            ) from None
        raise
    say("registered: the engine announces from now on, and after each restart")


def _same_engine(one: str, other: str) -> bool:
    found = [_ADDRESS.fullmatch(address) for address in (one, other)]
    return all(found) and len({match[1] for match in found if match}) == 1


def _without(address: str, text: str) -> str:
    """The engine's text, without the address and the secret in it."""
    return text.replace(address, "<the address>")
