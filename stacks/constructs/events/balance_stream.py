"""The stream of balances invokes the function that tells of thresholds. It is the second of two readers of that
stream."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from stacks.constructs.functions.function import Function
from stacks.constructs.queues.dead_letters import DeadLetters
from stacks.constructs.storage.table import LedgerTable

#: A stream keeps changes for 24 hours.
GIVE_UP_AFTER = Duration.hours(23)


class BalanceStream(Construct):
    """Changes that match ``pattern`` invoke ``reader``. ``dead_letters`` gets the place in the stream of each that
    failed for a day; the next change of its customer tells of the same thresholds."""

    def __init__(
        self, scope: Construct, id_: str, *, table: LedgerTable, pattern: Mapping[str, Any], reader: Function
    ) -> None:
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters").queue
        table.grant_stream(reader.function)
        lambda_.EventSourceMapping(
            self,
            "Source",
            target=reader.live,
            event_source_arn=table.table.table_stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            filters=[lambda_.FilterCriteria.filter(dict(pattern))],
            max_record_age=GIVE_UP_AFTER,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            on_failure=sources.SqsDlq(self.dead_letters),
        )
