"""The embedded local cloud: start, deploy, call, stop. The package's docstring shows how to use it."""

import os
import shutil
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import urllib3

from local.cloud import children
from local.cloud.accounts import MARKETPLACE_ACCOUNT, SELLER_ACCOUNT, Accounts, LocalSession
from local.cloud.deployer import Deployer, Outputs
from local.cloud.http import RestApi
from local.cloud.marketplace_account import MarketplaceAccount
from local.cloud.state_directory import StateDirectory
from local.cloud.workflow import run_workflow

PROJECT = Path(__file__).resolve().parents[2]
#: Seconds in which the emulator has to answer; it needs less than one on an idle machine.
START_TIMEOUT = 30.0


class CloudFailed(RuntimeError):
    """The local cloud did not start; the message says why."""


class LocalCloud:
    """One emulator process, from ``start()`` to ``stop()``; a context manager.

    ``function_environment`` reaches every function besides its own variables, above all the local Marketplace's
    address. A directory below ``state`` keeps logs and unpacked code until the next start. ``schedules`` lets
    EventBridge's schedules fire, by the machine's clock, so it does not suit a run that moves its own clock.
    ``wait_scale`` multiplies the workflows' retry intervals and Waits of so many seconds (0.1: a tenth).
    ``rights_file``: where rights that callers are asked for are written down (``rights_recorder.py``).
    With ``clock_offset_file`` notices, events and executions are dated by the simulated clock, like the functions.
    """

    def __init__(
        self,
        *,
        marketplace_url: str | None = None,
        region: str = "us-east-1",
        state: Path = PROJECT / "build" / "local",
        function_environment: Mapping[str, str] | None = None,
        schedules: bool = False,
        wait_scale: float = 1.0,
        clock_offset_file: Path | None = None,
        rights_file: Path | None = None,
    ) -> None:
        self.region = region
        self._options = ["--wait-scale", str(wait_scale), *(["--schedules"] if schedules else [])]
        if clock_offset_file is not None:
            self._options += ["--clock-offset-file", str(clock_offset_file.absolute())]
        if rights_file is not None:
            self._options += ["--rights-file", str(rights_file.absolute())]
        self._state = StateDirectory(state, "cloud")
        self._function_environment = dict(function_environment or {})
        if marketplace_url is not None:
            for service in (
                "MARKETPLACE_METERING",
                "MARKETPLACE_ENTITLEMENT_SERVICE",
                "MARKETPLACE_AGREEMENT",
                "CLOUDTRAIL",
            ):
                self._function_environment[f"AWS_ENDPOINT_URL_{service}"] = marketplace_url
        self._child: children.Child | None = None
        self._endpoint: str | None = None

    @property
    def endpoint(self) -> str:
        """The emulator's address, ``http://127.0.0.1:<port>``. Raises CloudFailed if the cloud is not running."""
        if self._endpoint is None:
            raise CloudFailed("the local cloud is not running")
        return self._endpoint

    # --- callers ------------------------------------------------------------------------------------------------------

    @cached_property
    def accounts(self) -> Accounts:
        """Makes sessions of any account."""
        return Accounts(self.endpoint, self.region)

    @cached_property
    def seller(self) -> LocalSession:
        """The session of our own account's root user."""
        return self.accounts.root(SELLER_ACCOUNT)

    @cached_property
    def marketplace(self) -> MarketplaceAccount:
        """AWS Marketplace's account with its topics, notices and events."""
        return MarketplaceAccount(self.accounts)

    # --- calls --------------------------------------------------------------------------------------------------------

    def deploy(self, assembly: Path, *, say: Callable[[str], None] = lambda _: None) -> Outputs:
        """Deploys a cloud assembly (``cdk.out``), new or again, and returns outputs by stack name.

        ``say`` receives one line for each stack. Raises DeployFailed and AssemblyFailed.
        """
        return Deployer(self.seller, SELLER_ACCOUNT, say=say).deploy(assembly)

    def rest_api(self, api_id: str, stage: str) -> RestApi:
        """A client of a deployed REST API: its id, and the name of its API Gateway stage."""
        return RestApi(self.endpoint, api_id, stage)

    def run_workflow(self, state_machine_arn: str, payload: Any, *, timeout: float = 120.0) -> Any:
        """Runs one execution to its end and returns its output. Raises WorkflowFailed and TimeoutError."""
        return run_workflow(self.seller, state_machine_arn, payload, timeout=timeout)

    def function_log(self, function_name: str, *, group: str | None = None, lines: int = 50) -> str:
        """The last lines that a function logged; empty if it never ran."""
        logs = self.seller.client("logs")
        configured = self.seller.client("lambda").get_function_configuration(FunctionName=function_name)
        group = group or configured.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function_name}"
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return ""
        return "\n".join(event["message"].rstrip() for event in events[-lines:])

    def set_wait_scale(self, scale: float) -> None:
        """Changes ``wait_scale`` for all that waits from now on. Raises CloudFailed if the emulator refuses."""
        change = {"stepfunctions._SFN_WAIT_SCALE": scale}
        if not urllib3.request("POST", f"{self.endpoint}/_ministack/config", json=change).json()["applied"]:
            raise CloudFailed("the local cloud's wait scale cannot be changed")

    # --- start and stop -----------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Starts the emulator and waits until it answers. Raises CloudFailed with the end of its log."""
        launcher_python = PROJECT / ".venv-cloud" / "bin" / "python"
        function_python = PROJECT / ".venv-lambda" / "bin" / "python"
        for python in (launcher_python, function_python):
            if not python.exists():
                raise CloudFailed(f"{python} is missing: run `make setup`")
        directory = self._state.take()
        scratch = directory / "tmp"
        scratch.mkdir()
        try:
            self._child = children.start(
                "the local cloud",
                [
                    *(str(launcher_python), "-I", "-u", str(Path(__file__).with_name("launcher.py"))),
                    *("--function-python", str(function_python), "--code", str(directory / "code")),
                    *("--region", self.region, "--account", SELLER_ACCOUNT),
                    *("--marketplace-account", MARKETPLACE_ACCOUNT),
                    *self._options,
                ],
                log=directory / "emulator.log",
                environment=self._environment(scratch),
                directory=directory,
            )
            self._endpoint = self._child.url(START_TIMEOUT)
            # The launcher listens already; this request waits until the emulator serves.
            urllib3.request("GET", f"{self._endpoint}/_ministack/health", timeout=START_TIMEOUT, retries=False)
        except children.ChildFailed as failure:
            self.stop()
            raise CloudFailed(str(failure)) from None
        except urllib3.exceptions.HTTPError as failure:
            message = f"the local cloud is not healthy: {failure}\n{self.log()}"
            self.stop()
            raise CloudFailed(message) from None
        except BaseException:
            self.stop()
            raise
        return self

    def _environment(self, scratch: Path) -> dict[str, str]:
        """The emulator's environment, which every function inherits."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
        # A function must find its role's credentials only, whatever others the machine keeps.
        return kept | {"TMPDIR": str(scratch), "AWS_EC2_METADATA_DISABLED": "true"} | self._function_environment

    def stop(self) -> None:
        """Stops the emulator and every function, and returns when they are gone. A second call does nothing."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        self._endpoint = None
        for name in ("accounts", "seller", "marketplace"):
            self.__dict__.pop(name, None)
        if self._state.path is not None:
            shutil.rmtree(self._state.path / "tmp", ignore_errors=True)
        self._state.release()

    def log(self, lines: int = 30) -> str:
        """The end of the emulator's log."""
        return self._child.tail(lines) if self._child is not None else ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
