"""Interface A of an engine in memory: its answers are those of a living one (YAWL 6.1)."""

import re
from collections.abc import Mapping
from html import unescape
from xml.sax.saxutils import quoteattr

from deploy.engine.administration import digest
from yawl.log.exchange import Answer
from yawl.log.ports import EngineUnreachable

HANDLE = "0f8fad5b-d9cb-469f-a165-70867728950e"


class EngineDouble:
    """Stands for ``yawl.log.exchange.Gateway``. reaches: whether the engine's HEAD to a new address is answered.

    status: of every answer, as a poisoned engine gives 500 and a wrong path 404. sent: the fields of every request.
    """

    def __init__(self) -> None:
        self.services = ["http://localhost:8080/resourceService/ib?a=1&b=2"]
        self.reaches = True
        self.status = 200
        self.down = False
        self.password = "YAWL"
        self.sent: list[dict[str, str]] = []
        self.url = ""

    def __call__(self, url: str, _bounds: object) -> "EngineDouble":
        self.url = url
        return self

    def post(self, action: str, fields: Mapping[str, str]) -> Answer:
        self.sent.append({"action": action, **fields})
        if self.down:
            raise EngineUnreachable(f"{action}: NewConnectionError")
        text = self._answer(action, fields)
        return Answer(self.status, f"<response>{text}</response>".encode(), None)

    def _answer(self, action: str, fields: Mapping[str, str]) -> str:
        if action == "connect":
            right = (fields["userID"], fields["password"]) == ("admin", digest(self.password))
            return HANDLE if right else "<failure>Incorrect Password</failure>"
        if fields["sessionHandle"] != HANDLE:
            return "<failure>Invalid session</failure>"
        if action == "getYAWLServices":
            return "".join(
                f"<yawlService id={quoteattr(uri)}><servicename>s</servicename></yawlService>" for uri in self.services
            )
        if action == "removeYAWLService":
            self.services.remove(fields["serviceURI"])
            return "<success/>"
        return self._register(unescape(re.findall(r'id="([^"]*)"', fields["service"])[0]))

    def _register(self, uri: str) -> str:
        if not self.reaches:
            return f"<failure><reason>Service unresponsive: {uri}</reason></failure>"
        self.services.append(uri)
        return "<success/>"
