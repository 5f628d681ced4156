"""Takes one customer's executions, worklets and users out of the plan, for an engine that reports them itself. Pure."""

from collections import Counter
from dataclasses import dataclass

from local.fold import ACTIVE_USERS, WORKFLOW_EXECUTIONS, WORKLET_INVOCATIONS, Plan, UsageEvent

#: What an engine's own logs show. Calls and data are a load balancer's.
BY_THE_ENGINE = frozenset({WORKFLOW_EXECUTIONS, WORKLET_INVOCATIONS, ACTIVE_USERS})


@dataclass(frozen=True)
class EnginePlan:
    """What happens in the engine. customer: the week whose engine it is. events: by hour, in time order."""

    customer: str
    events: dict[int, list[UsageEvent]]


def take_out(plan: Plan) -> EnginePlan:
    """Removes these events of the customer with the most executions from the plan, and returns them.

    The customer stays in the plan with its other usage.
    """
    executions = Counter(
        usage.customer for events in plan.events.values() for usage in events if usage.dimension == WORKFLOW_EXECUTIONS
    )
    customer = max(plan.customers, key=lambda week: (executions[week], week))
    taken: dict[int, list[UsageEvent]] = {}
    for hour, events in plan.events.items():
        taken[hour] = [usage for usage in events if usage.customer == customer and usage.dimension in BY_THE_ENGINE]
        gone = {usage.event_id for usage in taken[hour]}
        plan.events[hour] = [usage for usage in events if usage.event_id not in gone]
    for usage in (usage for events in taken.values() for usage in events):
        plan.customers[customer][usage.dimension] -= usage.quantity
        plan.by_dimension[usage.dimension] -= 1
    return EnginePlan(customer, taken)
