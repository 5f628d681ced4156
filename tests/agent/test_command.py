"""The command as an operator uses it: what it bills, what it says, and its exit status."""

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from local.yawl_engine import StandInEngine
from tests.agent.conftest import Installation
from tests.agent.log_database import LogDatabase
from tests.client.usage_api import UsageApi

Now = Callable[[], int]


def events_of(api: UsageApi) -> list[str]:
    """The ids of all events that the API was sent."""
    return sorted(event["id"] for body in api.bodies for event in json.loads(body)["events"])


def test_once_bills_what_is_new(agent: Installation, log: LogDatabase, api: UsageApi, now_ms: Now) -> None:
    for case_id, service in (("1", 1), ("2", 2), ("by hand", 1), ("1", 3)):
        log.start(case_id, now_ms(), service=service)
    done = agent.run("once")
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"INFO read engine=eng-7 starts=4 users=0 waiting=\d\n", done.stderr)
    assert api.counted("workflow_executions")["l-1"] == 3
    assert api.counted("worklet_invocations")["l-1"] == 1
    log.start("3", now_ms())
    assert agent.run("once").returncode == 0
    assert api.counted("workflow_executions")["l-1"] == 4
    assert len(api.bodies) == 2


def test_run_reads_until_it_is_told_to_stop(agent: Installation, log: LogDatabase, api: UsageApi, now_ms: Now) -> None:
    log.start("1", now_ms())
    process = agent.start("run", "--json")
    assert process.stderr is not None
    lines = [json.loads(process.stderr.readline()) for _ in range(2)]
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 0
    assert [line["message"] for line in [*lines, *map(json.loads, rest.splitlines())]] == ["started", "read", "stopped"]
    assert (lines[1]["engine"], lines[1]["starts"]) == ("eng-7", 1)
    assert api.counted("workflow_executions")["l-1"] == 1


def test_check_says_what_would_be_billed_and_sends_nothing(
    agent: Installation, log: LogDatabase, api: UsageApi, now_ms: Now
) -> None:
    log.start("1", now_ms())
    log.start("2", now_ms(), service=2)
    for _ in range(2):
        done = agent.run("check")
        assert done.returncode == 0, done.stdout
        assert "good  engines.eng-7: would bill 1 workflow_executions to l-1\n" in done.stdout
        assert "good  engines.eng-7: would bill 1 worklet_invocations to l-1\n" in done.stdout
        assert "takes this machine's requests" in done.stdout
    assert (events_of(api), agent.directory.exists()) == ([], False)
    agent.run("once")
    assert "nothing is new" in agent.run("check").stdout


def test_check_names_what_is_wrong_with_the_delivery(agent: Installation) -> None:
    agent.environment["AWS_SECRET_ACCESS_KEY"] = "wrong"
    done = agent.run("check")
    assert done.returncode == 1
    assert re.search(r"^fault send.apiUrl: .*: correct apiUrl and region, and let the role call", done.stdout, re.M)


def test_usage_waits_while_it_cannot_be_delivered(
    agent: Installation, log: LogDatabase, api: UsageApi, now_ms: Now
) -> None:
    log.start("1", now_ms())
    api.fault = lambda _: "500"
    assert agent.run("once", "--timeout", "1").returncode == 1
    assert agent.json("status")["delivery"]["waiting"] == 1
    api.fault = lambda _: ""
    assert agent.run("once").returncode == 0
    assert api.counted("workflow_executions")["l-1"] == 1
    assert agent.json("status")["delivery"]["waiting"] == 0


def test_usage_without_a_customer_waits_for_one(
    agent: Installation, log: LogDatabase, api: UsageApi, now_ms: Now
) -> None:
    by_service = 'attribution = { by = "launching-service", customers = { admin = "l-1" } }'
    agent.engines = agent.engines.replace('customer = "l-1"', by_service)
    log.start("1", now_ms(), service=1)
    log.start("2", now_ms(), service=3)
    log.start("3", now_ms(), service=3)
    assert "2 starts without a customer (launched by shop, Orders): add it to" in agent.run("check").stdout
    done = agent.run("once")
    assert (done.returncode, "StartsUnattributed=2" in done.stderr) == (0, True)
    assert api.counted("workflow_executions") == {"l-1": 1, "l-2": 0}
    assert agent.json("status")["engines"][0]["unattributed"] == 2
    agent.engines = agent.engines.replace('admin = "l-1"', 'admin = "l-1", shop = "l-2"')
    assert "attributed=1" in agent.run("once").stderr
    assert api.counted("workflow_executions") == {"l-1": 1, "l-2": 2}
    assert agent.json("status")["engines"][0]["unattributed"] == 0


def test_status_says_how_each_engine_is(agent: Installation, log: LogDatabase, now_ms: Now) -> None:
    done = agent.run("status")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "eng-7: never read")
    log.start("1", now_ms())
    agent.run("once")
    done = agent.run("status")
    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert re.fullmatch(r"eng-7: read 20\S+Z, 1 starts today", first)
    assert second == "delivery: 0 events wait; 0 were refused (spool/refused.jsonl)"
    agent.environment["DATABASE"] = "sqlite:///nowhere/at/all"
    assert agent.run("once").returncode == 1
    assert "last fault: DatabaseUnreachable at" in agent.run("status").stdout


def test_another_database_behind_the_address_stops_the_engine(
    agent: Installation, log: LogDatabase, api: UsageApi, now_ms: Now, tmp_path: Path
) -> None:
    log.start("1", now_ms())
    agent.run("once")
    other = LogDatabase(tmp_path / "other.sqlite")
    other.start("1", now_ms())
    agent.environment["DATABASE"] = other.address
    for command in ("once", "check", "once"):
        done = agent.run(command)
        assert done.returncode == 1
        assert "if the engine has a new database, raise epoch; if not, yawl-metering-agent resume" in (
            done.stdout + done.stderr
        )
    assert api.counted("workflow_executions")["l-1"] == 1
    agent.engines += "epoch = 2\n"
    assert agent.run("once").returncode == 0
    assert events_of(api) == ["yawl:eng-7:1:case:1#1", "yawl:eng-7:2:case:1#1"]


def test_a_person_lets_an_engine_be_read_again(
    agent: Installation, log: LogDatabase, now_ms: Now, tmp_path: Path
) -> None:
    log.start("1", now_ms())
    agent.run("once")
    agent.environment["DATABASE"] = LogDatabase(tmp_path / "empty.sqlite").address
    assert agent.run("once").returncode == 1
    agent.environment["DATABASE"] = log.address
    assert agent.run("once").returncode == 1
    assert agent.run("resume", "--engine", "eng-7").stdout == "eng-7: the next reading goes on\n"
    assert agent.run("once").returncode == 0
    assert agent.run("resume", "--engine", "eng-8").returncode == 2


@pytest.mark.parametrize("command", ["run", "once", "check", "status"])
def test_a_fault_of_the_file_is_one_line(agent: Installation, command: str) -> None:
    agent.engines = agent.engines.replace("eng-7", "ENG 7")
    done = agent.run(command)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"\S+/agent\.toml: engines\[0\]\.id is 'ENG 7': use at most .*\n", done.stderr)


def test_a_directory_that_cannot_be_used_is_one_line(agent: Installation) -> None:
    agent.directory.write_text("a file")
    done = agent.run("once")
    assert done.returncode == 1
    assert re.fullmatch(r"\S+/agent\.toml: stateDirectory: .*: let the agent's user write there\n", done.stderr)


def test_help_names_the_commands_and_the_exit_status(agent: Installation) -> None:
    command = agent.command("--help")
    done = agent.run("run", "--help")
    assert "exit status: 0 all is well; 1 an engine" in " ".join(done.stdout.split())
    assert command[2] == "yawl_metering_agent"


# --- over HTTP --------------------------------------------------------------------------------------------------------

HTTP = """
[[engines]]
id = "eng-7"
since = "2026-11-01T00:00:00Z"
customer = "l-1"
dimensions = { executions = "workflow_executions", users = "active_users" }
address = "ADDRESS/yawl"
resourceAddress = "ADDRESS/resourceService"
user = "meter"
passwordVariable = "PASSWORD"
"""


@pytest.fixture
def over_http(agent: Installation, yawl: StandInEngine) -> Installation:
    agent.engines = HTTP.replace("ADDRESS", yawl.url.removesuffix("/yawl"))
    agent.environment["PASSWORD"] = "word"
    return agent


def test_cases_and_users_are_billed_over_http(over_http: Installation, yawl: StandInEngine, api: UsageApi) -> None:
    for person in ("PA-1", "PA-2", "PA-1"):
        yawl.engine.complete(yawl.engine.launch("UID_Orders"), person)
    check = over_http.run("check")
    assert check.returncode == 0, check.stdout
    assert "would bill 3 workflow_executions to l-1" in check.stdout
    assert "would bill 2 active_users" in check.stdout
    assert over_http.run("once").returncode == 0
    assert (api.counted("workflow_executions")["l-1"], api.counted("active_users")["l-1"]) == (3, 2)
    assert b"PA-1" not in b"".join(api.bodies)


@pytest.mark.parametrize(
    ("break_it", "line"),
    [
        (lambda yawl, agent: yawl.stop(), "engines.eng-7.address: .*: name the engine's web application as"),
        (
            lambda yawl, agent: agent.environment.update(PASSWORD="other"),
            "engines.eng-7.user: .*: name a client account of the engine, and its password in passwordFile",
        ),
        (
            lambda yawl, agent: yawl.arm("page", path="/yawl/logGateway", times=None),
            "engines.eng-7.address: .*: it must end with the web application, /yawl",
        ),
        (
            lambda yawl, agent: yawl.arm("server-error", path="/yawl/logGateway", times=None),
            "EnablePersistence and EnableLogging have to be true in the engine's WEB-INF/web.xml",
        ),
        (
            lambda yawl, agent: yawl.arm("failure", action="getAllSpecifications", times=None),
            "EnablePersistence and EnableLogging have to be true in the engine's WEB-INF/web.xml",
        ),
    ],
    ids=["down", "password", "page", "server-error", "logging-off"],
)
def test_check_and_once_name_the_key_and_the_remedy(
    over_http: Installation,
    yawl: StandInEngine,
    break_it: Callable[[StandInEngine, Installation], object],
    line: str,
) -> None:
    break_it(yawl, over_http)
    for command in ("check", "once"):
        done = over_http.run(command)
        assert done.returncode == 1
        assert re.search(line, done.stdout + done.stderr), done.stdout + done.stderr
        assert "word\n" not in done.stdout + done.stderr
