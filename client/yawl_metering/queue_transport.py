"""The metering system's FIFO queue: for volume, and for apps that must not wait for the API. One customer a message."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.session import Session

from yawl_metering.replay import Frozen
from yawl_metering.transport import Answered, Outcome, Rejected, Unavailable, Verdict, body_of

_ABOUT_THE_BODY = {"InvalidMessageContents", "InvalidParameterValue", "InvalidParameterValueException"}


class QueueTransport:
    """``queue_url``: the output ``UsageQueueUrl`` of the metering system."""

    one_customer = True

    def __init__(
        self,
        queue_url: str,
        *,
        region: str | None = None,
        session: Session | None = None,
        endpoint: str | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._url = queue_url
        # the client's own backoff is the only one
        config = Config(connect_timeout=timeout, read_timeout=timeout, retries={"total_max_attempts": 1})
        self._sqs: Any = (session or Session()).create_client(
            "sqs", region_name=region or _region_of(queue_url), endpoint_url=endpoint, config=config
        )

    def send(self, events: Sequence[Frozen]) -> Outcome:
        body = body_of(events)
        try:
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=body.decode("ascii"),
                MessageGroupId=events[0].key[0],
                MessageDeduplicationId=sha256(body).hexdigest(),
            )
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "")).rsplit(".", 1)[-1].rsplit("#", 1)[-1]
            if code in _ABOUT_THE_BODY:
                return Rejected(code, "the queue does not take the message")
            return Unavailable(code or "ClientError")
        except (BotoCoreError, HTTPClientError, OSError) as error:
            return Unavailable(type(error).__name__)
        return Answered([Verdict("queued")] * len(events))

    def close(self) -> None:
        self._sqs.close()


def _region_of(queue_url: str) -> str | None:
    """``https://sqs.eu-west-1.amazonaws.com/…`` names its Region."""
    host = queue_url.split("/")[2] if queue_url.count("/") >= 2 else ""
    parts = host.split(".")
    return parts[1] if len(parts) > 2 and parts[0] == "sqs" else None
