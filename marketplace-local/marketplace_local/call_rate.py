"""The quota on calls per second. It counts real time, whatever the Marketplace's clock shows."""

from collections import defaultdict, deque
from collections.abc import Callable

#: Calls a second and Region, by operation (rules T01, T03, T05, C03). AWS publishes no quota for ResolveCustomer.
QUOTA = {"BatchMeterUsage": 10.0, "GetEntitlements": 20.0, "LookupEvents": 2.0}
QUOTA_RULES = {"BatchMeterUsage": "T01", "GetEntitlements": "T05", "LookupEvents": "C03"}


class CallRate:
    """At most ``quota`` calls of an operation in any second, per Region. A refused call does not count."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._taken: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self.quotas = dict(QUOTA)

    def take(self, operation: str, region: str) -> bool:
        """True if the call is within the quota; a quota of 0 or none never refuses."""
        quota = self.quotas.get(operation, 0)
        if not quota:
            return True
        taken, now = self._taken[operation, region], self._monotonic()
        while taken and taken[0] <= now - 1:
            taken.popleft()
        if len(taken) >= quota:
            return False
        taken.append(now)
        return True
