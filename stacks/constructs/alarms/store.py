"""Alarms of the store: DynamoDB fails or throttles, and whether that is why everything else fails."""

from collections.abc import Mapping

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.constructs.alarms.bound import FIVE_MINUTES, Alarms
from stacks.constructs.alarms.message import Page, Ticket
from stacks.constructs.alarms.runbook import page_of
from stacks.constructs.alarms.symptoms import name_page

#: DynamoDB answers a request in a million with a 5xx on a good day, and the SDK repeats it. A store that fails answers
#: the few calls of an idle stage so, too: each run of look-after-leavers makes four attempts, and Lambda repeats it
#: twice.
FAULTS = 10
#: Throttled requests in a period that are more than a hiccup, which the SDK repeats: one in a thousand of 100 requests
#: a second. A table that is throttled for long refuses hundreds.
THROTTLED = 30

DOWN = Page(
    happened="The store is down: DynamoDB fails, throttles or does not answer, and functions, runs or the API fail"
    " with it.",
    money="Recorded usage is safe, new usage waits with its senders, and pending usage can be billed for 24 hours"
    " after its hour.",
    look="Look at AWS Health and at the alarms StoreFaults and StoreThrottled. If both are well, look at what all"
    " functions share: the tables' key, the latest deployment, the account's limits. Other alarms of this fault are"
    " silent until it is over.",
)


def add_store_alarms(alarms: Alarms, tables: Mapping[str, str], *, canary: cloudwatch.Alarm) -> None:
    """Makes "store is down" and all the groups, so call it last.

    tables: their names by what the alarms call them. canary: the error alarm of a function that reads the tables by the
    clock, whether there is work or not.

    "Store is down" needs two witnesses: DynamoDB's own metrics or the canary, and another alarm. A fault of the canary
    alone must not silence the others.
    """
    faults = [
        alarms.silent(
            f"Faults{id_}",
            of_table("SystemErrors", name),
            f"DynamoDB answered {FAULTS} requests or more to {name} with an error of its own (5xx) in five minutes.",
            at_least=FAULTS,
        )
        for id_, name in tables.items()
    ]
    throttled = [
        alarms.silent(
            f"Throttled{id_}",
            of_table("ThrottledRequests", name),
            f"DynamoDB has throttled {THROTTLED} requests or more to {name} in each of three of the last six periods of"
            " five minutes.",
            at_least=THROTTLED,
            periods=3,
            out_of=6,
        )
        for id_, name in tables.items()
    ]
    alarms.group(
        "Refuses",
        throttled,
        Ticket(
            happened="DynamoDB has throttled requests to a table for a quarter of an hour or more.",
            money="Nothing is lost while senders and workflows repeat. Usage may be recorded late and billed in a"
            " later hour.",
            look="Look at ThrottledRequests by table and operation in CloudWatch: the cause is one busy customer, the"
            " table's maximum throughput, or the account's limit.",
        ),
    )
    page = page_of(alarms.scope, "Down")
    for alarm in (*faults, canary):
        name_page(alarm, page)
    others = alarms.symptoms.witnesses
    any_of, all_of = cloudwatch.AlarmRule.any_of, cloudwatch.AlarmRule.all_of
    down = cloudwatch.CompositeAlarm(
        alarms.scope,
        "Down",
        alarm_rule=any_of(
            all_of(any_of(*faults, *throttled, canary), any_of(*others)),
            all_of(any_of(*faults, *throttled), canary),
        ),
        alarm_description=DOWN.told(page),
    )
    alarms.routes.send(down, DOWN.severity)
    for group in alarms.symptoms.groups:
        group.make(alarms.routes, unless=down)


def of_table(metric: str, table: str, *, label: str | None = None) -> cloudwatch.MathExpression:
    """The metric's sum over all operations on a table. label: in a graph.

    DynamoDB has the metric per table and operation only. One query covers all operations, also future ones. One query
    over all tables is impossible: its WHERE knows AND but no OR (CloudWatch User Guide, "Metrics Insights query
    components and syntax"). Failed conditions are not in it, on which the protocol rests.
    """
    named = f"TableName = '{table}'"
    return cloudwatch.MathExpression(
        expression=f'SELECT SUM({metric}) FROM SCHEMA("AWS/DynamoDB", Operation, TableName) WHERE {named}',  # noqa: S608 (names of our tables)
        using_metrics={},
        period=FIVE_MINUTES,
        label=label,
    )
