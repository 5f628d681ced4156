"""What a person is shown of a fault: one line that names the key of the agent's file, and the remedy."""

from yawl.engine import Engine
from yawl.log.ports import (
    AnswerTooLarge,
    EngineFailure,
    EngineUnreachable,
    LoginRefused,
    SessionLost,
    UnreadableAnswer,
)
from yawl.reconcile.poll import OutOfTime
from yawl_metering import InvalidUsage, SpoolFull, SpoolUnwritable
from yawl_metering_agent.log_tables import DatabaseUnreachable

_LOGGING = "EnablePersistence and EnableLogging have to be true in the engine's WEB-INF/web.xml"

#: By the error's class: the key that is looked at first, and what to do.
_REMEDIES: dict[type[Exception], tuple[str, str]] = {
    EngineUnreachable: (
        "address",
        "name the engine's web application as this machine reaches it, and start the engine",
    ),
    LoginRefused: (
        "user",
        "name a client account of the engine, and its password in passwordFile or passwordVariable; a new account is"
        " known to the resource service only after that service's next start",
    ),
    SessionLost: ("address", f"the engine answers with a server error; {_LOGGING}"),
    EngineFailure: ("address", _LOGGING),
    UnreadableAnswer: ("address", "it must end with the web application, /yawl; a proxy or a login page answers here"),
    AnswerTooLarge: ("reader", 'set it to "sql": the log is too large for its gateway'),
    DatabaseUnreachable: ("databaseVariable", "correct the address, or start the database; the account needs SELECT"),
    OutOfTime: ("pollMinutes", "nothing to do: the next reading goes on"),
    SpoolFull: ("send", "usage is not delivered: see the line of yawl_metering, and yawl-metering-agent check"),
    SpoolUnwritable: ("stateDirectory", "let the agent's user write there, and make room on the disk"),
    InvalidUsage: ("dimensions", "an event cannot be sent; see the error"),
}


def remedy_of(error: Exception, engine: Engine) -> str:
    """``engines.eng-7.address: <what happened>: <remedy>``."""
    for kind in type(error).__mro__:
        if kind in _REMEDIES:
            key, remedy = _REMEDIES[kind]
            return f"engines.{engine.id}.{key}: {error or type(error).__name__}: {remedy}"
    return f"engines.{engine.id}: {type(error).__name__}: {error}"


def stopped(engine: Engine, reason: str) -> str:
    """The line for an engine that is not read until a person decides."""
    return (
        f"engines.{engine.id}.epoch: {reason}: if the engine has a new database, raise epoch; if not,"
        f" yawl-metering-agent resume --engine {engine.id}"
    )
