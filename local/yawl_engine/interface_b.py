"""Interface B, ``/yawl/ib``: cases are launched and cancelled. It has no actions on work items here."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from defusedxml.ElementTree import ParseError, fromstring

from local.yawl_engine import answers
from local.yawl_engine.accounts import Account, digest
from local.yawl_engine.answers import ServletFailure
from local.yawl_engine.engine import Engine, Refused, RolledBack
from local.yawl_engine.interface_a import connect, leave_or_check

Given = Mapping[str, str]


def answer(engine: Engine, given: Given) -> str:
    """The answer, within its ``<response>``. Raises ServletFailure."""
    return f"<response>{_answer(engine, given)}</response>"


def password_of(given: Given) -> str | None:
    """The digest of the password, which may come in plain text as well."""
    password = given.get("password")
    return digest(password) if password is not None and given.get("encrypt") == "true" else password


def _answer(engine: Engine, given: Given) -> str:
    action = given.get("action", "")
    if action == "connect":
        return connect(engine, given.get("userid"), password_of(given))
    account = engine.sessions.account(given.get("sessionHandle"))
    if account is None:
        return answers.NO_SESSION
    if action in ("checkConnection", "disconnect"):
        return leave_or_check(engine, action, given)
    try:
        if action == "launchCase":
            return _launch(engine, account, given)
        if action == "cancelCase":
            if "caseID" not in given:
                raise ServletFailure('Cannot invoke "Object.hashCode()" because "key" is null')
            engine.cancel(given["caseID"], account.name)
            return answers.SUCCESS
    except Refused as refusal:
        return answers.reason(str(refusal))
    # An unknown action is answered with nothing, and no failure.
    return _running(engine) if action == "getAllRunningCases" else ""


def _launch(engine: Engine, account: Account, given: Given) -> str:
    if "specidentifier" not in given:
        raise ServletFailure('Cannot invoke "Object.hashCode()" because "key" is null')
    named = (given["specidentifier"], given.get("specversion", "0.1"))
    uri = given.get("specuri", "")
    for key in ("mSec", "wait", "start"):
        if key in given:
            seconds, words = _later(key, given[key], engine.now())
            engine.launch_later(seconds, *named, uri)
            return f"<success>Case scheduled to start {words}</success>"
    try:
        return engine.launch(
            *named,
            uri=uri,
            by=account.name,
            case_id=given.get("caseid"),
            observer=given.get("completionObserverURI"),
            data=_data(given.get("caseParams")),
        )
    except RolledBack:
        raise ServletFailure("The transaction was rolled back.") from None


def _later(key: str, value: str, now: float) -> tuple[float, str]:
    """Seconds until a delayed launch, and the words of its answer."""
    if key == "mSec":
        return int(value) / 1000, f"after a delay of {int(value)} milliseconds"
    if key == "start":
        at = int(value) / 1000
        return max(0.0, at - now), f"at {datetime.fromtimestamp(at, UTC):%a %b %d %H:%M:%S UTC %Y}"
    found = re.fullmatch(r"PT(\d+)S", value)
    if found is None:
        raise Refused(f"Invalid duration: {value}")
    return float(found[1]), f"after a duration of {value}"


def _data(params: str | None) -> str:
    """What stands within the root element of the case's data."""
    if not params:
        return ""
    try:
        root = fromstring(params)
    except ParseError:
        raise Refused("Invalid or malformed caseParams.") from None
    return "".join(f"<{child.tag}>{escape(child.text or '')}</{child.tag}>" for child in root)


def _running(engine: Engine) -> str:
    by_specification: dict[tuple[str, str, str], list[str]] = {}
    for case in list(engine.cases.values()):
        s = case.specification
        by_specification.setdefault((s.identifier, s.version, s.uri), []).append(case.case_id)
    found = "".join(
        f'<specificationID identifier="{i}" version="{v}" uri="{u}">'
        + "".join(f"<caseID>{case_id}</caseID>" for case_id in ids)
        + "</specificationID>"
        for (i, v, u), ids in by_specification.items()
    )
    return f"<AllRunningCases>{found}</AllRunningCases>"
