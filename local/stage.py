"""The running stage ``local``: the synthesized templates and the bundled asset, deployed beside a local Marketplace.

    with LocalStage(clock=clock_at(8.5, folder / "clock-offset"), say=print) as stage:
        stage.api.call("GET", "/health")

The end of the block stops everything.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ledger import tables
from local.cloud import LocalCloud, LocalSession, Outputs, RestApi, children
from local.fault_proxy import FaultProxy
from local.marketplace_process import start_marketplace
from marketplace.products import Product
from marketplace_local.admin import MarketplaceAdmin
from marketplace_local.clock import MovableClock
from stacks import stage as stages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

PROJECT = Path(__file__).resolve().parent.parent
BUILD = PROJECT / "build"
ASSEMBLY = BUILD / "cdk.out"
FOLDER = BUILD / "local"
STAGE = "local"


class SynthFailed(RuntimeError):
    """Synth failed; the message ends with its output."""


def start_synth(clock_file: Path, out: Path = ASSEMBLY, folder: Path = FOLDER) -> children.Child:
    """Starts to synthesize the stage in a child process, which logs in ``folder``; ``finish_synth`` waits for it."""
    command = [sys.executable, "-m", "local.synth", "--stage", STAGE, "--out", str(out)]
    context = {"clockOffsetFile": clock_file, "functionPython": PROJECT / ".venv-lambda" / "bin" / "python"}
    command += [part for name, value in context.items() for part in ("-c", f"{name}={value}")]
    return children.start("synth", command, log=folder / "synth.log", directory=PROJECT)


def finish_synth(synth: children.Child) -> None:
    """Waits for the synthesis. Raises SynthFailed."""
    if synth.wait() != 0:
        raise SynthFailed(f"the stage {STAGE} could not be synthesized\n{synth.tail(60)}")


class LocalStage:
    """One stage from start to stop. All its parts share ``clock``; ``say`` receives a line for each step."""

    def __init__(
        self,
        *,
        clock: MovableClock,
        assembly: Path | None = None,
        folder: Path = FOLDER,
        say: Callable[[str], None] = lambda _: None,
        schedules: bool = False,
        wait_scale: float = 1.0,
        dynamodb_faults: bool = False,
        rights_file: Path | None = None,
    ) -> None:
        """``assembly``: an assembly of this stage with this clock's file; without one the stage synthesizes it.

        ``folder`` holds logs and the emulator's state; stages that run at the same time need one each. ``schedules``,
        ``wait_scale`` and ``rights_file`` are those of ``LocalCloud``. With ``dynamodb_faults`` the functions reach
        DynamoDB through the proxy ``self.dynamodb_faults``, which can arm faults.
        """
        self.clock = clock
        self.settings = stages.load(STAGE, folder=PROJECT / "stages")
        self._assembly = assembly
        self._folder = folder
        self._say = say
        self._schedules = schedules
        self._wait_scale = wait_scale
        self._through_proxy = dynamodb_faults
        self._rights_file = rights_file
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        if self._assembly is None:
            self._say("synthesizing the stage")
            self._assembly = self._folder / "cdk.out"
            assert self.clock.file is not None, "the stage's functions read the clock from its file"
            finish_synth(start_synth(self.clock.file, self._assembly, self._folder))
        server = start_marketplace(self._folder / "marketplace.log", clock_file=self.clock.file)
        self._stack.enter_context(server)
        self.marketplace = MarketplaceAdmin(server.url(timeout=30))
        environment: dict[str, str] = {}
        if self._through_proxy:
            self.dynamodb_faults = self._stack.enter_context(FaultProxy())
            environment["AWS_ENDPOINT_URL_DYNAMODB"] = self.dynamodb_faults.url
        cloud = LocalCloud(
            marketplace_url=self.marketplace.url,
            region=self.settings.region,
            state=self._folder,
            function_environment=environment,
            schedules=self._schedules,
            wait_scale=self._wait_scale,
            clock_offset_file=self.clock.file,
            rights_file=self._rights_file,
        )
        self.cloud = self._stack.enter_context(cloud)
        if self._through_proxy:
            self.dynamodb_faults.forward_to(self.cloud.endpoint)
        for product in self.settings.products:
            self.marketplace.create_product(
                product.code,
                product.dimensions,
                integration=product.integration,
                contract_dimensions=[tier.name for tier in product.tiers],
                region=self.settings.region,
                prices={name: str(each.price) for name, each in product.dimensions.items() if each.price},
            )
            self.cloud.marketplace.create_topics(product.code)
        self.outputs: Outputs = self.cloud.deploy(self._assembly, say=self._say)
        doors = self.outputs[f"YawlMetering-{STAGE}-Doors"]
        self.api: RestApi = self.cloud.rest_api(doors["RestApiId"], doors["ApiStage"])
        routes = [f"{doors['ApiStage']}/POST/usage", f"{doors['ApiStage']}/GET/subscribers/*"]
        self.usage_sender: LocalSession = self.cloud.accounts.api_caller("usage-sender", doors["RestApiId"], routes)
        self.dynamodb: DynamoDBServiceResource = self.cloud.seller.resource("dynamodb")

    @property
    def assembly(self) -> Path:
        """The assembly that is deployed."""
        assert self._assembly is not None, "the stage is not started"
        return self._assembly

    @property
    def product(self) -> Product:
        """The product that a run sells: the stage's first."""
        return next(iter(self.settings.products))

    @property
    def product_code(self) -> str:
        """Its product code."""
        return self.product.code

    @property
    def state_machine_arn(self) -> str:
        """The ARN of the hourly workflow's machine, without version or alias."""
        return self.outputs[f"YawlMetering-{STAGE}-Metering"]["StateMachineArn"]

    @property
    def started_arn(self) -> str:
        """The machine's alias, which schedules and operators start."""
        return self.outputs[f"YawlMetering-{STAGE}-Metering"]["StateMachineAliasArn"]

    def table_name(self, table: tables.Table) -> str:
        """The name that the stage's table has on the local cloud."""
        return table.physical_name(self.settings.suffix)

    def items(self, table: tables.Table) -> list[dict[str, Any]]:
        """Every item of a table; the local stage is small enough for a scan."""
        pages = self.dynamodb.meta.client.get_paginator("scan")
        name = self.table_name(table)
        return [item for page in pages.paginate(TableName=name, ConsistentRead=True) for item in page["Items"]]

    def meter(self, hour: str | None = None, *, timeout: float = 120.0) -> dict[str, Any]:
        """Runs the hourly workflow once, up to that hour (ISO) or the last one due, and returns its summary.

        Raises WorkflowFailed, and TimeoutError after ``timeout`` seconds of the machine's clock.
        """
        payload = {"hour": hour} if hour else {}
        summary: dict[str, Any] = self.cloud.run_workflow(self.started_arn, payload, timeout=timeout)
        return summary
