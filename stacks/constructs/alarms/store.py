"""The store: DynamoDB fails or refuses, and whether that is why everything else fails."""

from collections.abc import Mapping

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarms.alarm import FIVE_MINUTES, Meaning, add_silent
from stacks.constructs.alarms.routes import AlarmRoutes, Severity
from stacks.constructs.alarms.symptoms import Symptoms

#: DynamoDB answers a request in a million with a 5xx on a good day, and the SDK repeats it. A store that fails answers
#: the few calls of an idle stage so, too: each look after leavers makes four attempts, and Lambda repeats it twice.
FAULTS = 10

DOWN = Meaning(
    happened="The store is down: DynamoDB fails, refuses or does not answer, and functions, runs or the API fail with"
    " it.",
    money="Nothing recorded is lost, new usage waits with its senders, and what waits to be billed has 24 hours from"
    " its hour on.",
    look="Look at AWS Health and at the alarms StoreFaults and StoreThrottled; if both are well, look at what all"
    " functions share: the tables' key, the latest deployment, the account's limits. Other alarms of this fault are"
    " silent until it is over.",
)
THROTTLED = Meaning(
    happened="DynamoDB has refused requests to the tables for their rate for a quarter of an hour or more.",
    money="Nothing is lost while senders and workflows repeat, but usage may be recorded late and billed in a later"
    " hour.",
    look="Look at ThrottledRequests by table and operation in CloudWatch: one busy customer, the table's ceiling, or"
    " the account's limit.",
)


class StoreAlarms(Construct):
    """Tells of the store, and of the symptoms unless the store is down; it is made last.

    *Store is down* needs two witnesses: DynamoDB's own word (faults, throttles) or the canary's, and the word of
    somebody else. A fault of the canary alone must not silence the others.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        tables: Mapping[str, str],
        canary: cloudwatch.Alarm,
        symptoms: Symptoms,
        routes: AlarmRoutes,
    ) -> None:
        """tables: their names, by what the alarms are to call them.

        canary: of a function that reads them by the clock, whether there is work or not.
        """
        super().__init__(scope, id_)
        faults = [
            add_silent(
                self,
                f"Faults{id_}",
                metric=_all("SystemErrors", name),
                happened=f"DynamoDB answered {FAULTS} requests or more to {name} with an error of its own (5xx) in five"
                " minutes.",
                at_least=FAULTS,
            )
            for id_, name in tables.items()
        ]
        throttled = [
            add_silent(
                self,
                f"Throttled{id_}",
                metric=_all("ThrottledRequests", name),
                happened=f"DynamoDB has throttled requests to {name} in three of the last six periods of five minutes.",
                periods=3,
                out_of=6,
            )
            for id_, name in tables.items()
        ]
        symptoms.add(self, "Refuses", members=throttled, means=THROTTLED, severity=Severity.TICKET)
        others = [alarm for alarm in symptoms.witnesses if alarm is not canary]
        any_of, all_of = cloudwatch.AlarmRule.any_of, cloudwatch.AlarmRule.all_of
        down = cloudwatch.CompositeAlarm(
            self,
            "Down",
            alarm_rule=any_of(
                all_of(any_of(*faults, *throttled, canary), any_of(*others)),
                all_of(any_of(*faults, *throttled), canary),
            ),
            alarm_description=DOWN.text(Severity.PAGE),
        )
        routes.send(down, Severity.PAGE)
        for group in symptoms.groups:
            group.tell(routes, unless=down)


def _all(metric: str, table: str) -> cloudwatch.MathExpression:
    """The metric's sum over all operations on a table.

    It exists per table and operation only. One query takes in all operations, also those to come; a query of all tables
    there cannot be, since its WHERE knows AND and no OR (CloudWatch User Guide, "Metrics Insights query components and
    syntax"). Conditions that fail are not in it: the protocol rests on them.
    """
    named = f"TableName = '{table}'"
    return cloudwatch.MathExpression(
        expression=f'SELECT SUM({metric}) FROM SCHEMA("AWS/DynamoDB", Operation, TableName) WHERE {named}',  # noqa: S608 (names of our tables)
        using_metrics={},
        period=FIVE_MINUTES,
    )
