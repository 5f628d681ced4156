"""Function ``audit-conservation``: adds up what the archive has of a day, and stores each difference as a finding."""

from datetime import date
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from archive.conservation.audit_day import Part, audit_day, day_before
from archive.conservation.findings import store
from archive.objects import Objects
from ledger import dynamodb
from runtime import aws, clock, telemetry
from runtime.metric_names import ArchiveMetric
from runtime.settings import AuditConservationSettings

logger = telemetry.logger("archive")
metrics = telemetry.metrics("archive")
#: Differences that are stored in one invocation. More of them have one cause, which these show.
MOST = 1_000


@cache
def settings() -> AuditConservationSettings:
    """The function's settings, read once."""
    return AuditConservationSettings.from_env()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """``{"day"?: "2026-11-15", "part"?: "0", "parts"?: "1"}`` → what was compared, and the number of differences.

    Without a day it is yesterday (UTC). Raises ValueError for another form, and the errors of S3 and DynamoDB.
    """
    now = clock.now()
    day = date.fromisoformat(event.get("day") or day_before(now)).isoformat()
    part = Part(int(event.get("part", 0)), int(event.get("parts", 1)))
    if not 0 <= part.number < part.of:
        raise ValueError(f"part {part.number} of {part.of}: parts are numbered from 0")
    audited = audit_day(Objects(aws.client("s3"), settings().ARCHIVE_BUCKET), day, now, part)
    table = dynamodb.connect().Table(settings().AUDIT_TABLE)
    stored = 0
    for customer, differences in audited.differences.items():
        if stored < MOST:
            store(table, customer, differences, now)
            stored += len(differences)
        for each in differences:
            logger.error("not conserved", customer=customer, **each._asdict())
    result = {
        "day": day,
        **part._asdict(),
        "customers": audited.customers,
        "hours": audited.hours,
        "leftOut": audited.left_out,
        "lines": audited.lines,
        "differences": audited.number,
    }
    metrics.add_metric(ArchiveMetric.CUSTOMERS_AUDITED, MetricUnit.Count, audited.customers)
    metrics.add_metric(ArchiveMetric.CONSERVATION_FINDINGS, MetricUnit.Count, audited.number)
    logger.info("audited", **result)
    return result
