"""Every contract is checked on every engine; a module's tests run engine by engine."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.contracts import engines
from tests.contracts.stores import Ledger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        marks = {engines.EMULATOR: pytest.mark.local}
        names = [pytest.param(name, marks=marks.get(name, ())) for name in engines.names()]
        metafunc.parametrize("engine", names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> str:
    """The engine's name."""
    return str(request.param)


@pytest.fixture(scope="session")
def _emulator(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[DynamoDBServiceResource]":
    with engines.emulator(tmp_path_factory.mktemp("contracts-cloud")) as dynamodb:
        yield dynamodb


@pytest.fixture(scope="session")
def _dynamodb_local() -> "Iterator[DynamoDBServiceResource]":
    with engines.dynamodb_local() as dynamodb:
        yield dynamodb


@pytest.fixture(scope="module")
def dynamodb(engine: str, request: pytest.FixtureRequest) -> "Iterator[DynamoDBServiceResource]":
    """The engine's resource: in process a new one for each module, else one for the whole run."""
    with ExitStack() as stack:
        if engine == engines.MEMORY:
            yield stack.enter_context(engines.memory())
        elif engine == engines.MOTO:
            yield stack.enter_context(engines.moto())
        else:
            fixture = "_emulator" if engine == engines.EMULATOR else "_dynamodb_local"
            yield request.getfixturevalue(fixture)


@pytest.fixture(scope="module")
def made(dynamodb: "DynamoDBServiceResource") -> Ledger:
    """The stores, for a whole module."""
    return Ledger(dynamodb).clear()


@pytest.fixture
def ledger(made: Ledger) -> Ledger:
    """The stores on empty tables."""
    return made.clear()
