"""The functions of the YAWL connector: what each does, and what it may do."""

from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_iam as iam

from runtime.settings import (
    EngineGatewaySettings,
    LookAfterEnginesSettings,
    ReadAccessLogSettings,
    ReconcileEngineSettings,
)
from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.functions.function import Function
from stacks.constructs.functions.functions import Functions
from stacks.constructs.queues.engine_usage import EngineUsage
from stacks.constructs.storage.parameters import Parameters
from stacks.data import DataStack
from stacks.door_functions import ANSWER_WITHIN
from yawl.engine import Engine

OBJECTS_REASON = "the load balancer names each of its access logs' objects after the moment in which it wrote it"


class YawlFunctions(NamedTuple):
    """The connector's functions. access_logs: None where no engine has access logs."""

    gateway: Function
    reconcile: Function
    look_after: Function
    access_logs: Function | None


def yawl_functions(
    functions: Functions, data: DataStack, *, engines: Sequence[Engine], parameters: Parameters, usage: EngineUsage
) -> YawlFunctions:
    """Add the functions of the connector for these engines."""
    table = data.engines
    reconcile = functions.add(
        "reconcile-engine",
        "yawl.handlers.reconcile_engine.handler",
        ReconcileEngineSettings,
        "reads an engine's log and reports the cases that it does not know yet",
        # A million cases are known, or listed, in 200 MB.
        memory_mb=1024,
        gets=(table,),
        batch_gets=(table,),
        queries=(table,),
        puts=(table,),
        updates=(table,),
        deletes=(table,),
    )
    parameters.grant_read(reconcile)
    _allow_sending(reconcile, usage)
    _allow_secrets(reconcile, engines)
    gateway = functions.with_settings(RECONCILE_FUNCTION=reconcile.live.function_arn).add(
        "engine-gateway",
        "yawl.handlers.engine_gateway.handler",
        EngineGatewaySettings,
        "an engine announces what its cases do: hints for the reading of its log",
        timeout=ANSWER_WITHIN,
        puts=(table,),
        updates=(table,),
    )
    parameters.grant_read(gateway)
    _allow(gateway, ("lambda:InvokeFunction",), [reconcile.live.function_arn])
    look_after = functions.add(
        "look-after-engines",
        "yawl.handlers.look_after_engines.handler",
        LookAfterEnginesSettings,
        "reports which engines are silent, and attributes usage whose customer is named by now",
        timeout=Duration.minutes(4),
        gets=(table,),
        batch_gets=(table,),
        queries=(table,),
        puts=(table,),
        updates=(table,),
        deletes=(table,),
    )
    parameters.grant_read(look_after)
    _allow_sending(look_after, usage)
    _allow(look_after, ("sqs:ReceiveMessage", "sqs:DeleteMessage"), [usage.unattributed.queue_arn])
    return YawlFunctions(
        gateway=gateway,
        reconcile=reconcile,
        look_after=look_after,
        access_logs=_access_logs(functions, data, engines=engines, parameters=parameters, usage=usage),
    )


def _access_logs(
    functions: Functions, data: DataStack, *, engines: Sequence[Engine], parameters: Parameters, usage: EngineUsage
) -> Function | None:
    logs = [engine.access_logs for engine in engines if engine.access_logs]
    if not logs:
        return None
    function = functions.add(
        "read-access-log",
        "yawl.handlers.read_access_log.handler",
        ReadAccessLogSettings,
        "reads a load balancer's access log and reports an engine's calls and bytes",
        batch_gets=(data.engines,),
        queries=(data.engines,),
        puts=(data.engines,),
        deletes=(data.engines,),
    )
    parameters.grant_read(function)
    _allow_sending(function, usage)
    objects = sorted({f"{each.bucket}/{objects_below(each.prefix)}*" for each in logs})
    _allow(function, ("s3:GetObject",), [f"arn:{Aws.PARTITION}:s3:::{each}" for each in objects])
    for each in objects:
        acknowledge(
            function.function.role, {f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::{each}]": OBJECTS_REASON}
        )
    return function


def objects_below(prefix: str) -> str:
    """The beginning of the keys of a load balancer's access logs (Elastic Load Balancing, "Access log files")."""
    return f"{prefix}/AWSLogs/" if prefix else "AWSLogs/"


def _allow_secrets(function: Function, engines: Sequence[Engine]) -> None:
    names = sorted({engine.secret_name for engine in engines if engine.secret_name})
    if not names:
        return
    stack = Stack.of(function)
    # The ARN of a secret that is known by its name (Secrets Manager User Guide, "Permissions policy examples").
    arns = [
        f"arn:{Aws.PARTITION}:secretsmanager:{stack.region}:{Aws.ACCOUNT_ID}:secret:{name}-??????" for name in names
    ]
    _allow(function, ("secretsmanager:GetSecretValue",), arns)


def _allow_sending(function: Function, usage: EngineUsage) -> None:
    _allow(function, ("sqs:SendMessage",), [usage.queue.queue_arn, usage.unattributed.queue_arn])


def _allow(function: Function, actions: Sequence[str], resources: Sequence[str]) -> None:
    function.function.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources)))
