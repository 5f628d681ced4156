"""``python -m tests.alarms.page`` writes docs/alarms.md: every alarm that calls, its faults, and the minutes."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from local.alarm_judge import Alarm
from stacks import synth
from tests.alarms.faults import Fault, fault_of
from tests.alarms.life import Life
from tests.synthesized import Assembly, with_engines

PAGE = synth.ROOT / "docs" / "alarms.md"
HEAD = """# Alarms and their times

Each alarm that calls people, the faults that the tests play to prove it (`tests/alarms`), and the minutes from the
moment in which a fault shows until people are called. Three of them pass until CloudWatch shows a value; a composite
alarm then waits for `StoreDown`, seven minutes before a page and ten before a ticket. [Operations](operations.md) says
what each means and what to do; the last column leads to its runbook.
`python -m tests.alarms.page` writes this page.

| alarm | severity | calls when | minutes | runbook |
| --- | --- | --- | --- | --- |
"""


def stage_with_all_alarms(folder: Path) -> Assembly:
    """As in production, with YAWL engines, backups and an alarm of money at risk."""
    stage = with_engines()
    stage = replace(stage, alarms=replace(stage.alarms, page_at_money=Decimal(100)))
    return Assembly.of(stage, folder)


def page(assembly: Assembly) -> str:
    """The page's text."""
    life = Life(assembly)
    rows = []
    for alarm in sorted(life.alarms.values(), key=lambda each: each.name):
        if alarm.severity == "Silent":
            continue
        parts = _faults(life, alarm)
        minutes = " to ".join(dict.fromkeys(str(of(part.minutes for part in parts)) for of in (min, max)))
        calls = "; ".join(dict.fromkeys(part.happens for part in parts))
        rows.append(f"| `{alarm.name}` | {alarm.severity.lower()} | {calls} | {minutes} | {_runbook(alarm)} |\n")
    return HEAD + "".join(rows)


def _runbook(alarm: Alarm) -> str:
    """A link to the page that the alarm's text names."""
    page = Path(alarm.text.rsplit(" ", 1)[1])
    return f"[{page.stem}](runbooks/{page.name})"


def _faults(life: Life, alarm: Alarm) -> list[Fault]:
    if not alarm.composite:
        return [fault_of(alarm.name)]
    return list(dict.fromkeys(_of_members(life, alarm)))


def _of_members(life: Life, alarm: Alarm) -> Iterable[Fault]:
    """Of the members for which this alarm calls; "store is down" has witnesses for which others call, too."""
    for member in life.alarms.values():
        if member.logical_id in alarm.members and life.speaker(member.name).name == alarm.name:
            yield fault_of(member.name)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        PAGE.write_text(page(stage_with_all_alarms(Path(folder))), encoding="utf-8")
