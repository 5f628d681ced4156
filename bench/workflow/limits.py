"""How much of each limit a run uses, and which is the first to break. Pure, of a run that was played."""

from collections.abc import Mapping

from bench.workflow.model import Run
from bench.workflow.service_times import MARKETPLACE_SECONDS, Step

HOUR = 3600.0
#: Standard workflows in us-east-1, state transitions a second (Step Functions quotas, "StateTransition").
TRANSITIONS_A_SECOND = 5_000
#: Concurrent executions of an account's functions, by default (Lambda quotas).
CONCURRENCY = 1_000
#: Write units a second of one partition key, here of the pending index with one shard (DynamoDB Developer Guide,
#: "Best practices for designing and using partition keys effectively").
PARTITION_WRITES = 1_000
#: Write units that a customer's hour takes of the pending index within a run: its entry goes.
INDEX_WRITES = 1
#: Names of limits: of the first and the last the load grows with the customers.
RATE, COPY = "Marketplace's permitted calls in an hour", "the time of a submitter's copy between two calls"
OPENING = "new entries of the pending index, all in the hour's first minute"


def limits(run: Run, steps: Mapping[str, Step]) -> dict[str, float]:
    """The share of each limit that the run uses; above 1 it breaks."""
    settings = run.settings
    a_call = steps["submit"].on_aws(settings.memory["submit-batch"]) + MARKETPLACE_SECONDS
    return {
        RATE: len(run.called) / settings.rate / HOUR,
        COPY: a_call / (settings.copies / settings.rate),
        "state transitions a second": run.transitions / run.seconds / TRANSITIONS_A_SECOND,
        "writes to the pending index a second": INDEX_WRITES * run.customers / run.seconds / PARTITION_WRITES,
        OPENING: run.customers / 60 / PARTITION_WRITES,
        "Lambda's concurrency": run.busiest / CONCURRENCY,
    }


def breaks_from(run: Run, used: Mapping[str, float], name: str) -> int:
    """The customers from which on a limit breaks that is used in proportion to them."""
    return round(run.customers / used[name])


def first_to_break(used: Mapping[str, float]) -> str:
    """The limit of which most is used, in words, whether it breaks or not."""
    name, share = max(used.items(), key=lambda pair: pair[1])
    return f"{name}: {share:.2f} of it, {'broken' if share > 1 else 'holds'}"
