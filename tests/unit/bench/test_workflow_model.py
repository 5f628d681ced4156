"""The model of a run follows the workflow's rules: the pace, its turns, and what a slower part does to the rate."""

import json

import pytest

from bench.workflow.limits import COPY, RATE, first_to_break, limits
from bench.workflow.model import Model, Run, Settings
from bench.workflow.pages import in_pages, pages
from bench.workflow.service_times import MARKETPLACE_SECONDS, Step
from metering.find.find_due_hours import EVENTS_PER_CALL
from metering.run import record_key
from metering.send.lanes import EVENTS_PER_LANE
from metering.send.pace import QUOTA
from metering.sizes import KEYS_BYTES, PAGE_KEYS
from stacks.constructs.workflows.hourly_states import EVENTS
from stacks.constructs.workflows.hourly_turn import EVENTS_OF_A_TURN

MEMORY = dict.fromkeys(("find-due-hours", "seal-hours", "plan-batches", "submit-batch", "settle-hours"), 1769)
STEPS = {
    "find": Step([0.05], 2, 200),
    "seal": Step([0.1], 20, 20),
    "plan": Step([0.1], 2, 200),
    "submit": Step([0.05, 0.1], 5, 25),
    "settle": Step([0.02], 1, 20),
}
SETTINGS = Settings(rate=8, copies=5, memory=MEMORY)


def played(customers: int, steps: dict[str, Step] = STEPS, settings: Settings = SETTINGS) -> Run:
    return Model(customers, settings, steps).played()


def test_a_run_makes_every_call_and_never_more_than_the_quota_in_a_second() -> None:
    run = played(5_000)
    assert len(run.called) == sum(page.batches for page in pages(5_000, lines=5, rate=8, copies=5))
    # any eleven calls take a second or more
    eleven = [after - before for before, after in zip(run.called, run.called[QUOTA:], strict=False)]
    assert min(eleven) >= 1


def test_a_fast_stage_uses_its_rate_and_a_slow_submitter_does_not() -> None:
    assert played(5_000).share == pytest.approx(1, abs=0.03)
    slow = played(5_000, {**STEPS, "submit": Step([1.1], 0, 25)})
    # five copies, each of which takes its work and Marketplace's answer for a call
    assert slow.share * 8 == pytest.approx(5 / (1.1 + MARKETPLACE_SECONDS), rel=0.05)


def test_a_run_waits_for_pages_that_are_prepared_too_slowly() -> None:
    assert played(5_000).waited == 0
    assert played(5_000, {**STEPS, "seal": Step([8.0], 0, 20)}).waited > 60


def test_a_page_holds_no_more_bytes_of_keys_than_a_run_lets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A billing key may be longer than a licence's; the state that assigns two pages of keys holds so many bytes."""
    long = ("l-" + "0" * 60, 1_794_700_800)
    size = len(json.dumps(record_key(long))) + 1
    (first, *_, last) = in_pages([long] * 2_000, ["api_calls"] * 5)
    assert len(first) == KEYS_BYTES // size < PAGE_KEYS
    assert sum(map(len, in_pages([long] * 2_000, ["api_calls"] * 5))) == 2_000 and last
    monkeypatch.setattr("bench.workflow.pages.KEY", long)
    assert max(page.keys for page in pages(5_000, lines=5, rate=8, copies=5)) == len(first)


def test_a_run_hands_over_by_the_events_that_the_workflow_counts() -> None:
    found = list(pages(100_000, lines=5, rate=8, copies=5))
    events = 0
    for page in found[:-1]:
        events += EVENTS_PER_CALL * page.chunks + EVENTS_PER_LANE * page.lanes + EVENTS_OF_A_TURN
        assert page.hands_over == (events >= EVENTS)
        events = 0 if page.hands_over else events
    assert any(page.hands_over for page in found)


def test_a_run_grows_with_its_customers() -> None:
    few, many = played(5_000), played(10_000)
    assert many.seconds / few.seconds == pytest.approx(2, rel=0.05)
    assert many.transitions / many.customers <= few.transitions / few.customers


def test_the_same_seed_is_the_same_run() -> None:
    assert played(1_000).called == played(1_000).called


def test_the_limit_that_is_used_most_is_named() -> None:
    run = played(5_000)
    used = limits(run, STEPS)
    assert used[RATE] == pytest.approx(1_000 / 8 / 3600)
    assert used[COPY] == pytest.approx((0.075 + 5 * 0.006 + MARKETPLACE_SECONDS) / (5 / 8))
    assert first_to_break({"a": 0.5, "b": 1.2}) == "b: 1.20 of it, broken"
