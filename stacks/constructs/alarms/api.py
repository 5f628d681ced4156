"""Worries about the API: it answers with faults, it asks everybody to come again, it refuses for the rate.

API Gateway's 5XXError counts documented answers (503: send the same again) like faults, and its 4XXError counts a
caller's mistakes like refusals for the rate. The access log knows them apart: a function's own answer has no
``errorType``, one that the gateway made has.
"""

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.constructs.alarms.alarm import FIVE_MINUTES, QUARTER, Meaning, add_alarm, add_silent
from stacks.constructs.alarms.routes import AlarmRoutes, Severity
from stacks.constructs.alarms.symptoms import Symptoms

#: any 5xx but a function's own 503. "-" is what API Gateway writes for a variable without a value
FAULTS = '{ ($.status = "5*") && (($.status != "503") || ($.errorType != "-")) }'
#: Developer Guide, "Gateway response types": a stage's or a method's throttle, or the account's
THROTTLED = '{ $.errorType = "THROTTLED" }'
#: in five minutes; a burst that is over is repeated by its senders
OFTEN = 10

FAILED = Meaning(
    happened="The API answered with a fault (a 5xx other than a documented 503): a function failed, timed out or could"
    " not be invoked.",
    money="Buyers cannot register, or the engine's usage is turned away; senders that follow the API keep it and send"
    " it again.",
    look="Look at the access log (log group /api-access) for the resource and its errorType, then at that function's"
    " log.",
)
UNAVAILABLE = Meaning(
    happened="The API has answered with 5xx in three of the last six periods of five minutes, documented 503s included"
    " (busy, unavailable, marketplace_busy).",
    money="Callers send again, so nothing is lost; usage that comes after ten past the hour is billed in a later hour.",
    look="Look at the logs of the functions usage and registration for the lines with status 503.",
)
REFUSED = Meaning(
    happened=f"API Gateway refused {OFTEN} requests or more for their rate in each of the last three periods of five"
    " minutes (429).",
    money="Usage that is refused waits with its senders, and buyers see an error page.",
    look="Look at the access log by resource and sourceIp; raise requestsPerSecond in the stage file if the load is"
    " real.",
)


class ApiAlarms(Construct):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        api: apigateway.RestApi,
        access_log: logs.ILogGroup,
        namespace: str,
        symptoms: Symptoms,
        routes: AlarmRoutes,
    ) -> None:
        """access_log: JSON with ``status`` and ``errorType``. namespace: of the metrics that are made of it."""
        super().__init__(scope, id_)
        self._log = access_log
        self._namespace = namespace
        faults = add_silent(
            self,
            "Faults",
            metric=self._counted("ApiFaults", FAULTS, QUARTER),
            happened="The API answered with a fault in the last quarter of an hour.",
        )
        symptoms.add(self, "Fails", members=[faults], means=FAILED, severity=Severity.PAGE, witness=True)
        unavailable = add_silent(
            self,
            "Unavailable",
            metric=api.metric_server_error(period=FIVE_MINUTES, statistic="Sum"),
            happened="The API has answered with 5xx in three of the last six periods of five minutes.",
            periods=3,
            out_of=6,
        )
        symptoms.add(self, "IsBusy", members=[unavailable], means=UNAVAILABLE, severity=Severity.TICKET, witness=True)
        add_alarm(
            self,
            "Throttled",
            metric=self._counted("ApiThrottled", THROTTLED, FIVE_MINUTES),
            means=REFUSED,
            routes=routes,
            severity=Severity.TICKET,
            at_least=OFTEN,
            periods=3,
        )

    def _counted(self, name: str, pattern: str, period: Duration) -> cloudwatch.Metric:
        return logs.MetricFilter(
            self,
            f"{name}Filter",
            log_group=self._log,
            filter_pattern=logs.FilterPattern.literal(pattern),
            metric_namespace=self._namespace,
            metric_name=name,
            metric_value="1",
        ).metric(statistic="Sum", period=period)
