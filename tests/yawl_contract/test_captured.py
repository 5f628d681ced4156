"""What was captured from a living engine (``tests/events/yawl``) has the shape of the stand-in's answers."""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from local.yawl_engine import Specification, StandInEngine, java
from local.yawl_engine.client import EngineClient
from tests.yawl_contract.listener import Listener, eventually

FOLDER = Path(__file__).resolve().parents[1] / "events" / "yawl"
#: Sessions and pages of failures are asked of both engines by ``test_sessions.py``.
EXCHANGES = sorted(set(FOLDER.glob("*log-*.json")) - {*FOLDER.glob("*-connect*.json"), *FOLDER.glob("*-bad-*.json")})
ANNOUNCEMENTS: list[dict[str, Any]] = json.loads((FOLDER / "announcements.json").read_text(encoding="utf-8"))
#: All elements of the logs' answers. Whatever else looks like one is a text that users chose.
ELEMENTS = (
    "SpecificationEvents|specifications?|caseEvent|caseid|cases?|completed|cancelled|started|"
    "(?:completion|cancelled)(?:Max|Min|Avg)time|descriptor|events?|eventtype|id|identifier|instanceKey|itemid|"
    "netInstances?|netKey|parentTaskInstanceKey|resourceid|rootNetInstanceKey|rootnetkey|service|serviceKey|speckey|"
    "taskid|timestamp|uri|version"
)
TAG = re.compile(rf'<(/?)({ELEMENTS})((?: \w+="[^"]*")*)(/?)>')
ATTRIBUTE = re.compile(r" (\w+)=")
ALL, WITH_USERS = "getAllSpecifications", "getSpecificationSetEvents"


def shape(text: str) -> object:
    """Where which elements stand, with their attributes; of a failure or another text its words."""
    if "<html" in text:
        return "page"
    found: set[str] = set()
    path: list[str] = []
    for closes, name, attributes, empty in TAG.findall(text):
        if closes:
            if path and path[-1].startswith(name):
                path.pop()
            continue
        path.append(f"{name}({','.join(ATTRIBUTE.findall(attributes))})")
        found.add("/".join(path))
        if empty:
            path.pop()
    return frozenset(found) or re.sub(r"[\d-]+|'[^']*'|: .*?<", "#", text)


@pytest.fixture(scope="module")
def shapes() -> dict[str, set[object]]:
    """The shapes of the stand-in's answers by action, in a log with a bit of everything."""
    found: dict[str, set[object]] = defaultdict(set)
    named = {"identifier": "UID_1", "version": "0.1", "uri": "Waits"}
    setxml = "<x><s><identifier>UID_1</identifier><version>0.1</version><uri>Waits</uri></s></x>"
    with StandInEngine(behind=0.0) as yawl:
        yawl.engine.load(Specification(**named, waiting_task="Approve"))
        case_id = yawl.engine.launch("UID_1", person="PA-1")
        yawl.engine.complete(case_id, "PA-1")
        yawl.engine.cancel(yawl.engine.launch("UID_1"))
        tested = EngineClient(yawl.url, "admin", "YAWL", yawl.resource_url)
        asked: list[tuple[str, str, dict[str, str]]] = [
            ("logGateway", ALL, {}),
            ("logGateway", "getNothing", {}),
            ("people", "nonsense", {}),
            *(("logGateway", "getCaseEvent", {"caseid": case, "event": "CaseStart"}) for case in ("1", "none")),
            *(("logGateway", "getServiceName", {"key": key}) for key in ("1", "-1")),
            *(("people", WITH_USERS, {"setxml": text}) for text in (setxml, "<x>")),
        ]
        for action in ("getSpecificationCaseIDs", "getNetInstancesOfSpecification", "getSpecificationStatistics"):
            asked += [("logGateway", action, {"key": key}) for key in ("1", "99")]
        asked.append(("logGateway", "getSpecificationStatistics", {**named, "from": "9999999999999"}))
        for interface, action, fields in asked:
            found[action].add(shape(tested.ask(interface, action, **fields).text))
    return found


def given(exchange: dict[str, Any]) -> dict[str, str]:
    return dict(parse_qsl(exchange["request"]["body"], keep_blank_values=True))


@pytest.mark.parametrize("file", EXCHANGES, ids=lambda file: file.stem)
def test_an_answer_has_a_shape_of_the_stand_in(file: Path, shapes: dict[str, set[object]]) -> None:
    exchange = json.loads(file.read_text(encoding="utf-8"))
    action = given(exchange)["action"]
    assert shape(exchange["response"]["body"]) in shapes[action]


@pytest.mark.parametrize("captured", ANNOUNCEMENTS, ids=lambda captured: captured["what"])
def test_a_form_is_written_as_java_writes_it(captured: dict[str, Any]) -> None:
    fields = dict(parse_qsl(captured["body"], keep_blank_values=True))
    assert java.form(fields).decode() == captured["body"]


def test_an_announcement_has_the_headers_and_fields_that_the_engine_sent() -> None:
    waits = Specification("UID_1", "0.1", "Waits", waiting_task="Approve")
    with Listener() as listener, StandInEngine() as yawl:
        yawl.engine.load(waits)
        yawl.engine.register(f"{listener.address}/ok")
        yawl.engine.complete(yawl.engine.launch("UID_1"))
        yawl.engine.cancel(yawl.engine.launch("UID_1", by="workletService"))
        assert yawl.engine.announcer.wait()
        yawl.restart()
        eventually(lambda: listener.of("/ok", action="announceEngineInitialised"))
        sent = {
            (tuple(n for n, _ in r.headers if n != "Host"), tuple(r.fields))
            for r in listener.requests
            if r.method == "POST"
        }
    captured = {
        (tuple(c["headers"]), tuple(dict(parse_qsl(c["body"], keep_blank_values=True))))
        for c in ANNOUNCEMENTS
        if c["method"] == "POST"
    }
    assert sent <= captured
    # The stand-in has neither deadlocks nor services that get work items.
    assert {fields for _, fields in captured - sent} == {("caseID", "action", "tasks"), ("action", "workItem")}
