"""Collects what the report shows besides the accounts: the log, the hours, the mix-ins, the checks."""

from collections.abc import Mapping, Sequence

from local.fold import STAND_INS, Plan
from local.replay.buyers import Buyer
from local.replay.reckon import Reckoning
from local.replay.send_usage import Tally
from local.replay_plan import Replay
from local.run_report.extras import CustomerFacts, DimensionFacts, Extras, HourFacts, LogFacts, MixIn
from local.stage import LocalStage
from local.xes import LogCounts


def log_facts(counts: LogCounts, plan: Plan, share: int) -> LogFacts:
    """The facts about the log. counts: those of the reader."""
    return LogFacts(
        cases=counts.cases,
        events=counts.events,
        people=len(counts.people),
        without_timestamp=counts.without_timestamp,
        first=counts.first.date().isoformat() if counts.first else "",
        last=counts.last.date().isoformat() if counts.last else "",
        share=share,
        replayed_cases=plan.cases,
        outside=plan.outside,
    )


def extras(
    stage: LocalStage,
    log: LogFacts,
    mixed: Replay,
    buyers: Mapping[str, Buyer],
    hours: Sequence[HourFacts],
    tally: Tally,
    reckoning: Reckoning,
    timings: Mapping[str, float],
) -> Extras:
    """All extras of the report. buyers: by the log's weeks. timings: seconds by step, in order."""
    cancelled = {c.customer: f"{c.hour:02d}:{c.at // 60_000 % 60:02d}" for c in (mixed.cancellation,) if c}
    return Extras(
        dimensions={n: DimensionFacts(unit=d.unit, scale=d.scale) for n, d in stage.settings.dimensions.items()},
        log=log,
        customers={
            buyer.customer_identifier: CustomerFacts(week=week, tier=buyer.tier, cancelled=cancelled.get(week))
            for week, buyer in buyers.items()
        },
        hours=tuple(hours),
        refusals=dict(tally.refusals),
        mix_ins=tuple(
            MixIn(name=purpose, sent=answers.total(), answers=dict(answers))
            for purpose, answers in sorted(tally.answers.items())
            if purpose != "normal"
        ),
        checks=reckoning.checks,
        timings=timings,
        stand_ins=STAND_INS,
    )
