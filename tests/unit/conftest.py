"""Tables in memory for the functions' entry points."""

from typing import Any, cast

import pytest

from ledger.tables import ALL_TABLES
from local.dynamodb.declared_tables import create
from local.dynamodb.store import MemoryDynamoDB


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> MemoryDynamoDB:
    """The declared tables, new and empty; a function that connects gets them."""
    memory = MemoryDynamoDB()
    for table in ALL_TABLES:
        create(cast(Any, memory.meta.client), table, table.name)
    monkeypatch.setattr("ledger.dynamodb.connect", lambda: memory)
    return memory
