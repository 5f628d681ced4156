"""The embedded local cloud: start, deploy, call, stop. See the package's docstring for how it is used."""

import json
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.cloud import children
from local.cloud.accounts import MARKETPLACE_ACCOUNT, SELLER_ACCOUNT, Accounts, LocalSession
from local.cloud.deployer import Deployer, Outputs
from local.cloud.http import RestApi
from local.cloud.marketplace_account import MarketplaceAccount
from local.cloud.state_directory import StateDirectory
from local.cloud.workflow import run_workflow

PROJECT = Path(__file__).resolve().parents[2]
#: seconds in which the emulator has to answer; it needs less than one on an idle machine
START_TIMEOUT = 30.0


class CloudFailed(RuntimeError):
    """The local cloud did not start; the message says why."""


class LocalCloud:
    """One emulator process, from ``start()`` to ``stop()``; a context manager.

    ``function_environment`` is what every function finds in its environment besides its own variables, above all the
    local Marketplace's address. Logs and unpacked code are kept in a directory of ours below ``state``, until the
    next start. ``schedules`` lets EventBridge's schedules fire, by the machine's clock: not for runs that move theirs.
    ``wait_scale`` shortens the workflows' retry intervals and Waits of so many seconds (0.1: a tenth).
    ``clock_offset_file``: notices, events and executions are dated by the simulated clock, as the functions' own times.
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
    ) -> None:
        self.region = region
        self._options = ["--wait-scale", str(wait_scale), *(["--schedules"] if schedules else [])]
        if clock_offset_file is not None:
            self._options += ["--clock-offset-file", str(clock_offset_file.absolute())]
        self._state = StateDirectory(state, "cloud")
        self._function_environment = dict(function_environment or {})
        if marketplace_url is not None:
            self._function_environment["AWS_ENDPOINT_URL_MARKETPLACE_METERING"] = marketplace_url
            self._function_environment["AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE"] = marketplace_url
        self._child: children.Child | None = None
        self._endpoint: str | None = None

    @property
    def endpoint(self) -> str:
        """The emulator's address, ``http://127.0.0.1:<port>``."""
        if self._endpoint is None:
            raise CloudFailed("the local cloud is not running")
        return self._endpoint

    # --- who calls ----------------------------------------------------------------------------------------------------

    @cached_property
    def accounts(self) -> Accounts:
        """Sessions of the accounts that take part."""
        return Accounts(self.endpoint, self.region)

    @cached_property
    def seller(self) -> LocalSession:
        """Our own account's root user: clients of any service."""
        return self.accounts.seller()

    @cached_property
    def marketplace(self) -> MarketplaceAccount:
        """AWS Marketplace's account: its topics, notices and events."""
        return MarketplaceAccount(self.accounts)

    # --- what is called -----------------------------------------------------------------------------------------------

    def deploy(self, assembly: Path, *, say: Callable[[str], None] = lambda _: None) -> Outputs:
        """Deploys a cloud assembly (``cdk.out``), new or again; outputs by stack name. Raises DeployFailed and others.

        ``say`` gets a line for each stack and for everything that had to be left out.
        """
        return Deployer(self.seller, SELLER_ACCOUNT, say=say).deploy(assembly)

    def rest_api(self, api_id: str, stage: str) -> RestApi:
        return RestApi(self.endpoint, api_id, stage)

    def run_workflow(self, state_machine_arn: str, payload: Any, *, timeout: float = 120.0) -> Any:
        """One execution from start to end; its output. Raises WorkflowFailed with its error and cause."""
        return run_workflow(self.seller, state_machine_arn, payload, timeout=timeout)

    def function_log(self, function_name: str, *, group: str | None = None, lines: int = 50) -> str:
        """What a function wrote, the last lines; empty if it never ran."""
        logs = self.seller.client("logs")
        configured = self.seller.client("lambda").get_function_configuration(FunctionName=function_name)
        group = group or configured.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function_name}"
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return ""
        return "\n".join(event["message"].rstrip() for event in events[-lines:])

    def set_wait_scale(self, scale: float) -> None:
        """From now on the workflows' retry intervals and Waits of so many seconds are shortened so."""
        body = json.dumps({"stepfunctions._SFN_WAIT_SCALE": scale}).encode()
        request = urllib.request.Request(f"{self.endpoint}/_ministack/config", body, method="POST")  # noqa: S310 (http, ours)
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            applied = json.load(answer)["applied"]
        if not applied:
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
            self._wait_until_healthy(self._child)
        except children.ChildFailed as failure:
            self.stop()
            raise CloudFailed(str(failure)) from None
        except BaseException:
            self.stop()
            raise
        return self

    def _environment(self, scratch: Path) -> dict[str, str]:
        """All that the emulator, and through it every function, gets from ours."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
        # functions have no other credentials than their role's, wherever a machine may keep some
        return kept | {"TMPDIR": str(scratch), "AWS_EC2_METADATA_DISABLED": "true"} | self._function_environment

    def _wait_until_healthy(self, child: children.Child) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5):  # noqa: S310 (http, ours)
                    return
            except (urllib.error.URLError, OSError) as failure:
                if not child.alive() or time.monotonic() > deadline:
                    raise CloudFailed(f"the local cloud is not healthy: {failure}\n{child.tail()}") from None
            time.sleep(0.02)

    def stop(self) -> None:
        """Stops the emulator and every function process; returns when they are gone. Safe to call twice."""
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
