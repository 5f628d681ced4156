"""Interface E, ``/yawl/logGateway``: the engine's log. Its answers have no ``<response>`` around them.

They are templates, not XML: what users chose (case ids, addresses, names) stands in them as it is, ``<`` and ``&`` too.
"""

from collections.abc import Mapping

from local.yawl_engine import answers
from local.yawl_engine.answers import ServletFailure
from local.yawl_engine.engine import Engine
from local.yawl_engine.interface_a import connect
from local.yawl_engine.interface_b import password_of
from local.yawl_engine.log import CANCEL, COMPLETE, START, Logged

Given = Mapping[str, str]
LAST = 2**63 - 1


def answer(engine: Engine, given: Given) -> str:
    """The answer. Raises ServletFailure, also for a session that has ended."""
    action = given.get("action")
    if action is None:
        raise ServletFailure("YLogGateway called with null action.")
    if action == "connect":
        return connect(engine, given.get("userid"), password_of(given))
    alive = engine.sessions.account(given.get("sessionHandle")) is not None
    if action == "checkConnection":
        return answers.SUCCESS if alive else answers.NO_SESSION
    if not alive:
        raise ServletFailure("Invalid or disconnected session handle.")
    # An unknown action has an empty answer.
    with engine.lock:
        return _ACTIONS[action](engine, given) if action in _ACTIONS else ""


def _specifications(engine: Engine, given: Given) -> str:
    found = "".join(map(answers.specification, engine.log.specifications()))
    return f"<specifications>{found}</specifications>"


def _case_ids(engine: Engine, given: Given) -> str:
    """Every start is listed, so an id that was used twice stands there twice."""
    logged = _logged(engine, given)
    if isinstance(logged, str):
        return logged
    found = "".join(f"<case>{row.case_id}</case>" for row in engine.log.instances(logged.key))
    return f'<cases id="{_name(logged)}" key="{logged.key}">{found}</cases>'


def _case_event(engine: Engine, given: Given) -> str:
    case_id = given.get("caseid", "")
    found = "".join(map(answers.event, engine.log.events(case_id, given.get("event", "null"))))
    return f'<caseEvent caseID="{case_id}">{found}</caseEvent>' if found else answers.NO_ROWS


def _cases_of_service(descriptor: str, engine: Engine, given: Given) -> str:
    name = given.get("name", "")
    found = "".join(map(answers.event, engine.log.events_of_service(name, descriptor)))
    return f'<caseEvent serviceName="{name}">{found}</caseEvent>' if found else answers.NO_ROWS


def _service_name(engine: Engine, given: Given) -> str:
    name = engine.log.service_name(_number(given, "key"))
    return answers.UNKNOWN_KEY if name is None else f"<service>{name}</service>"


def _statistics(engine: Engine, given: Given) -> str:
    """A query by key ignores the times, as the engine does."""
    logged = _logged(engine, given)
    if isinstance(logged, str):
        return logged
    first, last = (0, LAST) if "key" in given else (_time(given, "from", 0), _time(given, "to", LAST))
    started, completed, cancelled = (
        engine.log.durations(logged.key, descriptor, first, last) for descriptor in (START, COMPLETE, CANCEL)
    )
    return (
        f'<specification id="{_name(logged)}" key="{logged.key}"><started>{len(started)}</started>'
        f"<completed>{len(completed)}</completed><cancelled>{len(cancelled)}</cancelled>"
        f"{answers.durations('completion', completed)}{answers.durations('cancelled', cancelled)}</specification>"
    )


def _net_instances(engine: Engine, given: Given) -> str:
    logged = _logged(engine, given)
    if isinstance(logged, str):
        return answers.NO_ROWS if "key" in given else logged
    found = "".join(
        f'<netInstance key="{row.key}"><caseid>{row.case_id}</caseid><netKey>{row.net}</netKey>'
        "<parentTaskInstanceKey>-1</parentTaskInstanceKey></netInstance>"
        for row in engine.log.instances(logged.key)
    )
    return f'<netInstances specID="{logged.key}">{found}</netInstances>'


def _logged(engine: Engine, given: Given) -> Logged | str:
    """The specification that a query names, or the failure's text."""
    if "key" in given:
        return engine.log.by_key(_number(given, "key")) or answers.UNKNOWN_KEY
    uri, version = given.get("uri", "null"), given.get("version", "0.1")
    failure = f"<failure>No records for specification '{uri} - version {version}'.</failure>"
    return engine.log.find(given.get("identifier", ""), version, uri) or failure


def _number(given: Given, name: str) -> int:
    text = given.get(name)
    if text is None:
        raise ServletFailure("Cannot parse null string")
    try:
        return int(text)
    except ValueError:
        raise ServletFailure(f'For input string: "{text}"') from None


def _time(given: Given, name: str, otherwise: int) -> int:
    """A time that is no number counts as absent."""
    text = given.get(name, "")
    return int(text) if text.isdecimal() else otherwise


def _name(logged: Logged) -> str:
    return f"{logged.specification.uri} - {logged.specification.version}"


_ACTIONS = {
    "getAllSpecifications": _specifications,
    "getSpecificationCaseIDs": _case_ids,
    "getCaseEvent": _case_event,
    "getAllCasesStartedByService": lambda engine, given: _cases_of_service(START, engine, given),
    "getAllCasesCancelledByService": lambda engine, given: _cases_of_service(CANCEL, engine, given),
    "getServiceName": _service_name,
    "getSpecificationStatistics": _statistics,
    "getNetInstancesOfSpecification": _net_instances,
}
