"""Function ``search-agreements``: finds the agreements whose notices were lost; a schedule calls it every hour."""

from collections import Counter
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from buyer.agreements.search import AgreementSearch
from buyer.assembly import agreements
from runtime import clock, telemetry
from runtime.metric_names import SubscriptionMetric
from runtime.out_of_time import OutOfTime, Watch
from runtime.settings import SearchAgreementsSettings

logger = telemetry.logger("subscription")
metrics = telemetry.metrics("subscription")
_COUNTED = {
    "lost": SubscriptionMetric.NOTICES_LOST,
    "agreements": SubscriptionMetric.AGREEMENTS_SEARCHED,
    "failed": SubscriptionMetric.AGREEMENTS_FAILED,
    "linked": SubscriptionMetric.KEYS_LINKED,
}


@cache
def assembled() -> tuple[AgreementSearch, ...]:
    """The search of each product, made from the function's environment once."""
    return agreements.searches(SearchAgreementsSettings.from_env())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Anything → ``{agreements, lost, linked, failed}``. Raises botocore's errors, after the products before the one
    that fails were searched."""
    in_time = Watch(lambda: context.get_remaining_time_in_millis() / 1000)
    counts: Counter[str] = Counter()
    try:
        for search in assembled():
            search.run(clock.now(), counts, in_time)
    except OutOfTime:
        # The progress of each page is stored, and the next call goes on there.
        logger.warning("out of time")
    finally:
        for name, metric in _COUNTED.items():
            metrics.add_metric(metric, MetricUnit.Count, counts[name])
    found = {name: counts[name] for name in _COUNTED}
    logger.info("agreements searched", found=found)
    return found
