"""A session with a log gateway: logs in when needed, once more when the session is lost, and names every failure."""

import base64
import hashlib
import re
from collections.abc import Collection

from runtime.clock import Clock
from yawl.log.exchange import Answer, Gateway
from yawl.log.ports import EngineFailure, EngineUnreachable, LoginRefused, SessionLost, UnreadableAnswer

#: What a gateway answers to ``connect`` while its engine or service has not started yet: not a refusal.
_NOT_STARTED = frozenset({"Not connected to YAWL Engine.", "Not connected to Resource Service."})
#: A session's handle: a UUID, in some answers of the engine between ``<response>`` and ``</response>``.
_HANDLE = re.compile(r"(?:<response>)?([0-9A-Za-z-]{16,128})(?:</response>)?")
_FAILURE = re.compile(r"<failure>(?:<reason>)?(.*?)(?:</reason>)?</failure>", re.DOTALL)
#: A failure's text is quoted up to here.
_QUOTED = 200


class Session:
    """Asks a log gateway as one account.

    The gateways take the password as the base64 of its SHA-1 (the resource service's takes nothing else), so the
    password itself never travels. The digest is as good as the password to an engine: it needs TLS all the same.
    """

    def __init__(self, gateway: Gateway, user: str, password: str, clock: Clock) -> None:
        self._gateway = gateway
        self._user = user
        self._digest = base64.b64encode(hashlib.sha1(password.encode(), usedforsecurity=False).digest()).decode()
        self._secrets = (password, self._digest)
        self._clock = clock
        self._handle: str | None = None
        self.clock_offset_ms: int | None = None
        self.logins = 0

    def ask(self, action: str, *, empty: Collection[str] = (), **parameters: str) -> str:
        """The answer's text, which is empty only where the engine answered with a failure that is one of ``empty``.

        A dead session shows as HTTP 500, as does any error of the gateway. So the session asks once more with a new
        login, unless it has just logged in. Raises every EngineLogError.
        """
        reused = self._handle is not None
        answer = self._ask(action, parameters)
        if answer.status == 500 and reused:
            self._handle = None
            answer = self._ask(action, parameters)
        if answer.status == 500:
            self._handle = None
        text = _text(action, answer)
        failure = _failure(text)
        if failure in empty:
            return ""
        if failure is not None:
            raise EngineFailure(f"{action}: {self._quote(failure)}")
        return text

    def _ask(self, action: str, parameters: dict[str, str]) -> Answer:
        if self._handle is None:
            self._handle = self._login()
        return self._post(action, {"sessionHandle": self._handle, **parameters})

    def _login(self) -> str:
        text = _text("connect", self._post("connect", {"userid": self._user, "password": self._digest}))
        failure = _failure(text)
        if failure in _NOT_STARTED:
            raise EngineFailure(f"connect: {failure}")
        if failure is not None:
            raise LoginRefused(f"connect: {self._quote(failure)}")
        handle = _HANDLE.fullmatch(text)
        if not handle:
            raise UnreadableAnswer("connect: no session handle")
        self.logins += 1
        return handle[1]

    def _post(self, action: str, fields: dict[str, str]) -> Answer:
        answer = self._gateway.post(action, fields)
        if answer.at is not None:
            # Date has whole seconds: half a second is what it lacks on average.
            self.clock_offset_ms = round((answer.at + 0.5 - self._clock()) * 1000)
        return answer

    def _quote(self, failure: str) -> str:
        secrets = (*self._secrets, self._handle or "")
        if any(secret and secret in failure for secret in secrets):
            return "a failure that quotes a secret"
        return "".join(letter if letter.isprintable() else " " for letter in failure[:_QUOTED])


def _text(action: str, answer: Answer) -> str:
    """The text of a good answer. Proxies say 502 to 504 where no engine answers them."""
    if answer.status == 500:
        raise SessionLost(f"{action}: HTTP 500, also with a new session")
    if answer.status in (502, 503, 504):
        raise EngineUnreachable(f"{action}: HTTP {answer.status}")
    if answer.status != 200:
        raise UnreadableAnswer(f"{action}: HTTP {answer.status}")
    try:
        text = answer.body.decode().strip("\r\n")
    except UnicodeDecodeError:
        raise UnreadableAnswer(f"{action}: not UTF-8") from None
    if text in ("", "null"):
        raise UnreadableAnswer(f"{action}: nothing")
    return text


def _failure(text: str) -> str | None:
    """The text between ``<failure>`` and ``</failure>``, if the answer is that."""
    failure = _FAILURE.fullmatch(text) if text.startswith("<failure>") else None
    return failure[1] if failure else None
