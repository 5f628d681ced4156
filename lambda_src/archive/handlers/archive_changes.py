"""Function ``archive-changes``: a batch of a table's stream goes to the archive. No line of the log holds an image."""

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from archive.archive_changes import archive_changes
from archive.kept import kept_of
from archive.objects import Objects
from runtime import aws, telemetry
from runtime.failure import described
from runtime.metric_names import ArchiveMetric
from runtime.settings import ArchiveChangesSettings

logger = telemetry.logger("archive")
metrics = telemetry.metrics("archive")


@cache
def settings() -> ArchiveChangesSettings:
    """The function's settings, read once."""
    return ArchiveChangesSettings.from_env()


@cache
def objects() -> Objects:
    """The archive, made from the function's environment once."""
    return Objects(aws.client("s3"), settings().ARCHIVE_BUCKET)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of one stream; the answer names the first change that is not in the archive, which comes again.

    Raises LookupError for the stream of a table that is not archived.
    """
    records = event["Records"]
    kept = kept_of(records[0]["eventSourceARN"], settings().TABLE_SUFFIX)
    written = archive_changes(objects(), kept, records)
    if written.changes:
        metrics.add_metric(ArchiveMetric.CHANGES_ARCHIVED, MetricUnit.Count, written.changes)
    logger.info("archived", table=kept.table.name, objects=written.objects, changes=written.changes)
    if written.failed is None:
        return {"batchItemFailures": []}
    sequence_number, error = written.failed
    logger.error("not archived", table=kept.table.name, sequenceNumber=sequence_number, **described(error))
    return {"batchItemFailures": [{"itemIdentifier": sequence_number}]}
