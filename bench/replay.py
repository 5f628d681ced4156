"""The bare cost of what our code asks AWS: its own requests, noted once, made again by a plain boto3 client.

The requests are rewritten for another set of customers that stands as the first did, so that every condition holds as
it held for us; building them is not part of the bare cost.
"""

import copy
import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore import xform_name

Request = tuple[str, dict[str, Any]]


@contextmanager
def noted(*clients: Any) -> Iterator[list[Request]]:
    """Yield a list that fills with every request that these clients (botocore's) make meanwhile, in order."""
    requests: list[Request] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        requests.append((model.name, copy.deepcopy(params)))

    for client in clients:
        client.meta.events.register_first("provide-client-params.*.*", note)
    try:
        yield requests
    finally:
        for client in clients:
            client.meta.events.unregister("provide-client-params.*.*", note)


def rewritten(value: Any, names: Mapping[str, str]) -> Any:
    """The requests with these names replaced, in every text that is one, or that ends in one after ``#`` or ``:``."""
    if isinstance(value, str):
        for old, new in names.items():
            if old in value:
                return value.replace(old, new)
        return value
    if isinstance(value, dict):
        return {key: rewritten(entry, names) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [rewritten(entry, names) for entry in value]
    return value


def calls(requests: Sequence[Request], clients: Mapping[str, Any]) -> list[Callable[[], Any]]:
    """The requests as calls of plain clients; ``BatchMeterUsage`` is the client ``meteringmarketplace``'s."""
    made: list[Callable[[], Any]] = []
    for operation, params in requests:
        client = clients["meteringmarketplace" if operation == "BatchMeterUsage" else "dynamodb"]
        method = getattr(client, xform_name(operation))
        made.append(lambda method=method, params=params: method(**params))  # type: ignore[misc]
    return made


def seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Seconds that the work takes by that clock (``time.perf_counter``, or ``time.thread_time`` for this thread's CPU),
    without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        begun = clock()
        work()
        return clock() - begun
    finally:
        gc.enable()


def wall(work: Callable[[], object]) -> float:
    """Seconds that the work takes by the wall clock."""
    return seconds(work, time.perf_counter)


def cpu(work: Callable[[], object]) -> float:
    """Seconds of this thread's CPU that the work takes."""
    return seconds(work, time.thread_time)
