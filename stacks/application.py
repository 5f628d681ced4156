"""The app of one stage: which stacks there are, and what each needs of the others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import Annotations, App, Environment, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from marketplace.regions import NOTICES_REGION
from runtime.metric_names import NAMESPACE
from stacks import company
from stacks.archive import ArchiveStack
from stacks.audit import AuditStack
from stacks.constructs.encryption import encrypt
from stacks.constructs.functions.asset import FunctionAsset
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.functions.function import RUNTIME
from stacks.constructs.monthly_budget import MonthlyBudget
from stacks.constructs.removal import outlive
from stacks.data import DataStack
from stacks.doors import DoorsStack
from stacks.events import EventsStack
from stacks.marketplace_events import detail_of_buyers
from stacks.metering import MeteringStack
from stacks.notices import NoticesStack
from stacks.operators import OperatorsStack
from stacks.protection import is_protected
from stacks.seller import SellerStack
from stacks.seller_role import is_for_seller
from stacks.stage import Stage
from stacks.watch import WatchStack
from stacks.yawl import YawlStack

SOURCE = Path(__file__).resolve().parent.parent / "lambda_src"


def application(stage: Stage, *, context: Mapping[str, Any], out: Path | None = None) -> App:
    """All stacks of a stage, or with ``-c seller=true`` the seller's alone. Synthesis fails on a finding of cdk-nag."""
    app = App(
        context=dict(context),
        outdir=str(out) if out else None,
        analytics_reporting=False,
        default_stack_synthesizer=company.synthesizer(stage),
    )
    if is_for_seller(context):
        _seller_stack(app, stage, protect=is_protected(stage, context))
    else:
        asset = FunctionAsset(source=SOURCE, runtime=RUNTIME, function_python=context.get("functionPython"))
        _stage_stacks(app, stage, asset, protect=is_protected(stage, context))
    outlive(app, keep=stage.keep_data)
    company.tag_everything(app, stage)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    return app


def _seller_stack(app: App, stage: Stage, *, protect: bool) -> None:
    # ``check_seller`` and the stage's own checks have made sure of both accounts.
    assert stage.seller_account
    assert stage.account
    SellerStack(
        app,
        f"YawlMetering-{stage.name}-Seller",
        role_arn=stage.seller_role_arn or "",
        external_id=stage.external_id or "",
        stage_account=stage.account,
        stage_region=stage.region,
        # Events of other buyers stay in the seller's account.
        detail=detail_of_buyers(stage),
        alarms=stage.alarms,
        reconciliation=stage.reconciliation,
        searches_agreements=stage.agreements.search,
        env=Environment(account=stage.seller_account, region=NOTICES_REGION),
        termination_protection=protect,
        **company.stack_settings(stage, account=stage.seller_account),
    )


def _stage_stacks(app: App, stage: Stage, asset: FunctionAsset, *, protect: bool) -> None:
    prefix = f"YawlMetering-{stage.name}"
    # Watch is protected, too: destroying Doors destroys Watch first, and with it the alarms.
    settings: dict[str, Any] = {"termination_protection": protect, **company.stack_settings(stage)}
    here: dict[str, Any] = {"env": Environment(account=stage.account, region=stage.region), **settings}
    data = DataStack(
        app,
        f"{prefix}-Data",
        suffix=stage.suffix,
        protect=protect,
        read_units=stage.table_read_units,
        write_units=stage.table_write_units,
        **here,
    )
    environment = function_environment(stage)
    inside: dict[str, Any] = {"stage": stage, "data": data, "asset": asset, "environment": environment, **here}
    yawl = YawlStack(app, f"{prefix}-Yawl", **inside) if stage.engines else None
    events = EventsStack(app, f"{prefix}-Events", **inside)
    doors = DoorsStack(app, f"{prefix}-Doors", yawl=yawl, bus=events.bus, **inside)
    metering = MeteringStack(app, f"{prefix}-Metering", events=events, **inside)
    archive = ArchiveStack(app, f"{prefix}-Archive", **inside)
    audit = AuditStack(app, f"{prefix}-Audit", metering=metering, **inside)
    watch = WatchStack(
        app,
        f"{prefix}-Watch",
        settings=stage.alarms,
        dashboard=prefix,
        dimensions=stage.dimensions,
        currency=stage.currency,
        metrics_namespace=environment.metrics_namespace,
        data=data,
        doors=doors,
        metering=metering,
        archive=archive,
        audit=audit,
        events=events,
        yawl=yawl,
        **here,
    )
    if stage.budget:
        MonthlyBudget(
            watch,
            "Budget",
            us_dollars=stage.budget.monthly_amount,
            notify=stage.budget.notify,
            tag=(company.STAGE_TAG, stage.name),
        )
    operators = (
        OperatorsStack(
            app,
            f"{prefix}-Operators",
            who=stage.operators,
            stage=stage,
            data=data,
            doors=doors,
            metering=metering,
            yawl=yawl,
            events=events,
            **here,
        )
        if stage.operators
        else None
    )
    if stage.notices_region_is_elsewhere():
        NoticesStack(
            app,
            f"{prefix}-Notices",
            stage_region=stage.region,
            detail=detail_of_buyers(stage),
            alarms=stage.alarms,
            env=Environment(account=stage.account, region=NOTICES_REGION),
            **settings,
        )
    if stage.encryption_key_arn:
        # A key serves its own Region only, so the notices' stack has none.
        optional = (stack for stack in (yawl, operators) if stack)
        for stack in (data, doors, events, metering, archive, audit, watch, *optional):
            encrypt(stack, key_arn=stage.encryption_key_arn)
    if not stage.takes_notices:
        Annotations.of(doors).add_warning_v2(
            "YawlMetering:noNotices",
            f"stages/{stage.name}.toml: testAccounts is empty, so this stage applies no notices before it is live",
        )


def function_environment(stage: Stage) -> FunctionEnvironment:
    """The environment of all of the stage's functions."""
    return FunctionEnvironment(
        metrics_namespace=f"{NAMESPACE}/{stage.name}",
        log_group_prefix=f"/yawl-metering/{stage.name}",
        log_retention_days=stage.log_retention_days,
        log_level=stage.log_level,
        clock_offset_file=stage.clock_offset_file,
    )
