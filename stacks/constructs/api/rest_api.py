"""A regional REST API in front of functions: throttled, traced, logged without secrets, closed by default."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.api.firewall import Firewall
from stacks.constructs.api.senders import resource_policy
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.functions.function import Function
from stacks.constructs.log_group import add_log_group

STAGE = "v1"

#: No query string, path as called, header or body: those may hold a token or personal data.
ACCESS_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "traceId": "$context.xrayTraceId",
    "httpMethod": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "errorType": "$context.error.responseType",
    "integrationStatus": "$context.integration.status",
    "latencyMs": "$context.responseLatency",
    "responseBytes": "$context.responseLength",
    "sourceIp": "$context.identity.sourceIp",
    "caller": "$context.identity.userArn",
}

NO_VALIDATOR = "the function checks the whole request and names what is wrong; a gateway model would reject it unnamed"
NO_WAF = "throttled per route; a web ACL costs money, so only a stage file with [firewall] makes one"
GUARDED = (
    "what lets the caller in stands in the path, because neither an engine nor a link can send a header; the function"
    " checks it"
)
#: API Gateway's execution log and its traces hold paths as called.
NOT_LOGGED = "the execution log would hold the secret in the path; the access log has the route, and each error's type"
NOT_TRACED = "a trace would hold the secret in the path; the functions are traced by themselves"
NOT_COGNITO = "called by machines: IAM signs these requests"
PUBLIC = "AWS Marketplace sends the buyer's browser here, so it must be public; trust comes from ResolveCustomer"
LOG_POLICY = "arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
LOG_ROLE = "the managed policy that API Gateway documents for its own account-wide log role"

#: A public route gets one part in so many of a route's limits. API Gateway applies the limits to every method by itself
#: (Developer Guide, "Throttle requests to your REST APIs"), and each call uses the account's concurrency, which the
#: engine's usage, Marketplace's notices and the metering run need as well. Unsigned callers could use it all, and
#: buyers register rarely.
PUBLIC_SHARE = 5
#: Requests a second, and burst, so that the page stays usable on a small stage.
PUBLIC_AT_LEAST = 5


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one path, and the function that answers it.

    path: as in the documentation, for example ``/subscribers/{customerIdentifier}``. public: callers need no signature.
    secret_in_path: the last part of a public route's path is a secret, which the function checks, and which no log or
    trace may hold. full_rate: the firewall spares a public route, and it takes as much as a signed one. senders: the
    API's senders of other accounts may call it.
    """

    method: str
    path: str
    to: Function
    public: bool = False
    secret_in_path: bool = False
    full_rate: bool = False
    senders: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class RestApi(Construct):
    """IAM guards all routes but public ones, which have a lower throttle."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        environment: FunctionEnvironment,
        requests_per_second: int,
        burst: int,
        routes: Sequence[Route],
        senders: Sequence[str] = (),
        default_endpoint: bool = True,
        requests_per_address: int | None = None,
    ) -> None:
        """Each route takes ``requests_per_second`` on average and ``burst`` at once (API Gateway's token bucket).

        senders: ARNs of roles and users, mostly of other accounts, that may call the routes for senders.
        default_endpoint: False if the API has a domain of its own. requests_per_address: in five minutes, to public
        routes; None makes no web ACL.
        """
        super().__init__(scope, id_)
        secret = any(route.secret_in_path for route in routes)
        self.access_log = add_log_group(
            self, "AccessLog", name=f"{environment.log_group_prefix}/api-access", environment=environment
        )
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=name,
            endpoint_configuration=apigateway.EndpointConfiguration(types=[apigateway.EndpointType.REGIONAL]),
            disable_execute_api_endpoint=None if default_endpoint else True,
            policy=_policy(routes, senders),
            # One role serves all APIs of the account and Region, so it must stay when a stack is deleted, and when a
            # first deployment fails. CloudFormation names it, so it does not block the next try.
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=RemovalPolicy.RETAIN,
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                tracing_enabled=not secret,
                metrics_enabled=True,
                # Execution logs without data: the data trace would write bodies, and with them tokens.
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                data_trace_enabled=False,
                throttling_rate_limit=requests_per_second,
                throttling_burst_limit=burst,
                access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(ACCESS_LOG_FIELDS)),
                method_options={
                    f"{route.path}/{route.method}": _public_options(route, requests_per_second, burst)
                    for route in routes
                    if route.public
                },
            ),
        )
        acknowledge(self.api, {"AwsSolutions-APIG2": NO_VALIDATOR})
        if requests_per_address:
            Firewall(
                self,
                "Firewall",
                stage_arn=self.api.deployment_stage.stage_arn,
                stage_name=STAGE,
                signed=[route.path.split("/")[1] for route in routes if route.full_rate or not route.public],
                requests_per_address=requests_per_address,
            )
        else:
            acknowledge(self.api.deployment_stage, {"AwsSolutions-APIG3": NO_WAF})
        if secret:
            stage_ = self.api.deployment_stage
            acknowledge(stage_, {"AwsSolutions-APIG6": NOT_LOGGED, "Serverless-APIGWXrayEnabled": NOT_TRACED})
        acknowledge(
            self.api.node.try_find_child("CloudWatchRole"), {f"AwsSolutions-IAM4[Policy::{LOG_POLICY}]": LOG_ROLE}
        )
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        authorization = apigateway.AuthorizationType.NONE if route.public else apigateway.AuthorizationType.IAM
        added = self.api.root.resource_for_path(route.path).add_method(
            route.method,
            apigateway.LambdaIntegration(route.to.live, allow_test_invoke=False),
            authorization_type=authorization,
        )
        if route.public:
            reason = GUARDED if route.secret_in_path else PUBLIC
            acknowledge(added, {"AwsSolutions-APIG4": reason, "AwsSolutions-COG4": reason})
        else:
            acknowledge(added, {"AwsSolutions-COG4": NOT_COGNITO})


def _policy(routes: Sequence[Route], senders: Sequence[str]) -> iam.PolicyDocument | None:
    """None without senders: the callers' own policies then decide alone."""
    if not senders:
        return None
    return resource_policy(
        stage=STAGE,
        public=[str(route) for route in routes if route.public],
        senders=senders,
        routes=[str(route) for route in routes if route.senders],
    )


def _public_options(route: Route, requests_per_second: int, burst: int) -> apigateway.MethodDeploymentOptions:
    """A method's own settings replace the stage's, so metrics and logging are repeated here.

    The engines' route takes as much as a signed one: its function answers within milliseconds, and an engine does not
    send again what was refused.
    """
    levels = apigateway.MethodLoggingLevel
    share = _whole if route.full_rate else _public_share
    return apigateway.MethodDeploymentOptions(
        metrics_enabled=True,
        logging_level=levels.OFF if route.secret_in_path else levels.ERROR,
        data_trace_enabled=False,
        throttling_rate_limit=share(requests_per_second),
        throttling_burst_limit=share(burst),
    )


def _whole(limit: int) -> int:
    return limit


def _public_share(limit: int) -> int:
    return min(limit, max(PUBLIC_AT_LEAST, limit // PUBLIC_SHARE))
