"""Hands committed usage to the Python client, whose spool brings it to the metering system."""

import json
from dataclasses import dataclass, field

from yawl.state.ports import Message
from yawl_metering import Settings, SpoolFull, UsageClient
from yawl_metering_agent.config import Config, ConfigError
from yawl_metering_agent.state import StateFile

#: Names the client; each event names its engine.
SOURCE = "yawl-metering-agent"
#: ``sync``: a message leaves our file once the client has it, so the client's copy must survive a power cut, too.
SETTINGS = Settings(flush_interval=5.0, sync="call", max_spool_bytes=512 * 1024 * 1024, when_full_wait=20.0)


def client_of(config: Config) -> UsageClient:
    """The client on the agent's spool, which sends by the API or by the queue. Raises ConfigError without a Region."""
    spool = config.directory / "spool"
    try:
        if config.api_url:
            return UsageClient.for_api(SOURCE, config.api_url, spool, region=config.region, settings=SETTINGS)
        return UsageClient.for_queue(SOURCE, str(config.queue_url), spool, region=config.region, settings=SETTINGS)
    except ValueError as error:
        raise ConfigError(f"send.region: {error}") from None


@dataclass
class SpoolSender:
    """``yawl.state.ports.Sender``: usage goes to the client, usage without a customer waits in the agent's file.

    Once the spool is full, this one tries no more, since every try would wait.
    """

    client: UsageClient
    file: StateFile
    database: str
    _full: SpoolFull | None = field(default=None, init=False)

    def send(self, message: Message, deduplication_id: str) -> None:
        """See ``Sender.send``. Raises SpoolFull, SpoolUnwritable, StateUnusable."""
        if message.queue == "unattributed":
            self.file.keep_unattributed(deduplication_id, self.database, message.body)
            return
        if self._full is not None:
            raise self._full
        try:
            for event in json.loads(message.body)["events"]:
                self.client.record_event(event)
        except SpoolFull as full:
            self._full = full
            raise
