"""The stage's engines as tests declare them, in SSM's parameters."""

import hashlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ConnectTimeoutError

from yawl.engine import Dimensions, Engine

PATH = "/yawl-metering/test/engines"


def hash_of(secret: str) -> str:
    """The hash of a secret, as the stage file has it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def engine(id_: str = "eng-7", **changes: Any) -> Engine:
    """An engine with a log and a secret."""
    fields: dict[str, Any] = {
        "id": id_,
        "since": 1_795_000_000.0,
        "customers": {"": "customer-1"},
        "dimensions": Dimensions(executions="workflow_executions"),
        "address": "http://engine.internal:8080/yawl",
        "user": "meter",
        "secret_name": "engine-7",
        "secret_hashes": (hash_of("secret"),),
    }
    return Engine(**{**fields, **changes})


class Parameters:
    """botocore's client of SSM, as far as functions use it. asked: the paths, in order. down: it does not answer."""

    def __init__(self, *engines: Engine) -> None:
        self.values = {f"{PATH}/{each.id}": each.to_json() for each in engines}
        self.asked: list[str] = []
        self.down = False

    def get_paginator(self, operation: str) -> "Parameters":
        assert operation == "get_parameters_by_path"
        return self

    def paginate(self, *, Path: str) -> Iterator[dict[str, Any]]:
        """One parameter a page."""
        self.asked.append(Path)
        if self.down:
            raise ConnectTimeoutError(endpoint_url="https://ssm.us-east-1.amazonaws.com")
        for name, value in sorted(self.values.items(), reverse=True):
            if name.startswith(f"{Path}/"):
                yield {"Parameters": [{"Name": name, "Value": value}]}
