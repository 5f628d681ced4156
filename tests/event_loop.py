"""Run a coroutine in a thread of its own: Playwright leaves an event loop running in the thread of the tests."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import anyio

T = TypeVar("T")


def run(function: Callable[[], Awaitable[T]]) -> T:
    """What the coroutine returns or raises."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(anyio.run, function).result()
