"""Tables in memory for the functions' entry points."""

import pytest

from local.dynamodb.declared_tables import with_tables
from local.dynamodb.store import MemoryDynamoDB


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> MemoryDynamoDB:
    """The declared tables, new and empty; a function that connects gets them."""
    memory = with_tables(MemoryDynamoDB())
    monkeypatch.setattr("ledger.dynamodb.connect", lambda: memory)
    return memory
