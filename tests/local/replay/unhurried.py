"""Pauses that do not last."""

import threading


class Unhurried(threading.Event):
    """``seconds``: what would have been waited."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return self.is_set()
