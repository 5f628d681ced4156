"""The DynamoDB of the local cloud, for figures that are about time; one emulator for each figure that asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import get_session

from bench.figure import PROJECT
from ledger.dynamodb import CONFIG, DynamoDB
from local.cloud import LocalCloud
from local.cloud.accounts import ROOT_SECRET, SELLER_ACCOUNT

#: An error is shown, not tried again.
ONCE = Config(retries={"total_max_attempts": 1}, max_pool_connections=32)


@contextmanager
def emulator() -> Iterator[Any]:
    """Start a new emulator without tables, and yield boto3's resource of it."""
    with LocalCloud(state=PROJECT / "build" / "bench" / "local") as cloud:
        yield cloud.seller.resource("dynamodb", config=ONCE)


def client_of(endpoint: str, *, checked: bool = True) -> Any:
    """A plain boto3 client of an emulator: what our requests are compared with.

    checked: False leaves out botocore's check of every request, as ours do; boto3's default is to check.
    """
    session = boto3.Session(SELLER_ACCOUNT, ROOT_SECRET, region_name="us-east-1")
    return session.client("dynamodb", endpoint_url=endpoint, config=ONCE if checked else CONFIG.merge(ONCE))


def ours(endpoint: str) -> tuple[DynamoDB, Any]:
    """The functions' own way to an emulator (``ledger.dynamodb``), and the botocore client below it."""
    session = get_session()
    session.set_credentials(SELLER_ACCOUNT, ROOT_SECRET)
    client = session.create_client("dynamodb", "us-east-1", endpoint_url=endpoint, config=CONFIG.merge(ONCE))
    return DynamoDB(client), client
