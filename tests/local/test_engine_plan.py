"""A customer's executions, worklets and users leave the plan for an engine; its other usage stays."""

from decimal import Decimal

from local.engine_plan import BY_THE_ENGINE, take_out
from local.fold import ACTIVE_USERS, API_CALLS, WORKFLOW_EXECUTIONS, Plan, UsageEvent

BUSY, OTHER = "2012-W01", "2012-W02"


def plan() -> Plan:
    events = [
        *(UsageEvent(number, BUSY, f"busy-{number}", WORKFLOW_EXECUTIONS) for number in range(3)),
        UsageEvent(5, BUSY, "busy-user", ACTIVE_USERS, user="ada"),
        UsageEvent(6, BUSY, "busy-call", API_CALLS),
        UsageEvent(7, OTHER, "other", WORKFLOW_EXECUTIONS),
        UsageEvent(8, OTHER, "other-call", API_CALLS),
    ]
    customers = {
        BUSY: {WORKFLOW_EXECUTIONS: Decimal(3), ACTIVE_USERS: Decimal(1), API_CALLS: Decimal(1)},
        OTHER: {WORKFLOW_EXECUTIONS: Decimal(1), ACTIVE_USERS: Decimal(0), API_CALLS: Decimal(1)},
    }
    made = Plan([0], {0: sorted(events)}, customers)
    made.by_dimension.update(usage.dimension for usage in events)
    return made


def test_the_busiest_customers_cases_and_users_are_moved() -> None:
    remaining = plan()
    whole = list(remaining.events[0])
    taken = take_out(remaining)
    assert taken.customer == BUSY
    assert [usage.event_id for usage in taken.events[0]] == ["busy-0", "busy-1", "busy-2", "busy-user"]
    assert sorted([*taken.events[0], *remaining.events[0]]) == whole, "nothing is lost or doubled"
    assert {usage.dimension for usage in taken.events[0]} <= BY_THE_ENGINE
    assert remaining.customers[BUSY] == {WORKFLOW_EXECUTIONS: 0, ACTIVE_USERS: 0, API_CALLS: 1}
    assert +remaining.by_dimension == {WORKFLOW_EXECUTIONS: 1, API_CALLS: 2}
