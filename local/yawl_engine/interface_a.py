"""Interface A, ``/yawl/ia``: accounts, services, specifications."""

from collections.abc import Mapping

from defusedxml.ElementTree import ParseError, fromstring

from local.yawl_engine import answers
from local.yawl_engine.accounts import Account
from local.yawl_engine.engine import Engine, Refused
from local.yawl_engine.specification import Specification

Given = Mapping[str, str]


def answer(engine: Engine, given: Given) -> str:
    """The answer, within its ``<response>``."""
    return f"<response>{_answer(engine, given)}</response>"


def _answer(engine: Engine, given: Given) -> str:
    action = given.get("action", "")
    if action == "connect":
        # Unlike the other interfaces this one takes the digest only.
        return connect(engine, given.get("userID"), given.get("password"))
    if engine.sessions.account(given.get("sessionHandle")) is None:
        return answers.NO_SESSION
    if action in ("checkConnection", "disconnect"):
        return leave_or_check(engine, action, given)
    try:
        return _ACTIONS[action](engine, given) if action in _ACTIONS else _unknown()
    except Refused as refusal:
        return answers.reason(str(refusal))


def connect(engine: Engine, name: str | None, password: str | None) -> str:
    """A session's handle, or why there is none."""
    account = engine.account(name or "")
    if account is None:
        return f"<failure>Unknown service or client: {name or 'null'}</failure>"
    if account.password != password:
        return "<failure>Incorrect Password</failure>"
    return engine.sessions.open(account)


def leave_or_check(engine: Engine, action: str, given: Given) -> str:
    """``checkConnection`` and ``disconnect`` of a good session."""
    if action == "disconnect":
        engine.sessions.close(given.get("sessionHandle"))
    return answers.SUCCESS


def _unknown() -> str:
    return answers.reason("Invalid action or exception was thrown.")


def _services(engine: Engine, given: Given) -> str:
    # The password's digest is among it, and the digest is what ``connect`` wants.
    return "".join(
        f'<yawlService id="{s.uri or ""}"><documentation>{s.documentation}</documentation>'
        f"<servicename>{s.name}</servicename><servicepassword>{s.password}</servicepassword>"
        f"<assignable>{str(s.assignable).lower()}</assignable></yawlService>"
        for s in engine.services.values()
    )


def _add_service(engine: Engine, given: Given) -> str:
    text = given.get("service", "null")
    try:
        element = fromstring(text)
    except ParseError:
        raise Refused(f"Failed to parse yawl service from [{text}]") from None
    engine.add_service(
        Account(
            name=element.findtext("servicename", ""),
            password=element.findtext("servicepassword", ""),
            documentation=element.findtext("documentation", "") or "",
            uri=element.get("id", ""),
            assignable=element.findtext("assignable", "true") == "true",
        )
    )
    return answers.SUCCESS


def _remove_service(engine: Engine, given: Given) -> str:
    engine.remove_service(given.get("serviceURI", "null"))
    return answers.SUCCESS


def _add_account(engine: Engine, given: Given) -> str:
    name = given.get("userID", "")
    if name in engine.clients:
        raise Refused("A client with that name already exists")
    engine.clients[name] = Account(name, given.get("password", ""), given.get("doco", ""))
    return answers.SUCCESS


def _remove_account(engine: Engine, given: Given) -> str:
    name = given.get("userID", "")
    if engine.clients.pop(name, None) is None:
        raise Refused(f"Unknown client account name: {name}")
    return answers.SUCCESS


def _upload(engine: Engine, given: Given) -> str:
    try:
        specification = Specification.from_xml(given.get("specXML", ""))
        engine.load(specification)
    except (ValueError, Refused) as error:
        messages = f"<verificationMessages><error><message>{error}</message></error></verificationMessages>"
        return f"<failure><reason>{messages}</reason></failure>"
    s = specification
    named = (
        f"<specificationid><identifier>{s.identifier}</identifier><version>{s.version}</version>"
        f"<uri>{s.uri}</uri></specificationid>"
    )
    return f"<upload><specifications>{named}</specifications><verificationMessages/></upload>"


def _unload(engine: Engine, given: Given) -> str:
    engine.unload(given.get("specidentifier", ""), given.get("specversion", ""), given.get("specuri", ""))
    return answers.SUCCESS


_ACTIONS = {
    "getYAWLServices": _services,
    "newYAWLService": _add_service,
    "removeYAWLService": _remove_service,
    "createAccount": _add_account,
    "deleteAccount": _remove_account,
    "upload": _upload,
    "unload": _unload,
}
