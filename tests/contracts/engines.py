"""The DynamoDBs that the contracts are checked on, each as a boto3 resource with the declared tables.

DynamoDB Local listens on every interface of the machine, so it is opt-in: ``DYNAMODB_LOCAL`` is the address of a
running one, or the path of its jar, which is then started (Java 17) and stopped again.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError
from moto import mock_aws

from ledger import tables
from local.cloud import LocalCloud
from local.dynamodb.declared_tables import create
from local.dynamodb.store import MemoryDynamoDB

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

MEMORY, MOTO, EMULATOR, DYNAMODB_LOCAL = "memory", "moto", "emulator", "dynamodb-local"
VARIABLE = "DYNAMODB_LOCAL"
#: an error is the answer that is tested: asking again only takes time
ONCE = Config(retries={"total_max_attempts": 1})
START_TIMEOUT = 30.0


def names() -> list[str]:
    """The engines of this run."""
    return [MEMORY, MOTO, EMULATOR, *([DYNAMODB_LOCAL] if os.environ.get(VARIABLE) else [])]


@contextmanager
def memory() -> Iterator["DynamoDBServiceResource"]:
    dynamodb: Any = MemoryDynamoDB()
    yield with_tables(dynamodb)


@contextmanager
def moto() -> Iterator["DynamoDBServiceResource"]:
    """Only one at a time: moto's are all the same."""
    with mock_aws():
        yield with_tables(boto3.resource("dynamodb", region_name="us-east-1"))


@contextmanager
def emulator(state: Path) -> Iterator["DynamoDBServiceResource"]:
    with LocalCloud(state=state) as cloud:
        yield with_tables(cloud.seller.resource("dynamodb", config=ONCE))


@contextmanager
def dynamodb_local() -> Iterator["DynamoDBServiceResource"]:
    where = os.environ[VARIABLE]
    if where.startswith(("http:", "https:")):
        yield with_tables(_at(where))
        return
    jar = Path(where).resolve()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        "java",
        f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}",
        "-jar",
        str(jar),
        "-inMemory",
        "-disableTelemetry",
    ]
    child = subprocess.Popen([*command, "-port", str(port)], cwd=jar.parent, stdout=subprocess.DEVNULL)
    try:
        dynamodb = _at(f"http://127.0.0.1:{port}")
        _wait_for(dynamodb, child)
        yield with_tables(dynamodb)
    finally:
        child.terminate()
        child.wait(10)


def _at(endpoint: str) -> "DynamoDBServiceResource":
    return boto3.resource("dynamodb", region_name="us-east-1", endpoint_url=endpoint, config=ONCE)


def _wait_for(dynamodb: "DynamoDBServiceResource", child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_TIMEOUT
    while True:
        try:
            dynamodb.meta.client.list_tables()
            return
        except ConnectionError:
            if child.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)


def with_tables(dynamodb: "DynamoDBServiceResource") -> "DynamoDBServiceResource":
    """The declared tables, where they are not there already; who uses them empties them."""
    for table in tables.ALL_TABLES:
        try:
            create(dynamodb.meta.client, table, table.name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceInUseException":
                raise
    return dynamodb
