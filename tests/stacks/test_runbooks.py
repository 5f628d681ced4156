"""Each alarm leads to a page of docs/runbooks, and each page says the same things in the same order."""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
import typer

from ops.__main__ import app
from stacks import synth
from tests.stacks.alarm_facts import Alarm, alarms, speaker
from tests.synthesized import Assembly

RUNBOOKS = synth.ROOT / "docs" / "runbooks"
INDEX = RUNBOOKS / "README.md"
#: Pages of what no alarm of its own tells.
WITHOUT_ALARM = {"bad-deploy", "over-reporting", "restore", "restored-tables"}
SECTIONS = [
    "What has happened",
    "Money, and until when",
    "First look",
    "Repair",
    "It is over when",
    "Afterwards",
]
PAGES = sorted(page for page in RUNBOOKS.glob("*.md") if page != INDEX)
_LAST = re.compile(r" Runbook: docs/runbooks/(?P<page>[a-z-]+)\.md$")


@pytest.fixture(scope="module")
def every(modest: Assembly, engines: Assembly, abroad: Assembly, company: Assembly) -> dict[str, Alarm]:
    """Every alarm that a stage may have, by name."""
    found = {alarm.name: alarm for each in (company, engines, modest) for alarm in alarms(each).values()}
    return found | {alarm.name: alarm for alarm in alarms(abroad, stack="Notices").values()}


def page_of(alarm: Alarm) -> str:
    last = _LAST.search(alarm.text)
    assert last, f"{alarm.name}: its text must end with its page: {alarm.text}"
    return last["page"]


@cache
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_every_alarm_has_a_page(every: dict[str, Alarm]) -> None:
    missing = {page_of(alarm): alarm.name for alarm in every.values()}
    for page in PAGES:
        missing.pop(page.stem, None)
    assert not missing, f"write docs/runbooks/<page>.md for these alarms (docs/runbooks/README.md says how): {missing}"


def test_every_page_is_reached_by_an_alarm_or_known_to_have_none(every: dict[str, Alarm]) -> None:
    reached = {page_of(alarm) for alarm in every.values()}
    assert not reached & WITHOUT_ALARM
    assert {page.stem for page in PAGES} - reached == WITHOUT_ALARM


def test_a_page_is_called_as_its_alarm(every: dict[str, Alarm]) -> None:
    """Without the severity, and without a number at the end, in which the alarms of one page differ."""
    for alarm in every.values():
        if alarm.severity != "Silent":
            joined = page_of(alarm).replace("-", "")
            assert joined == re.sub(r"Page|Ticket|\d+$", "", alarm.name).lower(), alarm.name


def test_a_silent_alarm_has_the_page_of_the_alarm_that_calls_for_it(engines: Assembly) -> None:
    for alarm in alarms(engines).values():
        assert page_of(alarm) == page_of(speaker(engines, alarm)), alarm.name


def test_a_page_names_its_alarms(every: dict[str, Alarm]) -> None:
    for alarm in every.values():
        if alarm.severity != "Silent":
            title = text(RUNBOOKS / f"{page_of(alarm)}.md").splitlines()[0]
            assert f"`{alarm.name}`" in title, f"the title of {page_of(alarm)}.md must name {alarm.name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_a_page_has_the_sections_of_all_pages_and_something_in_each(page: Path) -> None:
    first, *rest = re.split(r"^## ", text(page), flags=re.MULTILINE)
    assert first.startswith("# ")
    assert [section.splitlines()[0] for section in rest] == SECTIONS
    for section in rest:
        assert len("".join(section.splitlines()[1:]).strip()) >= len("Nothing."), (
            f"{page.stem}: say something under {section!r}"
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_the_first_look_is_a_command(page: Path) -> None:
    first_look = text(page).split("## First look")[1].split("## ")[0]
    assert "```sh" in first_look, f"{page.stem}: begin with a command that a person can paste"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_the_index_leads_to_the_page(page: Path) -> None:
    assert f"]({page.name})" in text(INDEX), f"docs/runbooks/README.md does not lead to {page.name}"


#: What a page asks of bin/runbook.sh: the function, and what it is called with.
_LOG = re.compile(r"""stage_log (?P<function>[a-z$-]+) (?:"(?P<quoted>[^"]+)"|(?P<bare>[A-Za-z]+))""")
_OUTPUT = re.compile(r"stage_output (?P<name>[A-Za-z]+)(?: (?P<stack>[A-Z][a-z]+))?")
_QUEUE = re.compile(r"stage_queue (?P<stack>[A-Za-z]+) (?P<name>[A-Za-z]+)")
#: Words of log lines that no string of ours is: Powertools' level, statuses, and what API Gateway writes.
OF_OTHERS = {"ERROR", "503", "THROTTLED", "/yawl/v1/"}


@cache
def source() -> str:
    files = (synth.ROOT / "lambda_src").rglob("*.py")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def asked(pattern: re.Pattern[str]) -> list[tuple[str, re.Match[str]]]:
    found = [(page.stem, match) for page in PAGES for match in pattern.finditer(text(page))]
    assert found
    return found


def test_log_lines_that_pages_ask_for_are_written() -> None:
    for page, match in asked(_LOG):
        words = match["quoted"] or match["bare"]
        assert words in OF_OTHERS or words in source(), f"{page}: no function writes {words!r}"


def test_log_groups_that_pages_ask_for_exist(engines: Assembly) -> None:
    groups = {
        str(group)
        for stack in ("Doors", "Events", "Metering", "Archive", "Audit", "Yawl")
        for group in log_groups(engines, stack)
    }
    for page, match in asked(_LOG):
        if "$" not in match["function"]:
            assert f"/yawl-metering/prod/{match['function']}" in groups, page


def log_groups(assembly: Assembly, stack: str) -> list[str]:
    return [group["LogGroupName"] for group in assembly.properties("AWS::Logs::LogGroup", stack=stack)]


def test_outputs_that_pages_ask_for_exist_once(engines: Assembly) -> None:
    stacks = ("Data", "Doors", "Events", "Metering", "Archive", "Audit", "Yawl", "Watch")
    for page, match in asked(_OUTPUT):
        within = [match["stack"]] if match["stack"] else stacks
        having = [stack for stack in within if match["name"] in engines.template(stack).get("Outputs", {})]
        assert len(having) == 1, f"{page}: {match[0]} is an output of {having or 'no stack'}"


def test_queues_that_pages_ask_for_exist_once(engines: Assembly, abroad: Assembly) -> None:
    for page, match in asked(_QUEUE):
        assembly = abroad if match["stack"] == "Notices" else engines
        queues = [name for name, _ in assembly.resources("AWS::SQS::Queue", stack=match["stack"])]
        assert len([name for name in queues if name.startswith(match["name"])]) == 1, f"{page}: {match[0]}"


_OPS = re.compile(r"bin/ops (?P<command>[^`\n]+)")


def test_commands_of_ops_in_pages_are_as_ops_reads_them() -> None:
    read = typer.main.get_command(app)
    assert isinstance(read, typer.core.TyperGroup)
    found = asked(_OPS)
    assert len(found) > 100
    for page, match in found:
        name, *arguments = shlex.split(match["command"], comments=True)
        command = read.commands.get(name)
        assert command, f"{page}: ops has no command {name}"
        if arguments:
            # Within a sentence a command may leave the stage out.
            stage = [] if "--stage" in arguments else ["--stage", "prod"]
            command.make_context(name, [*arguments, *stage])
