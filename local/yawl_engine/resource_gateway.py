"""The resource service's log gateway, ``/resourceService/logGateway``: who did what."""

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

from defusedxml.ElementTree import ParseError, fromstring

from local.yawl_engine import answers
from local.yawl_engine.answers import Answer
from local.yawl_engine.engine import Engine
from local.yawl_engine.log_gateway import LAST
from local.yawl_engine.resource_log import ResourceEvent

Given = Mapping[str, str]
#: A request that it cannot serve is answered 500 without a body.
BROKEN = Answer("", 500)


def answer(engine: Engine, given: Given) -> Answer:
    """The answer. This service has sessions of its own kind, but the engine's accounts."""
    action = given.get("action")
    alive = engine.sessions.account(given.get("sessionHandle")) is not None
    if action == "connect":
        return Answer(_connect(engine, given.get("userid", ""), given.get("password", "")))
    if action == "checkConnection":
        return Answer(str(alive).lower())
    if action is None or not alive:
        return BROKEN
    with engine.lock:
        if action == "getSpecificationSetEvents":
            return Answer(_events_of_specifications(engine, given))
        if action == "getAllResourceEvents":
            return Answer(_events(engine.people.events) if engine.people.events else answers.NO_ROWS)
    return Answer("<failure>Resource Log Gateway called with invalid action.</failure>")


def _connect(engine: Engine, name: str, password: str) -> str:
    account = engine.account(name)
    if account is None:
        return f"<failure>Unknown Username: '{escape(name)}'</failure>"
    return engine.sessions.open(account) if account.password == password else "<failure>Incorrect Password</failure>"


def _events_of_specifications(engine: Engine, given: Given) -> str:
    first, last = (int(given.get(name) or otherwise) for name, otherwise in (("from", 0), ("to", LAST)))
    found = ""
    for identifier, version, uri in _named(given.get("setxml", "")):
        events = engine.people.of(identifier, version, uri, first, last)
        name = quoteattr(f"{uri} - version {version}")
        found += f"<specification id={name}>{_events(events)}</specification>"
    return f"<SpecificationEvents>{found}</SpecificationEvents>"


def _named(setxml: str) -> list[tuple[str, str, str]]:
    try:
        entries = list(fromstring(setxml))
    except ParseError:
        return []
    return [(e.findtext("identifier", ""), e.findtext("version", ""), e.findtext("uri", "")) for e in entries]


def _events(events: Iterable[ResourceEvent]) -> str:
    return f"<events>{''.join(map(_event, events))}</events>"


def _event(row: ResourceEvent) -> str:
    item = f"{row.case_id}:{row.task}" if row.task else ""
    return (
        f'<event key="{row.key}"><speckey>{row.specification}</speckey><caseid>{escape(row.case_id)}</caseid>'
        f"<taskid>{escape(row.task)}</taskid><itemid>{escape(item)}</itemid><resourceid>{escape(row.resource)}"
        f"</resourceid><eventtype>{row.kind}</eventtype><timestamp>{row.at_ms}</timestamp></event>"
    )
