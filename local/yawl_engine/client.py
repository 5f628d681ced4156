"""A client of an engine, a living one or the stand-in. What it makes there, it removes in the end."""

import re
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import urllib3

from local.yawl_engine.accounts import digest

SPECIFICATIONS = Path(__file__).with_name("specifications")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    text: str
    kind: str


@dataclass(frozen=True)
class Uploaded:
    """A specification that the client made, with an identifier of its own."""

    identifier: str
    uri: str
    version: str = "0.1"

    @property
    def in_log(self) -> dict[str, str]:
        """As parameters of the log gateway."""
        return {"identifier": self.identifier, "version": self.version, "uri": self.uri}

    @property
    def in_launch(self) -> dict[str, str]:
        """As parameters of interfaces A and B."""
        return {f"spec{name}": value for name, value in self.in_log.items()}


def exchange(url: str, method: str = "POST", **fields: str) -> Answer:
    """Sends a form and returns the answer; follows no redirect."""
    response = urllib3.request(
        method,
        url if method == "POST" else f"{url}?{urlencode(fields)}",
        body=urlencode(fields) if method == "POST" else None,
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
        redirect=False,
        retries=False,
        timeout=120.0,
    )
    return Answer(response.status, response.data.decode("utf-8"), response.headers.get("Content-Type", ""))


@dataclass
class EngineClient:
    """address: of its web application. resource_address: of the resource service's, None where there is none."""

    address: str
    user: str
    password: str
    resource_address: str | None
    _sessions: dict[str, str] = field(default_factory=dict)
    _removals: ExitStack = field(default_factory=ExitStack)

    def connect(self, interface: str, **other: str) -> str:
        """A session's handle; ``other`` replaces user or password."""
        user = "userID" if interface == "ia" else "userid"
        fields = {user: self.user, "password": digest(self.password), **other}
        return _inner(exchange(self.url(interface), action="connect", **fields).text)

    def url(self, interface: str) -> str:
        """The address of ``ia``, ``ib``, ``logGateway`` or ``people`` (the resource service's log gateway)."""
        return f"{self.resource_address}/logGateway" if interface == "people" else f"{self.address}/{interface}"

    def ask(self, interface: str, action: str, **fields: str) -> Answer:
        """One action in a session that is kept."""
        if interface not in self._sessions:
            self._sessions[interface] = self.connect(interface)
        return exchange(self.url(interface), action=action, sessionHandle=self._sessions[interface], **fields)

    def log(self, action: str, **fields: str) -> str:
        """The text of an answer of the log gateway. Raises ValueError if it is not 200."""
        answer = self.ask("logGateway", action, **fields)
        if answer.status != 200:
            raise ValueError(f"the engine's log answers {answer.status}: {answer.text[:300]}")
        return answer.text

    def upload(self, file: str, name: str = "MeteringContract") -> Uploaded:
        """Uploads a file of ``specifications`` under an identifier of its own; it is unloaded in the end.

        Raises ValueError with the engine's answer if it refuses.
        """
        uploaded = Uploaded(f"UID_{uuid.uuid4()}", name)
        xml = (SPECIFICATIONS / f"{file}.yawl").read_text(encoding="utf-8")
        xml = xml.replace("NAME", name).replace("IDENTIFIER", uploaded.identifier)
        answer = self.ask("ia", "upload", specXML=xml).text
        if f"<identifier>{uploaded.identifier}</identifier>" not in answer:
            raise ValueError(f"the engine does not take a specification: {answer[:300]}")
        self._removals.callback(self.ask, "ia", "unload", **uploaded.in_launch)
        return uploaded

    def register(self, uri: str, name: str = "metering-contract", password: str | None = None) -> str:
        """The answer to a registration; the service is removed in the end."""
        own = digest(password or uuid.uuid4().hex)
        xml = (
            f'<yawlService id="{uri}"><documentation>usage</documentation><servicename>{name}</servicename>'
            f"<servicepassword>{own}</servicepassword><assignable>false</assignable></yawlService>"
        )
        self._removals.callback(self.ask, "ia", "removeYAWLService", serviceURI=uri)
        return self.ask("ia", "newYAWLService", service=xml).text

    def launch(self, specification: Uploaded, session: str | None = None, **fields: str) -> str:
        """Launches a case and returns the answer within ``<response>``: its id, or a failure."""
        given = {**specification.in_launch, **fields}
        if session is not None:
            return _inner(exchange(self.url("ib"), action="launchCase", sessionHandle=session, **given).text)
        return _inner(self.ask("ib", "launchCase", **given).text)

    def cancel(self, case_id: str) -> str:
        """The answer to a cancellation."""
        return self.ask("ib", "cancelCase", caseID=case_id).text

    def remove(self) -> None:
        """Removes what this client made, the latest first. The cases' rows stay in the engine's log."""
        self._removals.close()


def _inner(text: str) -> str:
    found = re.fullmatch("<response>(.*)</response>", text, re.DOTALL)
    return found[1] if found else text


def parts(text: str, name: str) -> list[str]:
    """What stands within each element of this name."""
    return re.findall(f"<{name}(?: [^>]*)?>(.*?)</{name}>", text, re.DOTALL)
