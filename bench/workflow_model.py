"""The hour's run as a discrete-event model, from a thousand customers to a million: what it takes, and what breaks."""

from bench.costs.prices import prices
from bench.costs.recorded import recorded
from bench.figure import Figure, Reading, Say, Table, at_least
from bench.workflow.limits import HOUR, OPENING, RATE, breaks_from, first_to_break, limits
from bench.workflow.model import COLD_SECONDS, HAND_OVER_SECONDS, STATE_SECONDS, Model, Run, Settings
from bench.workflow.service_times import DYNAMODB_SECONDS, MARKETPLACE_SECONDS

CUSTOMERS = (1_000, 10_000, 100_000, 1_000_000)
#: Lines an hour that are to be shown, by 5 lines a customer, and the rate for them.
MOST, MOST_RATE = 180_000, 10.0
#: MB of the submitter with which a copy is fast enough for them.
LARGER = 1024
TARGET = 95.0


def measure(say: Say) -> Figure:
    """Play a run of each number of customers."""
    measured = recorded()
    settings = Settings(measured.rate, measured.copies, measured.census.memory)
    runs = []
    for customers in CUSTOMERS:
        say(f"{customers:,} customers")
        runs.append(Model(customers, settings, measured.steps).played())
    say(f"{MOST:,} customers at {MOST_RATE:g} calls a second")
    memory = measured.census.memory
    most = Model(MOST, Settings(MOST_RATE, measured.copies, memory), measured.steps).played()
    say(f"the same, {LARGER} MB for the submitter")
    faster = Settings(MOST_RATE, measured.copies, {**memory, "submit-batch": LARGER})
    larger = Model(MOST, faster, measured.steps).played()
    every = (*runs, most, larger)
    used = [limits(run, measured.steps) for run in every]
    last, share = runs[-1], used[len(runs) - 1]
    own = {name: load for name, load in used[2].items() if name not in (OPENING, RATE)}
    return Figure(
        name="workflow_model",
        title="An hour's run, modelled",
        method=(
            "The workflow's turns, pages, chunks and lanes by its own sizes, as discrete events (simpy). Service times "
            "are drawn from those that were measured with the real functions against the local cloud's DynamoDB (in "
            f"costs.md), with {DYNAMODB_SECONDS * 1e3:.0f} ms a request to DynamoDB and "
            f"{MARKETPLACE_SECONDS * 1e3:.0f} ms a call of Marketplace; {STATE_SECONDS * 1e3:.0f} ms a state with its "
            f"invocation, {COLD_SECONDS:g} s a cold start and {HAND_OVER_SECONDS:g} s a hand-over are "
            f"stated. Nothing fails in it."
        ),
        readings=[
            at_least(
                f"of {run.settings.rate:g} calls a second, {run.customers:,} customers",
                100 * run.share,
                TARGET,
                unit=" %",
                digits=1,
            )
            for run in runs[1:]
        ]
        + [
            Reading(
                what=f"first to break: {OPENING}",
                target="",
                reached=f"from {breaks_from(last, share, OPENING):,} customers",
            ),
            Reading(what=f"then: {RATE}", target="", reached=f"from {breaks_from(last, share, RATE):,} customers"),
            Reading(what="nearest limit of a run of 100,000 beside these", target="", reached=first_to_break(own)),
        ]
        + [
            Reading(
                what=f"900,000 lines, at {MOST_RATE:g} calls a second, {run.settings.memory['submit-batch']} MB",
                target="≤ 62 min",
                reached=f"{run.seconds / 60:.1f} min",
                met=run.seconds <= HOUR + 120,
            )
            for run in (most, larger)
        ],
        tables=[
            Table(
                title="By number of customers, 5 lines each",
                head=[
                    "customers",
                    "calls",
                    "duration",
                    "of the rate",
                    "first call",
                    "waited for a page",
                    "transitions a customer",
                    "dollars a million customer-hours",
                    "Lambda ms a customer",
                    "copies",
                ],
                rows=[_row(run) for run in every],
            ),
            Table(
                title="Load of each limit (1.00 is all of it)",
                head=["", *(f"{run.customers:,} at {run.settings.rate:g}/s" for run in every)],
                rows=[[name, *(f"{each[name]:.2f}" for each in used)] for name in used[0]],
            ),
        ],
        notes=[
            "The last two columns are 900,000 lines, 36,000 calls: all that Marketplace takes of an account in an "
            "hour, so nothing may be throttled or repeated, and each hour's run ends when the next one begins. A stage "
            "that has to live with that needs a higher quota, or a second account with a listing of "
            "its own. A stage's 8 "
            f"calls a second carry 720,000 lines. At 10 calls a second a copy of the submitter needs {LARGER} MB: with "
            "less its own work takes longer than its turn.",
            "Hours are opened by the first event of each customer in the hour. If all of them come in its first "
            "minute, one shard of the pending index takes 60,000 customers; `pendingShards` multiplies that. Senders "
            "repeat what is throttled, so nothing is lost.",
            "The model is of AWS and does not yet agree with the local cloud, where functions, emulator and "
            "Marketplace share two cores: 1,000 customers at 4 calls a second took 178 s there (36.7 % of the rate, "
            "first call after 40 s) on a busy machine, and take 58 s here (first call after 8 s).",
            "The run itself uses little of anything but Marketplace's rate: pages are prepared faster than they are "
            "sent, so a run grows in a straight line with its calls.",
        ],
        data={f"{run.customers}@{run.settings.rate:g}": {"seconds": run.seconds, "share": run.share} for run in every},
    )


def _row(run: Run) -> list[str]:
    price = prices()
    gb_ms = {name: ms * run.settings.memory[name] / 1024 for name, ms in run.lambda_ms.items()}
    usd = run.transitions / 1000 * price["step_functions_transition"].usd
    usd += sum(gb_ms.values()) / 1000 * price["lambda_gb_second"].usd
    return [
        f"{run.customers:,}",
        f"{len(run.called):,} at {run.settings.rate:g}/s",
        f"{run.seconds / 60:.1f} min",
        f"{run.share:.1%}",
        f"{run.called[0]:.1f} s",
        f"{run.waited:.1f} s",
        f"{run.transitions / run.customers:.3f}",
        f"{usd / run.customers * 1e6:.2f}",
        f"{sum(run.lambda_ms.values()) / run.customers:.1f}",
        f"{run.busiest}",
    ]
