"""Counting what happens, where the one who counts is the function's handler."""

from collections.abc import Callable

from runtime.metric_names import MeteringMetric

#: adds a number to a metric
Count = Callable[[MeteringMetric, int], None]

OF_VERDICT = {
    "billed": MeteringMetric.LINES_BILLED,
    "rejected": MeteringMetric.LINES_REJECTED,
    "not_sent": MeteringMetric.LINES_NOT_SENT,
    "conflict": MeteringMetric.LINES_CONFLICT,
    "expired": MeteringMetric.LINES_EXPIRED,
    "presumed_on_file": MeteringMetric.LINES_PRESUMED_ON_FILE,
}


def nothing(_metric: MeteringMetric, _number: int) -> None:
    """Counts nothing."""
