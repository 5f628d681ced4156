"""Reads all engines, each every ``pollMinutes``, until it is stopped."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from runtime.metric_names import YawlMetric
from yawl.reconcile.poll import Polled
from yawl_metering import UsageClient
from yawl_metering_agent import faults, logs
from yawl_metering_agent.config import Config
from yawl_metering_agent.readings import Reader
from yawl_metering_agent.sender import client_of
from yawl_metering_agent.state import StateFile, StateUnusable

#: Seconds that the end of the program gives to usage that is not delivered yet. The spool keeps the rest.
CLOSING = 10.0
#: Metrics that a person should look at where they are not 0 (docs/operations.md).
WARNINGS = (
    YawlMetric.STARTS_UNATTRIBUTED,
    YawlMetric.CASES_WITHOUT_ROW,
    YawlMetric.ENGINE_CLOCK_OFF,
    YawlMetric.AUDIT_DIFFERENCES,
)


@dataclass
class Service:
    """One process of the agent. stopping: set it to end ``run`` soon."""

    config: Config
    file: StateFile
    client: UsageClient
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._readers = [
            Reader(each, self.file, self.client, note=logs.note, seconds_left=self._seconds_left)
            for each in self.config.engines
        ]

    @classmethod
    def open(cls, config: Config) -> "Service":
        """The service of this file. Raises StateUnusable, SpoolUnwritable, and ConfigError where no Region is named."""
        return cls(config, StateFile(config.directory), client_of(config))

    def run(self) -> None:
        """Read until ``stopping`` is set. A fault of an engine, or of the disk, is logged, and tried again."""
        due = [0.0] * len(self._readers)
        while not self.stopping.is_set():
            for number, reader in enumerate(self._readers):
                if time.monotonic() >= due[number] and not self.stopping.is_set():
                    due[number] = time.monotonic() + reader.settings.engine.poll_minutes * 60
                    self.read(reader)
            self.stopping.wait(max(0.0, min(due) - time.monotonic()))

    def once(self, seconds: float) -> bool:
        """Read every engine once, and deliver for so many seconds at most. Whether all went well and nothing is left to
        be delivered."""
        good = [self.read(reader) for reader in self._readers]
        delivered = self.client.flush(seconds)
        return all(good) and delivered

    def read(self, reader: Reader) -> bool:
        """Read an engine, log a line of it, and one for each fault. Whether it was a good reading."""
        engine = reader.settings.engine
        try:
            polled = reader.read()
        except StateUnusable as error:
            logs.note(f"stateDirectory: {error}: let the agent's user write there", logging.ERROR, engine=engine.id)
            return False
        except Exception:
            # A defect may not end the service: the next reading does the same work again.
            logs.logger.exception("engines.%s: the reading failed", engine.id)
            return False
        for line in _faults(reader, polled):
            logs.note(line, logging.ERROR, engine=engine.id)
        logs.note(
            "read" if polled.is_good else "not read in whole",
            logging.INFO if polled.is_good else logging.WARNING,
            engine=engine.id,
            starts=polled.starts,
            users=polled.users,
            **({"attributed": reader.attributed} if reader.attributed else {}),
            waiting=self.client.stats().pending,
            **{str(metric): reader.counts[metric] for metric in WARNINGS if reader.counts[metric]},
        )
        return polled.is_good

    def close(self, seconds: float = CLOSING) -> None:
        """Deliver what can be delivered in so many seconds, and end."""
        self.client.close(seconds)
        self.file.close()

    def _seconds_left(self) -> float:
        return 0.0 if self.stopping.is_set() else float("inf")


def _faults(reader: Reader, polled: Polled) -> Sequence[str]:
    engine = reader.settings.engine
    lines = [faults.stopped(engine, polled.fault)] if polled.fault else []
    return [*lines, *dict.fromkeys(faults.remedy_of(error, engine) for error in polled.problems)]
