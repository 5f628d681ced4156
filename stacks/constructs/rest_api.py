"""A regional REST API in front of functions: throttled, traced, logged without secrets, closed by default."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.api_senders import resource_policy
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.firewall import Firewall
from stacks.constructs.function import RoomFunction
from stacks.constructs.log_group import add_log_group

STAGE = "v1"

#: no query string, no path as called, no header, no body: those may hold a token or personal data
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
NO_WAF = "throttled per route; a web ACL costs, so it is made where the stage file asks for it ([firewall])"
NOT_COGNITO = "called by machines: IAM signs these requests"
PUBLIC = "AWS Marketplace sends the buyer's browser here, so it must be public; trust comes from ResolveCustomer"
LOG_ROLE = "the managed policy that API Gateway documents for its own account-wide log role"

#: What the public may use of a route's limits. API Gateway gives every method the limits by itself (Developer Guide,
#: "Throttle requests to your REST APIs"), and each call holds one execution of the account's concurrency, which it
#: shares with the engine's usage, Marketplace's notices and the metering run. Whoever is not signed in could use all of
#: it up, and buyers register rarely.
PUBLIC_SHARE = 5
#: of requests a second and of burst, so that the page stays usable on a small stage
PUBLIC_AT_LEAST = 5


@dataclass(frozen=True, kw_only=True)
class Route:
    """``path`` as in the documentation, for example ``/subscribers/{customerIdentifier}``. ``public``: unsigned.
    ``senders``: who sends from other accounts may call it."""

    method: str
    path: str
    to: RoomFunction
    public: bool = False
    senders: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class RestApi(Construct):
    """Routes are signed with IAM unless they say that they are public; public ones have a lower throttle."""

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
        """requests_per_second, burst: of each route, averaged and at once (API Gateway's token bucket).

        senders: ARNs of roles and users, of other accounts above all, that are let in to the routes for senders.
        default_endpoint: False where the API has a domain of its own. requests_per_address: in five minutes, to public
        routes; None makes no web ACL.
        """
        super().__init__(scope, id_)
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
            # one per account and Region, for all APIs there: it must not go with the first stack that is deleted, nor
            # with a first deployment that fails (its name is CloudFormation's, so it is in nobody's way)
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=RemovalPolicy.RETAIN,
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                tracing_enabled=True,
                metrics_enabled=True,
                # execution logs without data: the data trace would write bodies, and with them tokens
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                data_trace_enabled=False,
                throttling_rate_limit=requests_per_second,
                throttling_burst_limit=burst,
                access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(ACCESS_LOG_FIELDS)),
                method_options={
                    f"{route.path}/{route.method}": _public_options(requests_per_second, burst)
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
                signed=[route.path.split("/")[1] for route in routes if not route.public],
                requests_per_address=requests_per_address,
            )
        else:
            acknowledge(self.api.deployment_stage, {"AwsSolutions-APIG3": NO_WAF})
        acknowledge(
            self.api.node.try_find_child("CloudWatchRole"),
            {
                f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{policy}]": LOG_ROLE
                for policy in ("service-role/AmazonAPIGatewayPushToCloudWatchLogs",)
            },
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
            acknowledge(added, {"AwsSolutions-APIG4": PUBLIC, "AwsSolutions-COG4": PUBLIC})
        else:
            acknowledge(added, {"AwsSolutions-COG4": NOT_COGNITO})

    @property
    def url(self) -> str:
        return self.api.url

    @property
    def arn(self) -> str:
        """Of all routes, for a policy that lets a caller in."""
        return Stack.of(self).format_arn(
            service="execute-api", resource=self.api.rest_api_id, resource_name=f"{STAGE}/*"
        )


def _policy(routes: Sequence[Route], senders: Sequence[str]) -> iam.PolicyDocument | None:
    """None where nobody outside is let in: who may call is then said by the callers' own policies alone."""
    if not senders:
        return None
    return resource_policy(
        stage=STAGE,
        public=[str(route) for route in routes if route.public],
        senders=senders,
        routes=[str(route) for route in routes if route.senders],
    )


def _public_options(requests_per_second: int, burst: int) -> apigateway.MethodDeploymentOptions:
    """A method's own settings replace the stage's, so metrics and logging are said again."""
    return apigateway.MethodDeploymentOptions(
        metrics_enabled=True,
        logging_level=apigateway.MethodLoggingLevel.ERROR,
        data_trace_enabled=False,
        throttling_rate_limit=_public_share(requests_per_second),
        throttling_burst_limit=_public_share(burst),
    )


def _public_share(limit: int) -> int:
    return min(limit, max(PUBLIC_AT_LEAST, limit // PUBLIC_SHARE))
