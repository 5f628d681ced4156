"""One running local cloud for all tests of this directory, with the probe stack deployed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud import LocalCloud, Outputs
from tests.local.cloud.probe_stack import PRODUCT, WriteAssembly, probe_template, write_assembly


@pytest.fixture(scope="session")
def assembly_of() -> WriteAssembly:
    return write_assembly


@pytest.fixture(scope="session")
def clock_offset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the simulated clock; absent unless a test writes it."""
    return tmp_path_factory.mktemp("clock") / "offset"


@pytest.fixture(scope="session")
def cloud(clock_offset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    state = tmp_path_factory.mktemp("cloud")
    with pytest.MonkeyPatch.context() as patch:
        # a test shows that functions do not see it
        patch.setenv("SECRET_OF_THE_DEVELOPER", "x")
        running = LocalCloud(
            marketplace_url="http://127.0.0.1:9",
            state=state,
            function_environment={"GIVEN_TO_ALL": "1"},
            clock_offset_file=clock_offset,
        )
        running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def said() -> list[str]:
    """What the deployment of the probe stack told."""
    return []


@pytest.fixture(scope="session")
def probe(cloud: LocalCloud, said: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Outputs of the deployed probe stack."""
    cloud.marketplace.create_topics(PRODUCT)
    directory = write_assembly(tmp_path_factory.mktemp("assembly"), {"Probe": probe_template()})
    outputs: Outputs = cloud.deploy(directory, say=said.append)
    return outputs["Probe"]
