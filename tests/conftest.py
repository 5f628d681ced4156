"""What every test folder needs: the same examples on every run, nothing that leaks, and assemblies synthesized once."""

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from local.interrupts import heed_interrupts
from tests.products import selling
from tests.synthesized import Assembly, shipped, with_engines

if TYPE_CHECKING:
    from xdist.remote import Producer

    from tests.on_all_cores import InUnits

# Every deployed function has the first one (stacks/constructs/functions/function.py). No test may reach a real account.
os.environ.update(
    {
        "POWERTOOLS_METRICS_NAMESPACE": "YawlMarketplaceMetering/test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
)

settings.register_profile("same-every-run", derandomize=True, deadline=None, database=None)
settings.load_profile("same-every-run")


#: stacks.node names the pinned Node to jsii once a process.
PROCESS_WIDE = {"PYTEST_CURRENT_TEST", "JSII_NODE"}


def process_state() -> set[tuple[str, object]]:
    """What a file of tests must leave as it found it."""
    return {
        *((name, value) for name, value in os.environ.items() if name not in PROCESS_WIDE),
        ("working directory", Path.cwd()),
        ("disabled level", logging.root.manager.disable),
        ("clock", (time.time, time.monotonic, time.sleep)),
    }


@pytest.fixture(scope="module", autouse=True)
def _nothing_leaks() -> Iterator[None]:
    """Files run in any order in one process, so none may depend on what another has left."""
    before = process_state()
    yield
    assert process_state() ^ before == set()


def pytest_configure() -> None:
    """Ctrl-C ends each process of a run of tests, and with it all that the process has started."""
    heed_interrupts()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "InUnits":
    from tests.on_all_cores import InUnits

    return InUnits(config, log)


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return Assembly.of(shipped("prod"), tmp_path_factory.mktemp("prod"))


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """As in production, with YAWL engines: a stage with all functions."""
    return Assembly.of(with_engines(), tmp_path_factory.mktemp("engines"))


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return Assembly.of(shipped("local"), tmp_path_factory.mktemp("local"))


@pytest.fixture(scope="session")
def abroad(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """As in production, but in a Region that an account has to switch on, and for buyers of both kinds."""
    stage = replace(
        selling(shipped("prod"), integration="mixed", notices=("eventbridge", "sns")), region="me-central-1"
    )
    return Assembly.of(stage, tmp_path_factory.mktemp("abroad"))
