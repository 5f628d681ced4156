"""The functions of final metering: what each does, and what it may do."""

from ledger.tables import STATUS_INDEX
from runtime.settings import (
    EndSubscriptionSettings,
    FindFinalHoursSettings,
    LookAfterLeaversSettings,
    RefuseUsageSettings,
    StartFinalMeteringSettings,
)
from stacks.constructs.functions.function import Function
from stacks.constructs.functions.functions import Functions
from stacks.constructs.workflows.final_states import FinalFunctions
from stacks.constructs.workflows.hourly_turn import HourlyFunctions
from stacks.data import DataStack


def final_functions(functions: Functions, data: DataStack, *, hourly: HourlyFunctions) -> FinalFunctions:
    """Add the functions of final metering. hourly: the sealer, the planner and the only submitter are those of the
    hourly workflow."""
    subscribers, records, state = data.subscribers, data.metering_records, data.state
    return FinalFunctions(
        find_final_hours=functions.add(
            "find-final-hours",
            "metering.handlers.find_final_hours.handler",
            FindFinalHoursSettings,
            "what final metering of a customer does now, and with which hours",
            gets=(subscribers,),
            queries=(records,),
        ),
        refuse_usage=functions.add(
            "refuse-usage",
            "metering.handlers.refuse_usage.handler",
            RefuseUsageSettings,
            "refuses usage of a cancelled customer from now on",
            gets=(subscribers,),
            updates=(subscribers,),
        ),
        end_subscription=functions.add(
            "end-subscription",
            "metering.handlers.end_subscription.handler",
            EndSubscriptionSettings,
            "cancels a subscription once each of its units has ended",
            # An hour of the buyer's next key is read, and opened, where the balance that moves makes a billed unit.
            gets=(subscribers, state, records),
            queries=(records,),
            updates=(subscribers, state, records),
        ),
        seal_hours=hourly.seal_hours,
        plan_batches=hourly.plan_batches,
        submit_batch=hourly.submit_batch,
    )


def start_final_metering(functions: Functions) -> Function:
    """Add the function that starts final metering. Its right to the subscribers' stream comes with the event source
    mapping."""
    return functions.add(
        "start-final-metering",
        "metering.handlers.start_final_metering.handler",
        StartFinalMeteringSettings,
        "starts final metering of a period that has ended, and hands each change of a subscriber on",
    )


def look_after_leavers(functions: Functions, data: DataStack) -> Function:
    """Add the function that starts final metering which does not run, and counts overdue customers."""
    return functions.add(
        "look-after-leavers",
        "metering.handlers.look_after_leavers.handler",
        LookAfterLeaversSettings,
        "starts final metering that is not running, and counts customers that are overdue",
        gets=(data.subscribers,),
        queries=(data.subscribers.index(STATUS_INDEX),),
    )
