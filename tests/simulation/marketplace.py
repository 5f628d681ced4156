"""Calls of the local Marketplace in process, with trouble around each of them.

Two kinds of trouble: faults of one call (``tests.simulation.faults``) and conditions that last (``Trouble``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from marketplace.meter_usage import UsageMeter
from marketplace_local.in_process import MeteringClient
from marketplace_local.model import service_model
from marketplace_local.state import MarketplaceState
from tests.simulation.faults import client_error

if TYPE_CHECKING:
    from mypy_boto3_meteringmarketplace import MarketplaceMeteringClient

Request = dict[str, Any]
Around = Callable[..., Any]


@dataclass
class Trouble:
    """What is wrong at Marketplace for a while. product: an error that every call gets. poison: buyers whose records
    have their whole call rejected. unknown: buyers who are not subscribed yet, as far as Marketplace's parts know."""

    product: str | None = None
    poison: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def clear(self) -> None:
        self.product = None
        self.poison.clear()
        self.unknown.clear()


class Watcher:
    """The calls, answers and rounds of final metering that a judge sees; this one ignores them."""

    def note(self, what: str) -> None:
        """Something that must hold did not."""

    def called(self, request: Request) -> None:
        """A request has reached Marketplace."""

    def refused(self, request: Request, code: str) -> None:
        """It was rejected as a whole."""

    def answered(self, request: Request, answer: Mapping[str, Any]) -> None:
        """It was worked on; this is the whole answer, before anything of it gets lost."""

    def answered_for(self, bodies: list[dict[str, Any]], verdicts: Sequence[tuple[str, str]]) -> None:
        """A sender's request is over, and the sender has the verdict and the reason of each event."""

    def round_begins(self, customer: str, end: int) -> None:
        """Final metering of the period that ended then is about to look at the tables."""

    def round_is_over(self, customer: str, end: int, until: float | None) -> None:
        """It has done what it had to, and waits until then (None: it is over)."""


class DirectClient:
    """What ``UsageMeter`` needs of boto3's client; errors are botocore's own."""

    def __init__(
        self,
        state: MarketplaceState,
        around: Around,
        trouble: Trouble | None = None,
        watcher: Watcher | None = None,
        chance: Random | None = None,
    ) -> None:
        """``around``: runs each call; the simulation lets others go first there, or loses the answer."""
        self._state = state
        self._client = MeteringClient(state)
        self.meta = SimpleNamespace(service_model=service_model("meteringmarketplace"))
        self._around = around
        self._trouble = trouble or Trouble()
        self._watcher = watcher or Watcher()
        self._chance = chance or Random(0)

    def batch_meter_usage(self, **request: Any) -> Any:
        return self._around("BatchMeterUsage", lambda: self.send(request), answers=_Call(self, request))

    def send(self, request: Request, *, keep: Callable[[int], bool] | None = None) -> dict[str, Any]:
        """Do the call; of records that are not to keep, by their number, nothing is done: they are unprocessed."""
        self._watcher.called(request)
        records = request["UsageRecords"]
        buyers = self._state.catalogue
        ids = [_buyer(record, buyers) for record in records]
        trouble = self._trouble
        if trouble.product is not None:
            raise self._refuse(request, trouble.product)
        if trouble.poison and any(buyer in trouble.poison for buyer in ids):
            raise self._refuse(request, "InvalidLicenseException")
        unknown = [record for record, buyer in zip(records, ids, strict=True) if buyer in trouble.unknown]
        left = [record for number, record in enumerate(records) if keep is not None and not keep(number)]
        worked = [record for record in records if record not in unknown and record not in left]
        answer: dict[str, Any] = {"Results": [], "UnprocessedRecords": []}
        if worked:
            answer = self._rules(request, worked)
        answer["Results"] += [
            {"UsageRecord": record, "Status": "CustomerNotSubscribed"} for record in unknown if record not in left
        ]
        answer["UnprocessedRecords"] += left
        self._watcher.answered(request, answer)
        return answer

    def _refuse(self, request: Request, code: str) -> Exception:
        self._watcher.refused(request, code)
        return client_error(code, 403 if code == "AccessDeniedException" else 400, "BatchMeterUsage")

    def _rules(self, request: Request, records: list[dict[str, Any]]) -> dict[str, Any]:
        try:
            return self._client.batch_meter_usage(**{**request, "UsageRecords": records})
        except ClientError as error:
            self._watcher.refused(request, error.response["Error"]["Code"])
            raise

    def faulty(self, fault: str, request: Request) -> dict[str, Any]:
        """An answer that is right, and not what a careless reader expects."""
        chance = self._chance
        if fault == "unprocessed":
            count = len(request["UsageRecords"])
            kept = {number for number in range(count) if chance.random() < 0.5}
            answer = self.send(request, keep=lambda number: number in kept)
        else:
            answer = self.send(request)
        if fault == "omitted":
            answer["Results"] = [result for result in answer["Results"] if chance.random() < 0.5]
        if fault == "unknown_status" and answer["Results"]:
            chance.choice(answer["Results"])["Status"] = "Deferred"
        chance.shuffle(answer["Results"])
        chance.shuffle(answer["UnprocessedRecords"])
        return answer


class _Call:
    __slots__ = ("_client", "_request")

    def __init__(self, client: DirectClient, request: Request) -> None:
        self._client, self._request = client, request

    def faulty(self, fault: str) -> Any:
        return self._client.faulty(fault, self._request)


def _buyer(record: Mapping[str, Any], catalogue: Any) -> str | None:
    found = catalogue.by_license.get(record.get("LicenseArn")) or catalogue.by_identifier.get(
        record.get("CustomerIdentifier")
    )
    return found.id if found else None


def direct_meter(state: MarketplaceState, around: Around, *more: Any) -> UsageMeter:
    return UsageMeter(cast("MarketplaceMeteringClient", DirectClient(state, around, *more)))
