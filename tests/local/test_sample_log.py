"""The shipped log: it is what its generator writes, and large enough that every dimension bills."""

import gzip
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from local.fold import DIMENSIONS, Plan, fold
from local.sample_log.generate import TARGET, packed
from local.xes import LogCounts, read_cases

#: more than any tier but the unlimited one includes in the local stage, and the scale
ENTERPRISE: dict[str, tuple[Decimal, int]] = {
    "workflow_executions": (Decimal(15), 1),
    "active_users": (Decimal(3), 1),
    "data_processed_gb": (Decimal("1.5"), 1),
    "api_calls": (Decimal(1500), 1000),
    "worklet_invocations": (Decimal(3), 1),
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return fold(read_cases(TARGET))


def test_the_generator_writes_the_shipped_log(tmp_path: Path) -> None:
    assert gzip.decompress(packed()) == gzip.decompress(TARGET.read_bytes())
    assert TARGET.stat().st_size < 1_500_000


def test_size_of_the_log(plan: Plan) -> None:
    counts = LogCounts()
    transitions = Counter(event.transition for case in read_cases(TARGET, counts) for event in case.events)
    assert counts.cases >= 2000
    assert counts.without_timestamp == counts.outside_cases == 0
    assert len(counts.people) == 40
    assert set(transitions) == {"schedule", "start", "complete", "suspend", "resume", "reassign"}
    assert len(plan.customers) == 25
    assert len({(usage.customer, hour) for hour in plan.hours for usage in plan.events[hour]}) >= 250
    assert plan.size < 45_000


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_each_dimension_bills_and_for_calls_some_customers_keep_a_remainder(plan: Plan, dimension: str) -> None:
    included, scale = ENTERPRISE[dimension]
    if dimension == "active_users":  # distinct over the day, not added up
        people: dict[str, set[str]] = {}
        for usage in (usage for hour in plan.hours for usage in plan.events[hour]):
            people.setdefault(usage.customer, set()).add(usage.user or "")
        amounts = [Decimal(len(names - {""})) for names in people.values()]
    else:
        amounts = [quantities[dimension] for quantities in plan.customers.values()]
    billed = [max(Decimal(0), amount - included) // scale for amount in amounts]
    assert sum(1 for units in billed if units >= 1) >= 4
    if dimension == "api_calls":
        assert any(amount > included and (amount - included) % scale for amount in amounts)
