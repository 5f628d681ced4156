"""The agent's file: an engine's table is the stage file's; each fault is one line that names key and remedy."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from stacks.stage.engine_keys import ENGINE_KEYS
from stacks.synth import ROOT
from yawl_metering_agent.config import OWN_KEYS, Config, ConfigError, is_open, read

ENVIRONMENT = {"PASSWORD": "secret-word", "DATABASE": "postgresql://reader:secret-word@127.0.0.1/yawl"}
FILE = """
stateDirectory = "/var/lib/agent"
[send]
apiUrl = "https://abc.execute-api.eu-west-1.amazonaws.com/prod"
[[engines]]
id = "eng-7"
since = "2026-11-01T00:00:00Z"
customer = "l-1"
dimensions = { executions = "workflow_executions" }
address = "http://127.0.0.1:8080/yawl"
user = "metering"
passwordVariable = "PASSWORD"
"""
SQL = FILE.replace('address = "http://127.0.0.1:8080/yawl"', 'reader = "sql"\ndatabaseVariable = "DATABASE"')


def another(text: str, engine_id: str) -> str:
    """The file's engine once more, under this id."""
    return f"[[engines]]{text.partition('[[engines]]')[2]}".replace("eng-7", engine_id)


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Config]:
    def read_text(text: str) -> Config:
        path = tmp_path / "agent.toml"
        path.write_text(text, encoding="utf-8")
        return read(path, ENVIRONMENT)

    return read_text


def test_an_engine_is_read_as_in_a_stage(config: Callable[[str], Config]) -> None:
    found = config(FILE)
    (settings,) = found.engines
    assert (settings.engine.id, settings.engine.customers, settings.engine.address) == (
        "eng-7",
        {"": "l-1"},
        "http://127.0.0.1:8080/yawl",
    )
    assert (settings.reader, settings.password, settings.database) == ("http", "secret-word", None)
    assert (found.directory, found.queue_url) == (Path("/var/lib/agent"), None)


def test_a_stage_s_table_can_be_copied(config: Callable[[str], Config]) -> None:
    more = f'secretName = "engines/7"\nsecretHashes = ["{"0" * 64}"]\nsilenceMinutes = 90\nmode = "log"\n'
    more += 'accessLogs = { bucket = "logs-of-engines" }\n'
    assert config(FILE + more).engines[0].engine.silence_minutes == 90


def test_the_agent_s_own_keys_are_none_of_the_stage_s() -> None:
    stage = ENGINE_KEYS["engines"].kind.schema()["items"]["properties"]
    assert not {*OWN_KEYS} & {*stage}


def test_secrets_are_not_shown(config: Callable[[str], Config]) -> None:
    assert "secret-word" not in repr(config(SQL))


def test_a_password_may_stand_in_a_file(config: Callable[[str], Config], tmp_path: Path) -> None:
    (tmp_path / "password").write_text("word with blanks \n", encoding="utf-8")
    text = FILE.replace('passwordVariable = "PASSWORD"', f'passwordFile = "{tmp_path / "password"}"')
    assert config(text).engines[0].password == "word with blanks "


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1", "engines is missing: add [[engines]] tables"),
        ("engines = 3\n" + FILE.partition("[[")[0], "engines is missing: "),
        (FILE + "[", "is no TOML"),
        (FILE.replace("stateDirectory", "directory"), "directory is not a known key: "),
        (FILE.replace('"/var', '"var'), "stateDirectory is 'var/lib/agent': set it to an absolute path"),
        (FILE.replace("apiUrl", "# "), "send has neither apiUrl nor queueUrl: name one of them"),
        (FILE.replace("[send]", '[send]\nqueueUrl = "https://x/y.fifo"'), "send has apiUrl and queueUrl: "),
        (FILE.replace('id = "eng-7"', 'id = "Eng 7"'), "engines[0].id is 'Eng 7': use at most 32 of a-z"),
        (
            FILE.replace('"PASSWORD"', '"MISSING"'),
            "engines[0].passwordVariable is 'MISSING', a variable that is not set",
        ),
        (FILE.replace("passwordVariable", "password"), "engines[0].password is not a known key: "),
        (FILE.replace('passwordVariable = "PASSWORD"', ""), "engines[0].passwordFile is missing: name the file"),
        (FILE + 'passwordFile = "/x"', "engines[0].passwordFile is given beside passwordVariable"),
        (
            FILE.replace('Variable = "PASSWORD"', 'File = "/nowhere"'),
            "passwordFile is '/nowhere', which cannot be read",
        ),
        (FILE.replace('user = "metering"', ""), "engines[0].user is missing: name a client account"),
        (FILE.replace("address =", "workletService ="), 'engines[0].address is missing: set it, for example "https:'),
        (FILE + 'mode = "push-only"', 'engines[0].mode is "push-only": leave it out'),
        (FILE + 'reader = "jdbc"', "engines[0].reader is 'jdbc': set it to one of http, sql"),
        (FILE + 'reader = "sql"', 'engines[0].databaseVariable is missing, and reader = "sql": name the variable'),
        (FILE + 'databaseVariable = "DATABASE"', 'databaseVariable is given, and reader = "http"'),
        (FILE.replace("executions = ", "calls = "), "engines[0].dimensions names nothing that the agent counts"),
        (FILE.replace("{ exec", '{ worklets = "workflow_executions", exec'), "is 'workflow_executions' twice"),
        (FILE.replace("{ exec", '{ users = "active_users", exec'), "engines[0].resourceAddress is missing: set it"),
        (FILE + another(FILE, "eng-7"), "engines[1].id is 'eng-7' twice"),
        (
            FILE + another(FILE, "eng-8"),
            "engines[1].address is 'http://127.0.0.1:8080/yawl' twice: one database billed twice is money",
        ),
        (
            SQL + another(SQL, "eng-8"),
            "engines[1].databaseVariable names a database twice",
        ),
    ],
)
def test_a_fault_is_one_line_with_its_remedy(config: Callable[[str], Config], text: str, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(text)
    message = str(caught.value)
    assert line in message
    assert re.match(r"\S+/agent\.toml: ", message) and "\n" not in message
    assert "secret-word" not in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read .*--config"):
        read(tmp_path / "none.toml")


def test_the_example_is_a_good_file(tmp_path: Path) -> None:
    text = (ROOT / "agent" / "examples" / "agent.toml").read_text(encoding="utf-8")
    password, path = tmp_path / "password", tmp_path / "agent.toml"
    password.write_text("secret-word", encoding="utf-8")
    path.write_text(text.replace("/etc/yawl-metering-agent/eng-7.password", str(password)), encoding="utf-8")
    found = read(path, {"ENG_8_DATABASE": ENVIRONMENT["DATABASE"]})
    assert [(each.engine.id, each.reader) for each in found.engines] == [("eng-7", "http"), ("eng-8", "sql")]


@pytest.mark.parametrize(
    ("address", "open_"),
    [
        ("http://engine.internal/yawl", True),
        ("https://engine.internal/yawl", False),
        ("http://127.0.0.1:8080/yawl", False),
        ("http://localhost/yawl", False),
        ("http://127.0.0.1.example.com/yawl", True),
    ],
)
def test_where_a_password_travels_openly(address: str, open_: bool) -> None:
    assert is_open(address) == open_
