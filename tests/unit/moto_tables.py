"""The declared tables in moto, in process, for the doors that are tested end to end."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ledger.tables import NOTICES, SUBSCRIBERS
from local.dynamodb.declared_tables import create


@cache
def _dynamodb() -> Any:
    """One resource for all tests: making it takes longer than a test. Moto answers it wherever its mock is on."""
    return boto3.resource("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@contextmanager
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """New, empty subscribers and notices, which is also what the handlers connect to."""
    dynamodb = _dynamodb()
    monkeypatch.setattr("ledger.dynamodb.connect", lambda: dynamodb)
    with mock_aws():
        for table in (SUBSCRIBERS, NOTICES):
            create(dynamodb.meta.client, table, table.name)
        yield dynamodb.Table(SUBSCRIBERS.name), dynamodb.Table(NOTICES.name)
