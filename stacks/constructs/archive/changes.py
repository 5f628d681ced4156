"""What feeds the archive: a table's stream invokes the function that writes objects."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.functions.function import Function
from stacks.constructs.queues.dead_letters import DeadLetters, FailedBatches
from stacks.constructs.storage.table import LedgerTable

#: Lambda's largest batch and longest window (Lambda Developer Guide, "Parameters for DynamoDB event source mappings"):
#: the fewer objects, the cheaper are writing and reading. A batch ends at 6 MB in any case.
LARGEST_BATCH = 10_000
WINDOW = Duration.minutes(5)
#: A stream keeps changes for 24 hours. What could not be archived by then is named in the dead letters; with the
#: default it would be gone without a word.
GIVE_UP_AFTER = Duration.hours(23)


class ArchivedStreams(Construct):
    """``dead_letters`` gets the place in its stream of every batch that could not be archived for a day."""

    def __init__(self, scope: Construct, id_: str, *, archiver: Function) -> None:
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters").queue
        self._archiver = archiver

    def add(self, table: LedgerTable, patterns: Sequence[Mapping[str, Any]]) -> None:
        """Archive the changes of a table that match one of the patterns."""
        table.grant_stream(self._archiver.function)
        lambda_.EventSourceMapping(
            self,
            table.declaration.name,
            target=self._archiver.live,
            event_source_arn=table.table.table_stream_arn,
            # So the archive also has what was changed while this was deployed.
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            filters=[lambda_.FilterCriteria.filter(dict(pattern)) for pattern in patterns],
            batch_size=LARGEST_BATCH,
            max_batching_window=WINDOW,
            max_record_age=GIVE_UP_AFTER,
            # Nothing in a change can make writing it fail, but a batch may be too large for the function's time.
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            on_failure=FailedBatches(self.dead_letters),
        )
