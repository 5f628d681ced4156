"""What the audits' entry points share: logger, metrics, the time that is left, and what every run counts."""

from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger.audit_progress import Progress
from ledger.findings import AGREES, Findings
from reconcile import kinds
from runtime import telemetry
from runtime.metric_names import ReconcileMetric
from runtime.out_of_time import Watch

Payload = dict[str, Any]
Handler = Callable[[Payload, LambdaContext], Payload]

logger = telemetry.logger("reconcile")
metrics = telemetry.metrics("reconcile")

OPEN = {
    kinds.CALLS: ReconcileMetric.OPEN_FINDINGS_CALLS,
    kinds.USAGE: ReconcileMetric.OPEN_FINDINGS_USAGE,
    kinds.INVOICES: ReconcileMetric.OPEN_FINDINGS_INVOICES,
}
#: What a comparison counts that is no kind of a finding.
_OTHER = frozenset({"on_file", "lost", AGREES, "not_stored"})


def entry_point(handler: Callable[[Watch], Payload]) -> Handler:
    """The handler as Lambda calls it. It gets the watch that ends its work in time."""

    @logger.inject_lambda_context(clear_state=True)
    @metrics.log_metrics
    @wraps(handler)
    def invoked(_event: Payload, context: LambdaContext) -> Payload:
        return handler(Watch(lambda: context.get_remaining_time_in_millis() / 1000))

    return invoked


def count_age(progress: Progress, now: float) -> None:
    """Say before the work how old the last complete comparison is, so that a run that fails says it too."""
    metrics.add_metric(ReconcileMetric.RECONCILIATION_AGE, MetricUnit.Seconds, max(0.0, now - progress.completed_at))


def count_done(counts: Counter[str], periods: int, findings: Findings, depth: str) -> Payload:
    """Count what a run did, and the open findings of its book; the run's answer."""
    new = {kind: number for kind, number in counts.items() if kind not in _OTHER}
    open_ = sum(1 for _ in findings.open(depth))
    for metric, number in (
        (ReconcileMetric.FINDINGS, sum(new.values())),
        (ReconcileMetric.FOREIGN_CALLS, new.get(kinds.FOREIGN_CALL, 0)),
        (ReconcileMetric.LINES_FOUND_ON_FILE, counts["on_file"]),
        (ReconcileMetric.LINES_LOST, counts["lost"]),
        (ReconcileMetric.PERIODS_COMPARED, periods),
        (OPEN[depth], open_),
    ):
        metrics.add_metric(metric, MetricUnit.Count, number)
    done: Payload = {"compared": periods, "found": new, "closed": counts[AGREES], "open": open_}
    done |= {"onFile": counts["on_file"], "lost": counts["lost"]}
    logger.info("compared", depth=depth, **done)
    return done
