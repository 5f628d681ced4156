"""The notice of an object: EventBridge's event "Object Created" of Amazon S3, as the queue holds it. Pure.

Source: Amazon S3 user guide, "EventBridge event message structure". The key is given as it is, not URL-encoded. S3
delivers an event at least once.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import NamedTuple

from yawl.engine import Engine

#: ``<account>_elasticloadbalancing_<Region>_app.<name>.<id>_<end>_<address>_<random>.log.gz``, behind the last slash.
#: Connection logs (``conn_log.…``), health check logs, other balancers' logs and the test file are named differently.
_ACCESS_LOG = re.compile(
    r"\d{12}_elasticloadbalancing_[a-z0-9-]+_app\.[^/_]+_\d{8}T\d{4}Z_[^/_]+_[^/_]+\.log\.gz", re.ASCII
)


class UnreadableAccessLog(Exception):
    """An object, or the notice of one, has not the form that AWS describes; the message says why."""


class LogObject(NamedTuple):
    """An object that S3 has announced."""

    bucket: str
    key: str

    @property
    def hash(self) -> str:
        """What names the object in event ids and items.

        Bucket and key alone: a load balancer writes an object once, under a key with a random part. A copy onto itself
        (another storage class or encryption) has a new ETag and version, and must not be billed again.
        """
        return hashlib.sha256(f"{self.bucket}/{self.key}".encode()).hexdigest()[:32]

    @property
    def is_access_log(self) -> bool:
        """Whether its name is that of an Application Load Balancer's access log."""
        return _ACCESS_LOG.fullmatch(self.key.rpartition("/")[2]) is not None


def read_notice(body: str) -> LogObject:
    """The object that a message of the queue is about. Raises UnreadableAccessLog."""
    try:
        event = json.loads(body)
        if (event["source"], event["detail-type"]) != ("aws.s3", "Object Created"):
            raise UnreadableAccessLog("the event is not of a created object")
        named = LogObject(event["detail"]["bucket"]["name"], event["detail"]["object"]["key"])
    except (KeyError, TypeError, RecursionError, json.JSONDecodeError) as error:
        raise UnreadableAccessLog("the message is no event of Amazon S3") from error
    if not all(isinstance(part, str) for part in named) or not (named.bucket and named.key):
        raise UnreadableAccessLog("the event names no object")
    return named


def engines_of(found: LogObject, engines: Iterable[Engine]) -> list[Engine]:
    """The engines whose access logs the object is one of, by its bucket and the load balancer's prefix; none if it is
    no access log."""
    if not found.is_access_log:
        return []
    return [
        engine
        for engine in engines
        if (logs := engine.access_logs) is not None
        and logs.bucket == found.bucket
        and found.key.startswith(f"{logs.prefix}/AWSLogs/" if logs.prefix else "AWSLogs/")
    ]
