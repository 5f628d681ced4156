"""Empty tables in memory, for every test of the room."""

from collections.abc import Iterator

import pytest

from tests.contracts.stores import Ledger, memory_ledger


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with memory_ledger() as made:
        yield made
