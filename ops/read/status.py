"""``ops status``: the dashboard's five questions, in text."""

from collections.abc import Mapping
from typing import Any

from ledger import tables
from ledger.pauses import Pauses
from marketplace.hour import SECONDS, WINDOW
from metering.find.find_due_hours import last_due_hour
from metering.report.levels import Levels, read_levels
from ops.answer import Answer, Parts, cell, table, words
from ops.change import STAGE_SUBJECT
from ops.line_id import short_hour
from ops.read.findings import open_findings
from ops.read.queues import depths
from ops.read.runs import Run, last_runs, summary_of
from ops.read.waiting import mode_of, pause_says, resume
from ops.stage import OpenStage
from runtime.clock import iso

#: Open findings that are counted; a stage with more has another problem.
MOST_FINDINGS = 1000
#: Seconds after which a run is missed: it begins every hour.
MISSED = 75 * 60


def status(stage: OpenStage) -> Answer:
    """Is money flowing, is it late, is something lost, who is affected, is the system well?"""
    now, settings = stage.now(), stage.settings
    last = last_due_hour(now, settings.seal_delay_minutes, None)
    levels = read_levels(
        stage.records, stage.subscribers, last, now=now, mode=mode_of(settings), products=settings.products
    )
    parts = Parts(data={"stage": settings.name, "at": iso(int(now)), "meteringMode": settings.metering_mode})
    head = f"{settings.name} at {iso(int(now))}, meteringMode {settings.metering_mode}"
    parts.shown.append(words(head, style="bold"))
    _flowing(parts, stage, now)
    _late(parts, levels, now)
    _lost(parts, stage, levels)
    _affected(parts, stage, levels)
    _well(parts, stage)
    if not parts.trouble:
        parts.shown.append(words("All is well.", style="green"))
    return parts.answer()


def _say(parts: Parts, question: str, sentences: list[str], *, bad: bool = False) -> None:
    parts.shown.append(words(question, style="bold red" if bad else "bold green"))
    parts.shown.append(words(*(f"  {sentence}" for sentence in sentences)))
    parts.trouble = parts.trouble or bad


def _flowing(parts: Parts, stage: OpenStage, now: float) -> None:
    runs = last_runs(stage)
    data: dict[str, Any] = {"lastRun": None, "lastGoodRun": None}
    parts.data["flowing"] = data
    if not runs:
        _say(parts, "Is money flowing?", ["No run has taken place yet."], bad=stage.settings.is_live)
        return
    newest = runs[0]
    good = next((run for run in runs if run.status == "SUCCEEDED"), None)
    data["lastRun"] = _run(newest)
    sentences = [f"The last run began {iso(int(newest.started))}: {newest.status.lower()}."]
    fault = None
    if good is not None:
        summary = summary_of(stage, good)
        fault = summary.get("fault")
        data["lastGoodRun"] = {**_run(good), "summary": {k: v for k, v in summary.items() if k != "failed"}}
        if good is not newest:
            sentences.append(f"The last run that succeeded began {iso(int(good.started))}.")
    if fault:
        sentences.append(
            f"AWS Marketplace refuses the whole product ({fault}): nothing is billed until that is mended."
        )
        parts.next.append(f"ops explain {_code(fault)}")
    # Executions have AWS's own times; only a stage with a clock of its own sees other hours.
    silent = not stage.settings.movable_clock and now - newest.started > MISSED
    if silent:
        sentences.append("A run should begin every hour: at least one is missing.")
        parts.next.append("docs/runbooks: the page of the alarm on missed runs")
    bad = silent or bool(fault) or good is None or newest.status in ("FAILED", "TIMED_OUT", "ABORTED")
    _say(parts, "Is money flowing?", sentences, bad=bad)


def _late(parts: Parts, levels: Levels, now: float) -> None:
    oldest, nearest = levels.oldest, levels.nearest_deadline
    parts.data["late"] = {
        "pendingHours": levels.pending_hours,
        "heldByMode": levels.held_hours,
        "oldestPendingHour": iso(oldest) if oldest is not None else None,
        "nearestDeadline": iso(nearest) if nearest is not None else None,
        "atRisk": levels.at_risk.payload(),
    }
    sentences = [f"{levels.pending_hours} customer hours wait to be billed."]
    if levels.held_hours:
        sentences.append(f"{levels.held_hours} more are held by the stage's meteringMode.")
    if oldest is not None and nearest is not None:
        left = levels.time_left(now) / SECONDS
        sentences.append(
            f"The oldest is of {short_hour(oldest)}; the nearest deadline is {iso(nearest)}, in {left:.1f} h."
        )
    at_risk = levels.at_risk
    if at_risk.lines:
        units = ", ".join(f"{cell(total)} {name}" for name, total in sorted(at_risk.units.items()))
        sentences.append(f"At risk (less than 12 h left): {at_risk.lines} lines, {units}.")
    if levels.pending_hours:
        parts.next += ["ops pending: why they wait", "ops backlog: until when it is drained"]
    _say(parts, "Is it late?", sentences, bad=levels.time_left(now) < WINDOW / 2 and levels.pending_hours > 0)


def _lost(parts: Parts, stage: OpenStage, levels: Levels) -> None:
    findings = sum(1 for _, _ in zip(open_findings(stage), range(MOST_FINDINGS), strict=False))
    units = dict(sorted(levels.failed.units.items()))
    parts.data["lost"] = {"failedLines": dict(levels.verdicts), "failedUnits": units, "openFindings": findings}
    sentences = []
    if levels.failed.lines:
        verdicts = ", ".join(f"{number} {verdict}" for verdict, number in sorted(levels.verdicts.items()))
        said = ", ".join(f"{cell(total)} {name}" for name, total in units.items())
        sentences.append(f"{levels.failed.lines} lines ended otherwise than billed ({verdicts}): {said}.")
        parts.next.append("ops failed: each of them, and what may be done")
    if findings:
        sentences.append(f"{findings} findings of audits are open.")
        parts.next.append("ops findings")
    _say(parts, "Is something lost?", sentences or ["Nothing that is known."], bad=bool(sentences))


def _affected(parts: Parts, stage: OpenStage, levels: Levels) -> None:
    affected = sorted({record.customer_identifier for record in levels.failed_records})
    paused = Pauses(stage.table(tables.STATE)).read().pauses
    parts.data["affected"] = {"failed": affected[:100], "paused": sorted(paused)}
    sentences = []
    if affected:
        more = f" and {len(affected) - 5} more" if len(affected) > 5 else ""
        sentences.append(f"Customers with failed lines: {', '.join(affected[:5])}{more}.")
        parts.next.append(f"ops customer {affected[0]}")
    for whom, pause in sorted(paused.items()):
        named = "The whole stage" if whom == STAGE_SUBJECT else whom
        sentences.append(f"{named} is {pause_says(pause)}")
        parts.next.append(resume(whom))
    _say(parts, "Who is affected?", sentences or ["Nobody."], bad=bool(sentences))


def _well(parts: Parts, stage: OpenStage) -> None:
    alarms = _alarms(stage)
    counted = depths(stage)
    bad = [depth for depth in counted if depth.queue.bad and depth.waiting + depth.under_way]
    parts.data["well"] = {
        "alarms": alarms,
        "queues": {depth.queue.output: {"waiting": depth.waiting, "underWay": depth.under_way} for depth in counted},
    }
    sentences = [f"Alarm {alarm['alarm']}: {alarm['says']}" for alarm in alarms]
    _say(parts, "Is the system well?", sentences or ["No alarm is on."], bad=bool(alarms or bad))
    shown = [depth for depth in counted if depth.waiting + depth.under_way]
    if shown:
        rows = [(d.queue.output.removesuffix("Url"), d.waiting, d.under_way, d.queue.about) for d in shown]
        parts.shown.append(table("queues that are not empty", ("queue", "#wait", "#under way", "what they hold"), rows))
    if bad:
        parts.next.append("ops redrive: once what made them fail is mended")


def _alarms(stage: OpenStage) -> list[dict[str, str]]:
    """The stage's alarms that are on."""
    prefix = f"YawlMetering-{stage.settings.name}-"
    both = ["MetricAlarm", "CompositeAlarm"]
    answer = stage.aws.ask("cloudwatch", "describe_alarms", AlarmNamePrefix=prefix, StateValue="ALARM", AlarmTypes=both)
    found: list[Mapping[str, Any]] = [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
    return [
        {
            "alarm": str(alarm["AlarmName"]).removeprefix(prefix),
            "since": alarm["StateUpdatedTimestamp"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "says": " ".join(str(alarm.get("AlarmDescription", "")).split()),
        }
        for alarm in found
    ]


def _run(run: Run) -> dict[str, Any]:
    ended = iso(int(run.ended)) if run.ended is not None else None
    return {"name": run.name, "status": run.status, "started": iso(int(run.started)), "ended": ended}


def _code(fault: Any) -> str:
    return str(fault.get("Error", fault) if isinstance(fault, Mapping) else fault).split()[0].strip(":")
