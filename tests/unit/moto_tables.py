"""The declared tables in moto, in process, for the doors that are tested end to end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ledger.tables import NOTICES, SUBSCRIBERS
from tests.contracts.dynamodb_tables import create


@contextmanager
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """Subscribers and notices; AWS's environment is set so that nothing can leave the machine."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "YawlMarketplaceMetering/test")
    with mock_aws():
        client = boto3.client("dynamodb")
        names = [create(client, table) for table in (SUBSCRIBERS, NOTICES)]
        resource = boto3.resource("dynamodb")
        yield resource.Table(names[0]), resource.Table(names[1])
