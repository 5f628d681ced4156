"""Services, client accounts and sessions. Any session may do anything: an engine knows no roles."""

import base64
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass

IDLE_SECONDS = 3600.0


def digest(password: str) -> str:
    """As the engine stores passwords, and as ``connect`` expects them."""
    return base64.b64encode(hashlib.sha1(password.encode(), usedforsecurity=False).digest()).decode()


@dataclass(frozen=True)
class Account:
    """A client account, or a service, which has an address. password: its digest."""

    name: str
    password: str
    documentation: str = ""
    uri: str | None = None
    assignable: bool = True


class Sessions:
    """Handles of one running engine; each ends after an hour without a request, and all end with the engine."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._open: dict[str, tuple[Account, float]] = {}

    def open(self, account: Account) -> str:
        """A new handle."""
        handle = str(uuid.uuid4())
        self._open[handle] = (account, self._now())
        return handle

    def account(self, handle: str | None) -> Account | None:
        """Who holds the session, which counts as used now; None if there is none."""
        account, used = self._open.get(handle or "", (None, 0.0))
        if account is None or self._now() - used > IDLE_SECONDS:
            return None
        self._open[handle or ""] = (account, self._now())
        return account

    def close(self, handle: str | None) -> None:
        """Ends a session."""
        self._open.pop(handle or "", None)

    def close_all(self) -> None:
        """Ends all sessions."""
        self._open.clear()
