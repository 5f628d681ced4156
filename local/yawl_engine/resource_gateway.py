"""The resource service's log gateway, ``/resourceService/logGateway``: who did what."""

import re
from collections.abc import Iterable, Mapping

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
    if account is None or name not in engine.known_to_resource_service:
        return f"<failure>Unknown Username: '{name}'</failure>"
    return engine.sessions.open(account) if account.password == password else "<failure>Incorrect Password</failure>"


def _events_of_specifications(engine: Engine, given: Given) -> str:
    # The second bound takes the place of the first.
    first = 0 if given.get("to") else int(given.get("from") or 0)
    last = int(given.get("to") or LAST)
    found = ""
    for identifier, version, uri in _named(given.get("setxml", "")):
        events = engine.people.of(identifier, version, uri, first, last)
        found += f'<specification id="{uri} - version {version}">{_events(events)}</specification>'
    return f"<SpecificationEvents>{found}</SpecificationEvents>"


def _named(setxml: str) -> list[tuple[str, str, str]]:
    """The specifications asked for. The service's own reader takes texts as they stand, and finds none in what it
    cannot read."""
    return re.findall("<identifier>(.*?)</identifier><version>(.*?)</version><uri>(.*?)</uri>", setxml, re.DOTALL)


def _events(events: Iterable[ResourceEvent]) -> str:
    return f"<events>{''.join(map(_event, events))}</events>"


def _event(row: ResourceEvent) -> str:
    task = f"<taskid>{row.task}</taskid><itemid>{row.case_id}:{row.task}</itemid>" if row.task else "<taskid/><itemid/>"
    return (
        f'<event key="{row.key}"><speckey>{row.specification}</speckey><caseid>{row.case_id}</caseid>'
        f"{task}<resourceid>{row.resource}</resourceid><eventtype>{row.kind}</eventtype><timestamp>{row.at_ms}</timestamp></event>"
    )
