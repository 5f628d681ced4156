"""A deployed stage as a command reaches it: its tables, outputs and queues, its clock, and who is asking."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from botocore.config import Config
from botocore.exceptions import ClientError

from deploy.aws import Aws
from deploy.target import reach
from ledger import tables
from ledger.balance import Balances
from ledger.dynamodb import DynamoDB
from ledger.metering_record import MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.subscribers import Subscribers
from ledger.usage_events import UsageEvents
from marketplace.dimensions import Dimension
from runtime import clock
from stacks import stage as stages
from stacks.stage import Stage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

ROOT = Path(__file__).resolve().parent.parent
#: The clock of a stage on the local cloud, where ``make run`` keeps it.
LOCAL_CLOCK = ROOT / "build" / "local" / "clock-offset"
#: People wait for the answers, but rather for a slow one than for none.
PATIENCE = Config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5})

T = TypeVar("T")


class Asking(Protocol):
    """AWS in the stage's account and Region, as ``deploy.aws.Aws`` asks it."""

    def ask(self, service: str, operation: str, /, **request: Any) -> dict[str, Any]:
        """The whole answer, all pages of it. Raises ClientError, BotoCoreError."""


class Watch(Protocol):
    """Shows a person how far a long read has come."""

    def __call__(self, items: Iterable[T], what: str, /) -> Iterator[T]:
        """The items, one by one. ``what``: the plural of what they are."""


def unwatched(items: Iterable[T], _what: str, /) -> Iterator[T]:
    """The items, and nothing is shown."""
    return iter(items)


@dataclass(frozen=True, kw_only=True)
class OpenStage:
    """A stage that a command may ask. Nothing is asked before its answer is needed.

    settings: the stage as its files have it. dynamodb: its tables, with Python values. now: the stage's clock. watch:
    shows how far a long read has come.
    """

    settings: Stage
    aws: Asking
    dynamodb: "DynamoDBServiceResource"
    now: clock.Clock = clock.now
    watch: Watch = unwatched
    _outputs: dict[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    # --- tables -------------------------------------------------------------------------------------------------------

    def table_name(self, table: tables.Table) -> str:
        """The name of a declared table in this stage."""
        return table.physical_name(self.settings.suffix)

    def table(self, table: tables.Table) -> "Table":
        """A declared table."""
        return self.dynamodb.Table(self.table_name(table))

    @cached_property
    def records(self) -> MeteringRecords:
        """The metering records."""
        name = self.table_name(tables.METERING_RECORDS)
        return MeteringRecords(self.dynamodb, name, self.settings.pending_shards)

    @cached_property
    def subscribers(self) -> Subscribers:
        """The subscribers."""
        return Subscribers(self.table(tables.SUBSCRIBERS))

    def dimensions_of(self, record: MeteringRecord) -> Mapping[str, Dimension]:
        """The dimensions of the product whose usage an hour is; an hour that does not say is its subscriber's."""
        products = self.settings.products
        if products.only is not None:
            return products.only.dimensions
        subscriber = None if record.product_code else self.subscribers.get(record.customer_identifier)
        product = products.of(record.product_code or (subscriber.product_code if subscriber else None))
        return product.dimensions if product else {}

    @cached_property
    def balances(self) -> Balances:
        """The customers' balances."""
        return Balances(self.table(tables.STATE))

    @cached_property
    def events(self) -> UsageEvents:
        """The usage events."""
        return UsageEvents(self.dynamodb, self.table_name(tables.USAGE_EVENTS))

    # --- what is deployed ---------------------------------------------------------------------------------------------

    def outputs(self, stack: str) -> Mapping[str, str]:
        """The outputs of ``Doors``, ``Metering``, ...; none where the stage has no such stack."""
        if stack not in self._outputs:
            name = f"YawlMetering-{self.settings.name}-{stack}"
            try:
                (found,) = self.aws.ask("cloudformation", "describe_stacks", StackName=name)["Stacks"]
                self._outputs[stack] = {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", ())}
            except ClientError as failure:
                # CloudFormation's answer for a name that it does not know.
                if "does not exist" not in str(failure):
                    raise
                self._outputs[stack] = {}
        return self._outputs[stack]

    def output(self, stack: str, name: str) -> str | None:
        """One output; None where there is none."""
        return self.outputs(stack).get(name)

    def log_group(self, function: str) -> str:
        """The log group of a function, by the name of its handler: ``submit-batch``."""
        return f"/yawl-metering/{self.settings.name}/{function}"

    # --- people -------------------------------------------------------------------------------------------------------

    def who(self) -> str:
        """The ARN of the caller, for the audit trail. STS answers it to everybody."""
        return str(self.aws.ask("sts", "get_caller_identity")["Arn"])

    def watched(self, watch: Watch) -> "OpenStage":
        """The same stage, whose long reads are shown."""
        return replace(self, watch=watch)


def open_stage(name: str) -> OpenStage:
    """Reach a stage with the credentials at hand. Raises NotReady where they are not the stage's, StageError for a
    wrong file."""
    settings = stages.load(name, folder=ROOT / "stages")
    target = reach(settings)
    client = target.session.client("dynamodb", config=PATIENCE)
    return OpenStage(
        settings=settings,
        aws=Aws(target.session, settings.region),
        dynamodb=cast("DynamoDBServiceResource", DynamoDB(client)),
        now=_clock(settings),
    )


def _clock(settings: Stage) -> Callable[[], float]:
    """The machine's clock; for a stage of the local cloud the one that its functions read."""
    if settings.movable_clock and clock.OFFSET_VARIABLE not in os.environ and LOCAL_CLOCK.exists():
        os.environ[clock.OFFSET_VARIABLE] = str(LOCAL_CLOCK)
    return clock.now
