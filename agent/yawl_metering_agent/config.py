"""The agent's file: which engines it reads, and where it sends their usage.

``[[engines]]`` has the stage file's keys (``stacks.stage.engine_keys``), read by the same rules, so that an engine's
table can be moved between the two. Keys that mean nothing here are checked and not used: secrets for announcements,
access logs, minutes of silence. Three keys are the agent's own: where the password is, and how the log is read.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from marketplace.regions import METERING_REGIONS
from stacks.stage.compound_kinds import Table
from stacks.stage.engine_keys import ENGINE_KEYS
from stacks.stage.faults import StageError, Where
from stacks.stage.kinds import Key, OneOf, Text, read_keys
from yawl.engine import Engine

#: How an engine's starts are read: from its log gateway, or from its database.
Reader = Literal["http", "sql"]

_VARIABLE = Text("[A-Za-z_][A-Za-z0-9_]*", "set it to the name of an environment variable", "name of a variable")
_PATH = Text("/.+", "set it to an absolute path", "absolute path")
_SEND = {
    "apiUrl": Key(
        Text(r"https?://[^\s?#]+", "set it to the stage's output ApiUrl", "address"),
        "The stage's output ApiUrl.",
        default=None,
    ),
    "queueUrl": Key(
        Text(r"https?://[^\s?#]+\.fifo", "set it to the stage's output UsageQueueUrl", "address"),
        "The stage's output UsageQueueUrl. Or apiUrl.",
        default=None,
    ),
    "region": Key(
        OneOf(METERING_REGIONS, "a Region of Marketplace metering"),
        "The stage's Region, where the address does not name it.",
        default=None,
    ),
}
_FILE = {
    "stateDirectory": Key(_PATH, "Where the agent keeps what it has read, and usage until it is delivered."),
    "send": Key(
        Table(keys=_SEND, make=dict, remedy="add a [send] table: apiUrl or queueUrl, and where needed region"),
        "Where usage goes.",
    ),
}
#: Keys of an engine that the agent alone has.
OWN_KEYS = {
    "passwordVariable": Key(_VARIABLE, "The environment variable with the password of `user`.", default=None),
    "passwordFile": Key(_PATH, "The file with the password of `user`. Or passwordVariable.", default=None),
    "reader": Key(
        OneOf(("http", "sql")), "Whether starts come from the log gateway or from the tables.", default="http"
    ),
    "databaseVariable": Key(
        _VARIABLE, "The environment variable with the address of the engine's database.", default=None
    ),
    "trustFile": Key(_PATH, "The certificates to trust instead of the system's, in PEM.", default=None),
}


class ConfigError(ValueError):
    """The file, or a variable that it names, is wrong. The text is one line that names the key and the remedy."""


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """An engine, and how the agent reads it. password, database: secrets; the address of the database holds one."""

    engine: Engine
    reader: Reader
    password: str | None
    database: str | None
    trust_file: str | None
    password_file: Path | None

    def __repr__(self) -> str:
        return f"EngineSettings({self.engine.id})"


@dataclass(frozen=True, kw_only=True)
class Config:
    """The whole file. api_url or queue_url is None. region: None where the address names it."""

    directory: Path
    api_url: str | None
    queue_url: str | None
    region: str | None
    engines: tuple[EngineSettings, ...]


def read(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration. Raises ConfigError for the first fault of the file, or of what it names."""
    file = str(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}): name the agent's file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is no TOML ({error}): correct it there") from None
    try:
        return _config(values, file, environment)
    except StageError as error:
        raise ConfigError(str(error)) from None


def _config(values: Mapping[str, Any], file: str, environment: Mapping[str, str]) -> Config:
    def at(key: str) -> Where:
        return Where(file, key)

    tables = values.get("engines")
    if not isinstance(tables, list) or not tables:
        raise at("engines").fault("is missing", ENGINE_KEYS["engines"].kind.remedy)
    top = read_keys(_FILE, {key: value for key, value in values.items() if key != "engines"}, at)
    send = top["send"]
    if (send["api_url"] is None) == (send["queue_url"] is None):
        what = "has neither apiUrl nor queueUrl" if send["api_url"] is None else "has apiUrl and queueUrl"
        raise at("send").fault(what, "name one of them")
    engines = [_engine(each, at("engines").item(number), environment) for number, each in enumerate(tables)]
    for where, what, remedy in _contradictions(engines, at("engines")):
        raise where.fault(what, remedy)
    return Config(
        directory=Path(top["state_directory"]),
        api_url=send["api_url"],
        queue_url=send["queue_url"],
        region=send["region"],
        engines=tuple(engines),
    )


def _split(**values: Any) -> tuple[Engine, dict[str, Any]]:
    """The engine, and the agent's own values beside it."""
    fields = {re.sub("(?=[A-Z])", "_", key).lower() for key in OWN_KEYS}
    own = {field: values.pop(field) for field in fields}
    return _STAGE_ENGINE.make(**values), own


#: The stage file's own kind of an engine's table, and the same with the agent's keys.
_STAGE_ENGINE: Table = cast(Any, ENGINE_KEYS["engines"].kind).entry
_ENGINE = replace(_STAGE_ENGINE, make=_split, keys={**_STAGE_ENGINE.keys, **OWN_KEYS})


def _engine(values: Any, where: Where, environment: Mapping[str, str]) -> EngineSettings:
    engine, own = _ENGINE.read(values, where)
    return EngineSettings(
        engine=engine,
        reader=own["reader"],
        password=_password(own, where, environment),
        database=_variable(own["database_variable"], where.inside("databaseVariable"), environment),
        trust_file=own["trust_file"],
        password_file=Path(own["password_file"]) if own["password_file"] else None,
    )


def _password(own: Mapping[str, Any], where: Where, environment: Mapping[str, str]) -> str | None:
    if own["password_file"] is None:
        return _variable(own["password_variable"], where.inside("passwordVariable"), environment)
    at = where.inside("passwordFile")
    if own["password_variable"] is not None:
        raise at.fault("is given beside passwordVariable", "remove one of them")
    try:
        text = Path(own["password_file"]).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        what = f"is {own['password_file']!r}, which cannot be read ({type(error).__name__})"
        raise at.fault(what, "let the agent's user read it, and nobody else") from None
    if not text:
        raise at.fault(f"is {own['password_file']!r}, which is empty", "write the password of user into it")
    return text


def _variable(name: str | None, where: Where, environment: Mapping[str, str]) -> str | None:
    if name is None:
        return None
    if not environment.get(name):
        raise where.fault(f"is {name!r}, a variable that is not set", "set it in the agent's environment")
    return environment[name]


def _contradictions(engines: list[EngineSettings], at: Where) -> Iterator[tuple[Where, str, str]]:
    """What would bill nothing, or twice. The stage's own contradictions, as far as the agent has their keys."""
    for number, settings in enumerate(engines):
        engine, where, before = settings.engine, at.item(number), [each.engine for each in engines[:number]]
        if engine.id in {other.id for other in before}:
            yield where.inside("id"), f"is {engine.id!r} twice", "give each engine an id of its own"
        if engine.address and engine.address in {other.address for other in before}:
            yield where.inside("address"), f"is {engine.address!r} twice", "one database billed twice is money"
        if settings.database and settings.database in {each.database for each in engines[:number]}:
            yield where.inside("databaseVariable"), "names a database twice", "one database billed twice is money"
        if engine.mode == "push-only":
            yield where.inside("mode"), 'is "push-only"', "leave it out: the agent reads the engine's own log"
        yield from _needed(settings, where)
        yield from _dimensions(engine, where)


def _needed(settings: EngineSettings, where: Where) -> Iterator[tuple[Where, str, str]]:
    """Keys without which the log cannot be read."""
    engine = settings.engine
    if settings.reader == "sql" and settings.database is None:
        remedy = "name the variable with the database's address, for example postgresql://reader:…@127.0.0.1/yawl"
        yield where.inside("databaseVariable"), 'is missing, and reader = "sql"', remedy
    if settings.reader == "http" and settings.database is not None:
        yield where.inside("databaseVariable"), 'is given, and reader = "http"', 'remove it, or set reader = "sql"'
    for key, address in (("address", engine.address), ("resourceAddress", engine.resource_address)):
        wanted = settings.reader == "http" if key == "address" else bool(engine.dimensions.users)
        if not wanted:
            continue
        if not address:
            example = "https://engine.internal:8443/" + ("yawl" if key == "address" else "resourceService")
            yield where.inside(key), "is missing", f'set it, for example "{example}"'
        if not engine.user:
            yield where.inside("user"), "is missing", "name a client account of the engine that reads its logs"
        if settings.password is None:
            yield where.inside("passwordFile"), "is missing", "name the file, or with passwordVariable the variable"


def _dimensions(engine: Engine, where: Where) -> Iterator[tuple[Where, str, str]]:
    named = {key: value for key, value in vars(engine.dimensions).items() if value}
    at = where.inside("dimensions")
    if not {"executions", "worklets", "users"} & {*named}:
        yield at, "names nothing that the agent counts", "name executions, worklets or users"
    for key, name in named.items():
        if list(named.values()).count(name) > 1:
            yield at.inside(key), f"is {name!r} twice", "give each its own"
    if engine.dimensions.users and engine.attributed_by != "engine":
        yield at.inside("users"), f"is given, and attribution.by is {engine.attributed_by!r}", "leave it out"


def is_open(address: str) -> bool:
    """Whether a password that is sent to the address can be read on its way: no TLS, and not on this machine."""
    parts = urlsplit(address)
    own = parts.hostname in ("localhost", "::1") or re.fullmatch(r"127(\.\d+){3}", parts.hostname or "") is not None
    return parts.scheme == "http" and not own
