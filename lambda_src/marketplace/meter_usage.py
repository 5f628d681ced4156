"""BatchMeterUsage: create usage records, send them, match the answer. The only caller of that operation.

Source of every rule: the botocore model of ``meteringmarketplace`` (BatchMeterUsage, UsageRecord, UsageRecordResult).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.config import Config
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator

from marketplace.billing_identity import BillingIdentity
from marketplace.hour import SECONDS
from marketplace.quantity import text
from marketplace.seller import OURSELVES, Seller
from marketplace.usage_allocations import Allocation, allocations_size, usage_allocation

if TYPE_CHECKING:
    from mypy_boto3_meteringmarketplace import MarketplaceMeteringClient

#: A request holds at most 25 records (botocore model, ``UsageRecords``) and less than 1 MB (BatchMeterUsage).
MAX_RECORDS = 25
MAX_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class UsageLine:
    """One line as it is sent; equal lines make equal records, however often.

    timestamp: epoch seconds. decimals: 0 sends ``Quantity``, more sends ``QuantityAsDecimal``. allocations: how the
    quantity is split by tags, in the order in which they are sent; they sum to it.
    """

    identity: BillingIdentity
    dimension: str
    timestamp: int
    quantity: Decimal
    decimals: int = 0
    allocations: tuple[Allocation, ...] = ()

    @property
    def match_key(self) -> tuple[Any, ...]:
        """Matches a result to its line by identity, dimension and hour, not by position.

        A request has one line of each key, and Marketplace deduplicates by it. An answer that cuts the Timestamp, adds
        an identifier or leaves out the allocations still matches.
        """
        return (*sorted(self.identity.record_fields().items()), self.dimension, self.timestamp // SECONDS)


class Answer(NamedTuple):
    """Marketplace's answer about one line: ``Success``, ``CustomerNotSubscribed`` or ``DuplicateRecord``.

    request_id: AWS's id of the call, by which CloudTrail names it (``requestID``).
    """

    status: str
    metering_record_id: str | None
    request_id: str | None = None


@dataclass(frozen=True)
class BatchAnswer:
    """The answer to one call.

    results: Marketplace's answers by line. unprocessed: lines to send again unchanged. A line in neither was not
    answered.
    """

    results: Mapping[UsageLine, Answer] = field(default_factory=dict)
    unprocessed: frozenset[UsageLine] = frozenset()


def create_usage_record(line: UsageLine) -> dict[str, Any]:
    """The ``UsageRecord`` of a line."""
    record: dict[str, Any] = {
        **line.identity.record_fields(),
        "Dimension": line.dimension,
        "Timestamp": datetime.fromtimestamp(line.timestamp, UTC),
    }
    if line.decimals:
        record["QuantityAsDecimal"] = text(line.quantity)
    else:
        record["Quantity"] = int(line.quantity)
    if line.allocations:
        record["UsageAllocations"] = [usage_allocation(each, line.decimals) for each in line.allocations]
    return record


def record_size(line: UsageLine) -> int:
    """An upper bound of the record's bytes in the request."""
    named = len(line.dimension) + sum(len(v) for v in line.identity.record_fields().values())
    return 200 + 6 * named + (allocations_size(line.allocations) if line.allocations else 0)


def _sent_key(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """The ``match_key`` of the line that a returned record stands for."""
    legacy = record.get("CustomerIdentifier")
    names = ("CustomerIdentifier",) if legacy else ("CustomerAWSAccountId", "LicenseArn")
    identity = sorted((name, record.get(name)) for name in names)
    return (*identity, record.get("Dimension"), int(record["Timestamp"].timestamp()) // SECONDS)


def _request(lines: Sequence[UsageLine]) -> dict[str, Any]:
    return {
        **lines[0].identity.request_fields(),
        "UsageRecords": [create_usage_record(line) for line in lines],
    }


class UsageMeter:
    """Sends batches. The SDK's own retries are off, because the caller stores every attempt before it is made."""

    def __init__(self, client: "MarketplaceMeteringClient") -> None:
        self._client = client

    @classmethod
    def connect(cls, region: str, seller: Seller = OURSELVES) -> "UsageMeter":
        """A meter that calls the metering endpoint of ``region`` with the seller's rights. Making it calls nothing."""
        config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 1})
        return cls(seller.client("meteringmarketplace", region, config))

    def check(self, lines: Sequence[UsageLine]) -> None:
        """Build the request and check it against the service model, without a call. Raises ParamValidationError."""
        shape = self._client.meta.service_model.operation_model("BatchMeterUsage").input_shape
        assert shape is not None
        report = ParamValidator().validate(_request(lines), shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())

    def meter_usage(self, lines: Sequence[UsageLine]) -> BatchAnswer:
        """One BatchMeterUsage call with lines of one batch key. Raises botocore's errors (see marketplace.faults)."""
        answer: Mapping[str, Any] = self._client.batch_meter_usage(**_request(lines))
        by_key = {line.match_key: line for line in lines}
        request_id = answer.get("ResponseMetadata", {}).get("RequestId")
        results: dict[UsageLine, Answer] = {}
        for result in answer.get("Results", ()):
            line = by_key.get(_sent_key(result["UsageRecord"]))
            if line is not None and result.get("Status"):
                results[line] = Answer(result["Status"], result.get("MeteringRecordId"), request_id)
        named = (by_key.get(_sent_key(record)) for record in answer.get("UnprocessedRecords", ()))
        return BatchAnswer(results, frozenset(line for line in named if line is not None))
