"""Announcements that the function behind an engine's address takes per second, over events of the bare usage API."""

import hashlib
import io
import json
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any, NamedTuple
from unittest import mock
from urllib.parse import urlencode

from bench.engine import emulator, ours
from bench.figure import Figure, Say, Table, at_least, at_most
from bench.house import DURING, SETTINGS, House
from bench.quiet import quiet_logs
from bench.replay import wall
from ledger import dynamodb
from ledger.tables import ENGINES
from local.dynamodb.capacity import Capacity
from local.dynamodb.store import MemoryDynamoDB
from runtime import aws, clock
from runtime.clock import iso
from usage.handlers import usage
from yawl.engine import Dimensions, Engine
from yawl.handlers import engine_gateway

ROUNDS, REQUESTS = 9, 150
#: The least over the bare usage API, which an engine's own program would call instead.
START_LEAST, OTHER_LEAST = 2.0, 10.0
CUSTOMER, SECRET = "l-0123456789abcdef", "s" * 43
ENGINE = Engine(
    id="eng-7",
    since=DURING - 3600,
    customers={"": CUSTOMER},
    dimensions=Dimensions(executions="workflow_executions"),
    secret_hashes=(hashlib.sha256(SECRET.encode()).hexdigest(),),
)
ENVIRONMENT = SETTINGS | {
    "ENGINES_PATH": "/engines",
    "ENGINES_TABLE": ENGINES.name,
    "RECONCILE_FUNCTION": "reconcile-engine",
}


class Context(NamedTuple):
    """What Lambda tells a function about itself, as far as Powertools reads it."""

    function_name: str = "bench"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:111122223333:function:bench"
    aws_request_id: str = "request"


class _Parameters:
    """SSM with the parameter of the one engine."""

    def get_paginator(self, _operation: str) -> "_Parameters":
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Parameters": [{"Name": f"/engines/{ENGINE.id}", "Value": ENGINE.to_json()}]}]


def request(path: str, body: str, content_type: str) -> dict[str, Any]:
    """A POST as API Gateway hands it on."""
    headers = {"Content-Type": content_type}
    return {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {
            "requestId": "r",
            "stage": "v1",
            "path": path,
            "httpMethod": "POST",
            "identity": {"userArn": "arn:aws:iam::111122223333:user/engine"},
        },
        "body": body,
        "isBase64Encoded": False,
    }


def announcement(secret: str = SECRET, **fields: str) -> dict[str, Any]:
    """An announcement of the engine."""
    return request(f"/yawl/v1/{ENGINE.id}/{secret}", urlencode(fields), "application/x-www-form-urlencoded")


def start(case: str) -> dict[str, Any]:
    """The announcement of a case's start."""
    return announcement(
        specidentifier="UID_00000000-0000-4000-8000-000000000001",
        caseID=case,
        specuri="OrderFulfilment",
        launchingService="http://127.0.0.1:8080/resourceService/ib",
        action="announceCaseStarted",
        specversion="0.1",
        delayed="false",
    )


def usage_event(id_: str) -> dict[str, Any]:
    """The same case as an event of ``POST /usage``."""
    event = {
        "id": id_,
        "source": "engine-7",
        "customerIdentifier": CUSTOMER,
        "dimension": "workflow_executions",
        "quantity": 1,
        "occurredAt": iso(DURING),
    }
    return request("/usage", json.dumps({"events": [event]}), "application/json")


def kinds(number: int) -> dict[str, tuple[Callable[..., Any], list[dict[str, Any]]]]:
    """The requests of one round by their kind, each kind with the function that answers it."""
    numbers = [f"{number:03}{n:05}" for n in range(REQUESTS)]
    data = f"<Net>{'x' * 100_000}</Net>"
    gateway = engine_gateway.handler
    return {
        "usage API, an event a request": (usage.handler, [usage_event(n) for n in numbers]),
        "a case's start": (gateway, [start(n) for n in numbers]),
        "any other, with 100 KB of data": (
            gateway,
            [announcement(casedata=data, caseID=n, action="announceCaseCompleted") for n in numbers],
        ),
        "a wrong secret": (gateway, [announcement("x" * 43, action="announceCaseStarted") for _ in numbers]),
    }


@contextmanager
def functions(tables: Any) -> Iterator[None]:
    """Both functions on these tables, by the bench's clock; what they print goes nowhere."""
    with (
        mock.patch.dict(os.environ, ENVIRONMENT),
        mock.patch.object(dynamodb, "connect", lambda: tables),
        mock.patch.object(aws, "client", lambda *_, **__: _Parameters()),
        mock.patch.object(clock, "now", lambda: DURING),
        # Powertools reads the environment's when a module is imported.
        mock.patch.object(usage.metrics.provider, "namespace", "bench"),
        mock.patch.object(engine_gateway.metrics.provider, "namespace", "bench"),
        redirect_stdout(io.StringIO()),
        quiet_logs(),
    ):
        for kept in (engine_gateway.gateway, usage.stores, usage.settings, usage.reporters, usage.products):
            kept.cache_clear()
        yield


def answered(function: Callable[..., Any], requests: Sequence[dict[str, Any]], expected: int = 200) -> None:
    """Let the function answer each request. Raises RuntimeError if an answer has another status."""
    for each in requests:
        answer = function(each, Context())
        if answer["statusCode"] != expected:
            raise RuntimeError(f"{answer['statusCode']}: {answer['body']}")


def units() -> int:
    """Write units of an announced start, by DynamoDB's published rules; the engine was heard just before."""
    capacity = Capacity()
    house = House(MemoryDynamoDB(capacity=capacity))
    with functions(house.dynamodb):
        answered(engine_gateway.handler, [start("1")])
        capacity.clear()
        answered(engine_gateway.handler, [start("2")])
    return capacity.total_written


def measure(say: Say) -> Figure:
    """Announcements per second by their kind, over events of the usage API, and the write units of a start."""
    rates: dict[str, list[float]] = {name: [] for name in kinds(0)}
    with emulator() as resource:
        tables, _ = ours(resource.meta.client.meta.endpoint_url)
        house = House(resource)
        house.subscribe(CUSTOMER)
        for number in range(ROUNDS + 1):
            say(f"round {number} of {ROUNDS}" if number else "warming up")
            with functions(tables):
                for name, (function, requests) in kinds(number).items():
                    expected = 404 if name == "a wrong secret" else 200
                    taken = wall(lambda f=function, r=requests, e=expected: answered(f, r, e))  # type: ignore[misc]
                    if number:
                        rates[name].append(REQUESTS / taken)
    bare, *others = rates
    ratios = {name: [one / base for one, base in zip(rates[name], rates[bare], strict=True)] for name in others}
    middle = {name: statistics.median(found) for name, found in ratios.items()}
    return Figure(
        name="announcements",
        title="Announcements of an engine per second",
        method=(
            "Warm, in one process, whole requests through the functions' own entry points as API Gateway hands them "
            "on, on the emulator's DynamoDB in another process: announcements through engine-gateway, and the same "
            f"number of events through the function usage, one a request. {ROUNDS} rounds of {REQUESTS} of each kind "
            "in turn; ratio of rates in a round, median of the rounds. Write units are a count, on the store in memory."
        ),
        readings=[
            at_least("a case's start, over the bare usage API", middle["a case's start"], START_LEAST),
            at_least("any other, with 100 KB of data, over it", middle["any other, with 100 KB of data"], OTHER_LEAST),
            at_most("write units of an announced start", units(), 1, digits=0),
        ],
        tables=[
            Table(
                title="Median of the rounds (rates are this machine's, on this day)",
                head=["", "requests per second", "over the usage API", "spread of the ratio"],
                rows=[
                    [
                        name,
                        f"{statistics.median(found):,.0f}",
                        f"{middle[name]:.2f}" if name in middle else "",
                        f"{min(ratios[name]):.2f} to {max(ratios[name]):.2f}" if name in ratios else "",
                    ]
                    for name, found in rates.items()
                ],
            )
        ],
        notes=[
            "Of requests beyond the start, none writes to a table: an engine is noted as heard every 30 seconds.",
        ],
        data={"rates": rates},
    )
