"""Interface A of a YAWL engine, as far as an address is registered by it."""

import base64
import hashlib
import html
import re
from xml.sax.saxutils import escape, quoteattr

from deploy.not_ready import NotReady
from yawl.log.exchange import Bounds, Gateway
from yawl.log.ports import EngineLogError

#: The engine itself waits for the address when it registers it, without a limit of its own.
_BOUNDS = Bounds(connect_seconds=5, answer_seconds=60, answer_bytes=4 * 1024 * 1024)
_HANDLE = re.compile(r"[0-9A-Za-z-]{16,128}")
_REASON = re.compile(r"<failure>(?:<reason>)?(.*?)(?:</reason>)?</failure>", re.DOTALL)
_URI = re.compile(r"<yawlService\b[^>]*?\bid=\"([^\"]*)\"")


class Refused(Exception):
    """The engine answered with a failure. Its text is the engine's."""


class ServerError(Exception):
    """The engine answered HTTP 500, which says nothing about what it did."""


def digest(password: str) -> str:
    """A password as the engine takes it: base64 of its SHA-1."""
    return base64.b64encode(hashlib.sha1(password.encode(), usedforsecurity=False).digest()).decode()


class Administration:
    """A session with the engine at this address, which ends in ``/yawl``."""

    def __init__(self, address: str, user: str, password: str) -> None:
        """Logs in. Raises NotReady where the engine does not let this account in."""
        self._address = address.rstrip("/")
        self._gateway = Gateway(f"{self._address}/ia", _BOUNDS)
        try:
            handle = self._post("connect", userID=user, password=digest(password))
        except Refused as refusal:
            raise NotReady(f"the engine does not let {user} in: {refusal}: correct YAWL_USER or its password") from None
        except ServerError:
            raise NotReady(f"{self._address} answers HTTP 500: restart the engine, and look at its log") from None
        if not _HANDLE.fullmatch(handle):
            raise NotReady(f"{self._address}/ia is no YAWL engine's: YAWL= names its web application, …/yawl")
        self._session = handle

    def addresses(self) -> list[str]:
        """The addresses of all registered services. Raises Refused and ServerError."""
        return [html.unescape(uri) for uri in _URI.findall(self._ask("getYAWLServices"))]

    def add(self, address: str, name: str, password: str) -> None:
        """Register a service that gets no work items. The engine first sends HEAD to its address. Raises Refused and
        ServerError."""
        service = (
            f"<yawlService id={quoteattr(address)}>"
            "<documentation>announces to AWS Marketplace metering</documentation>"
            f"<servicename>{escape(name)}</servicename><servicepassword>{digest(password)}</servicepassword>"
            "<assignable>false</assignable></yawlService>"
        )
        self._ask("newYAWLService", service=service)

    def remove(self, address: str) -> None:
        """Take a service out of the engine. Raises Refused and ServerError."""
        self._ask("removeYAWLService", serviceURI=address)

    def _ask(self, action: str, **fields: str) -> str:
        return self._post(action, sessionHandle=self._session, **fields)

    def _post(self, action: str, **fields: str) -> str:
        try:
            answer = self._gateway.post(action, fields)
        except EngineLogError as failure:
            raise NotReady(
                f"{self._address} does not answer ({failure}): look at the address, and at the way from here to it"
            ) from None
        if answer.status == 500:
            raise ServerError
        if answer.status != 200:
            raise NotReady(f"{self._address}/ia answers HTTP {answer.status}: YAWL= names the web application, …/yawl")
        text = answer.body.decode("utf-8", "replace").strip()
        text = text.removeprefix("<response>").removesuffix("</response>")
        if reason := _REASON.search(text):
            raise Refused(html.unescape(reason[1]).strip())
        return text
