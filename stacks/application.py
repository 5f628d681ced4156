"""The app of one stage: which stacks there are and what each needs of the others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import Annotations, App, Environment, Tags, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from marketplace.regions import NOTICES_REGION
from runtime.metric_names import NAMESPACE
from stacks.constructs.asset import FunctionAsset
from stacks.constructs.environment import FunctionEnvironment
from stacks.constructs.function import RUNTIME
from stacks.data import DataStack
from stacks.doors import DoorsStack
from stacks.metering import MeteringStack
from stacks.notices import NoticesStack
from stacks.stage import Stage
from stacks.watch import WatchStack

SOURCE = Path(__file__).resolve().parent.parent / "lambda_src"


def application(stage: Stage, *, context: Mapping[str, Any], out: Path | None = None) -> App:
    """All stacks of a stage, in an app that fails on a finding of cdk-nag."""
    app = App(context=dict(context), outdir=str(out) if out else None, analytics_reporting=False)
    asset = FunctionAsset(source=SOURCE, runtime=RUNTIME, function_python=context.get("functionPython"))
    environment = function_environment(stage)
    prefix = f"YawlMetering-{stage.name}"
    where = Environment(region=stage.region)
    # queues hold notices and dead letters hold money: what keeps its data is not deleted by one wrong command
    deployed: dict[str, Any] = {"env": where, "termination_protection": stage.keep_data}
    data = DataStack(app, f"{prefix}-Data", suffix=stage.suffix, keep=stage.keep_data, **deployed)
    inside: dict[str, Any] = {"stage": stage, "data": data, "asset": asset, "environment": environment, **deployed}
    doors = DoorsStack(app, f"{prefix}-Doors", **inside)
    metering = MeteringStack(app, f"{prefix}-Metering", **inside)
    watch = WatchStack(
        app,
        f"{prefix}-Watch",
        alarms=stage.alarms,
        currency=stage.currency,
        metrics_namespace=environment.metrics_namespace,
        data=data,
        doors=doors,
        metering=metering,
        env=where,
    )
    if stage.notices_region_is_elsewhere():
        NoticesStack(
            app,
            f"{prefix}-Notices",
            stage_region=stage.region,
            alarms=stage.alarms,
            env=Environment(region=NOTICES_REGION),
        )
    if any(route.endswith("@example.com") for route in (*stage.alarms.page, *stage.alarms.ticket)):
        Annotations.of(watch).add_warning_v2(
            "YawlMetering:placeholderRoute", f"stages/{stage.name}.toml: alarms go to a placeholder e-mail address"
        )
    Tags.of(app).add("yawl-metering-stage", stage.name)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    return app


def function_environment(stage: Stage) -> FunctionEnvironment:
    return FunctionEnvironment(
        metrics_namespace=f"{NAMESPACE}/{stage.name}",
        log_group_prefix=f"/yawl-metering/{stage.name}",
        log_retention_days=stage.log_retention_days,
        keep_logs=stage.keep_data,
        log_level=stage.log_level,
        clock_offset_file=stage.clock_offset_file,
    )
