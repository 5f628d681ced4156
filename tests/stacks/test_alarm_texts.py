"""Texts that people read at 3 a.m. are sentences, and each alarm has a row in docs/operations.md."""

import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest

from stacks import synth
from tests.stacks.alarm_facts import Alarm, alarms
from tests.synthesized import Assembly

OPERATIONS = synth.ROOT / "docs" / "operations.md"
#: AWS: AlarmDescription
LONGEST = 1024
#: The page, with which each text ends (test_runbooks).
RUNBOOK = r" Runbook: docs/runbooks/[a-z-]+\.md"
TOLD = re.compile(r"\[(Page|Ticket)\] [A-Z].*\." + RUNBOOK)
SILENT = re.compile(r"\[Silent\] [A-Z][^.]*\." + RUNBOOK)


@pytest.fixture(scope="module")
def every(modest: Assembly, engines: Assembly, abroad: Assembly) -> list[Alarm]:
    """Every alarm that a stage may have."""
    found = {alarm.name: alarm for each in (engines, modest) for alarm in alarms(each).values()}
    return [*found.values(), *alarms(abroad, stack="Notices").values()]


def test_a_stage_with_prices_or_engines_has_all_of_production(every: list[Alarm], prod: Assembly) -> None:
    more = {alarm.name for alarm in every if alarm.stack == "Watch"} - {alarm.name for alarm in alarms(prod).values()}
    ours = tuple(f"Functions{name}Errors" for name in ("enginegateway", "reconcileengine", "lookafterengines"))
    of_engines = ("Engine", "AccessLogEvents", "FunctionsreadaccesslogErrors", "FunctionsThrottles", *ours)
    assert {name for name in more if not name.startswith(of_engines)} == {
        "ArchiveBackupFailuresNotEmpty",
        "MeteringAtRiskMoney",
        *("FunctionsreconcileinvoicesErrors", "FunctionsreconcileusageErrors"),
        # Of the webhook.
        *("FunctionssendwebhooksErrors", "TellingWebhooksTooOld", "TellingWebhooksRefused"),
        "TellingWebhooksDeadLettersNotEmpty",
        "FunctionssearchagreementsErrors",
        *("FunctionstellpeopleErrors", "MailDeadLettersNotEmpty"),
        "FunctionsusagepageErrors",
    }


def test_descriptions_are_sentences_of_plain_text(every: list[Alarm]) -> None:
    for alarm in every:
        form = SILENT if alarm.severity == "Silent" else TOLD
        assert form.fullmatch(alarm.text), (
            f"{alarm.name}: sentences with a capital and a full stop, one alone for a silent alarm: {alarm.text}"
        )
        assert len(alarm.text) <= LONGEST, alarm.name
        assert alarm.text.isascii(), alarm.text
        assert "  " not in alarm.text and "{}" not in alarm.text.replace("with {}", "").replace("input {}", "")


def test_each_says_what_happened_what_it_means_and_where_to_look(every: list[Alarm]) -> None:
    for alarm in every:
        if alarm.severity == "Silent":
            continue
        sentences = re.split(r"(?<=[.]) (?=[A-Z])", alarm.text.split("] ", 1)[1])
        assert len(sentences) >= 3, f"{alarm.name}: happened, money and look are a sentence each: {alarm.text}"
        looks = [number for number, sentence in enumerate(sentences) if re.match(r"(Look|Act now: look) ", sentence)]
        # What is wrong and what it means come before what to do.
        assert looks and looks[0] >= 2, (
            f"{alarm.name}: `look` must begin with Look (or Act now: look), and no sentence before it: {alarm.text}"
        )


def rows() -> Iterator[tuple[str, ...]]:
    """The alarms that each row of the table names."""
    lines = OPERATIONS.read_text(encoding="utf-8").splitlines()
    table = lines[lines.index("| alarm | what it means | runbook |") + 2 :]
    for line in table:
        if not line.startswith("|"):
            return
        yield tuple(re.findall(r"`([A-Za-z0-9*]+)`", line.split("|")[1]))


def test_every_alarm_has_one_row_and_every_row_an_alarm(every: list[Alarm]) -> None:
    named = [name for row in rows() for name in row]
    twice = [name for name, times in Counter(named).items() if times > 1]
    assert not twice, f"two rows of the table in docs/operations.md name {twice}"
    assert all(rows()), "a row of the table in docs/operations.md names no alarm"
    for name in {alarm.name for alarm in every}:
        found = [row for row in named if fnmatchcase(name, row)]
        assert found, f"no row of the table in docs/operations.md names {name}"
        assert len(found) == 1, f"docs/operations.md names {name} more than once: {found}"
    for row in named:
        assert [alarm for alarm in every if fnmatchcase(alarm.name, row)], f"docs/operations.md names no alarm: {row}"


def test_a_silent_alarm_stands_in_the_row_of_its_composite_alarm(engines: Assembly) -> None:
    together = {name: row for row in rows() for name in row}
    for composite in alarms(engines).values():
        if "AlarmRule" not in composite.properties or composite.name == "StoreDown":
            continue
        row = together[composite.name]
        for member in composite.members:
            assert any(fnmatchcase(alarms(engines)[member].name, name) for name in row), (
                f"docs/operations.md: {member} belongs into the row of {composite.name}, which calls for it"
            )


@pytest.mark.parametrize(("stack", "group"), [("Metering", "Starts"), ("Yawl", "EngineCalls")])
def test_the_alarms_of_starts_name_all_that_is_started_by_the_clock(engines: Assembly, stack: str, group: str) -> None:
    """Their metrics are those of the whole schedule group (``constructs.alarms.delivery``)."""
    texts = " ".join(alarm.text for alarm in alarms(engines).values() if alarm.name.startswith(group))
    schedules = engines.properties("AWS::Scheduler::Schedule", stack=stack)
    aliases = {schedule["Target"]["Arn"]["Ref"] for schedule in schedules}
    for started in {alias[:-8].removesuffix("Live") for alias in aliases}:
        assert started in texts.replace("-", ""), (
            f"a schedule starts {started}: name it in the texts of add_schedule_alarms (constructs/alarms/delivery.py)"
        )


@pytest.mark.parametrize(
    ("stage", "form"),
    [
        ("prod", "{} alarms, {} of them composite; {} notify people"),
        ("engines", "With YAWL engines that have access logs there are {}, {} and {}"),
    ],
)
def test_operations_says_how_many_there_are(stage: str, form: str, request: pytest.FixtureRequest) -> None:
    found = alarms(request.getfixturevalue(stage)).values()
    composite = [alarm for alarm in found if "AlarmRule" in alarm.properties]
    told = [alarm for alarm in found if alarm.severity != "Silent"]
    text = form.format(len(found), len(composite), len(told))
    assert text in OPERATIONS.read_text(encoding="utf-8"), f"docs/operations.md must say: {text}"
