"""Alarms of the API: it answers with faults, is busy for long, or refuses callers for their rate.

API Gateway's 5XXError counts documented answers (503: send the same again) like faults, and its 4XXError counts a
caller's mistakes like throttling. The access log tells them apart: a function's own answer has no ``errorType``, an
answer that the gateway made has one.
"""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs

from stacks.constructs.alarms.bound import FIVE_MINUTES, QUARTER, Alarms, many
from stacks.constructs.alarms.message import Page, Ticket
from stacks.constructs.api.rest_api import RestApi

#: Any 5xx but a function's own 503. API Gateway writes "-" for a variable without a value.
FAULT = '($.status = "5*") && (($.status != "503") || ($.errorType != "-"))'
FAULTS = f"{{ {FAULT} }}"
#: Those of the registration page and its form, which a buyer may try twice and no more.
UNREGISTERED = f'{{ {FAULT} && ($.resource = "/regist*") }}'
#: The throttle of a stage, of a method or of the account (Developer Guide, "Gateway response types").
THROTTLED = '{ $.errorType = "THROTTLED" }'
#: Refused requests in five minutes. Senders repeat a burst that is over.
OFTEN = 10


def add_api_alarms(alarms: Alarms, api: RestApi) -> None:
    """The metrics that CloudWatch makes of the API's access log stand in the alarms' namespace."""

    def counted(name: str, pattern: str, period: Duration) -> cloudwatch.Metric:
        return logs.MetricFilter(
            alarms.scope,
            f"{name}Filter",
            log_group=api.access_log,
            filter_pattern=logs.FilterPattern.literal(pattern),
            metric_namespace=alarms.namespace,
            metric_name=name,
            metric_value="1",
        ).metric(statistic="Sum", period=period)

    faults = [
        alarms.silent(
            "Faults",
            many(counted("ApiFaults", FAULTS, QUARTER), _requests(api, QUARTER), QUARTER),
            "The API answered with a fault to three requests or more in a quarter of an hour, and to more than one in a"
            " hundred.",
        ),
        alarms.silent(
            "RegistrationFaults",
            counted("ApiRegistrationFaults", UNREGISTERED, QUARTER),
            "The API answered with a fault to two requests or more to register in a quarter of an hour.",
            at_least=2,
        ),
    ]
    alarms.group(
        "Fails",
        faults,
        Page(
            happened="The API answers with faults (a 5xx other than a documented 503): a function failed, timed out or"
            " could not be invoked.",
            money="Buyers cannot register, or the API turns the engine's usage away. Senders that follow the API's"
            " documentation keep their usage and send it again.",
            look="Look in the log group that ends in /api-access for the resource and its errorType, then in the log"
            " group of the function behind that resource.",
        ),
        witness=True,
    )
    unavailable = alarms.silent(
        "Unavailable",
        many(
            api.api.metric_server_error(period=FIVE_MINUTES, statistic="Sum"),
            _requests(api, FIVE_MINUTES),
            FIVE_MINUTES,
        ),
        "The API has answered with 5xx, to more than one request in a hundred, in three of the last six periods of five"
        " minutes.",
        periods=3,
        out_of=6,
    )
    alarms.group(
        "IsBusy",
        [unavailable],
        Ticket(
            happened="The API has answered with 5xx in three of the last six periods of five minutes, counting the"
            " documented 503s (busy, unavailable, marketplace_busy).",
            money="Callers send again, so nothing is lost. Usage that arrives later than ten past the hour is billed"
            " in a later hour.",
            look="Look in the log groups of the functions usage and registration for lines with status 503.",
        ),
        witness=True,
    )
    alarms.add(
        "Throttled",
        counted("ApiThrottled", THROTTLED, FIVE_MINUTES),
        Ticket(
            happened=f"API Gateway refused {OFTEN} requests or more for their rate (429) in each of the last three"
            " periods of five minutes.",
            money="Refused usage waits with its senders, and buyers see an error page.",
            look="Look in the log group that ends in /api-access at resource and sourceIp. If the load is real, raise"
            " requestsPerSecond in the stage file and deploy.",
        ),
        at_least=OFTEN,
        periods=3,
    )


def _requests(api: RestApi, period: Duration) -> cloudwatch.Metric:
    """All requests, which SampleCount counts (API Gateway Developer Guide, "API Gateway dimensions and metrics")."""
    return api.api.metric_count(period=period, statistic="SampleCount")
