"""The ways to the metering system: its signed HTTP API and its FIFO queue. A batch that is sent twice counts once."""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, Protocol

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.session import Session

from yawl_metering.signed import SignedApi
from yawl_metering.spool import Event

MAX_EVENTS = 100
#: A little less than the API's 256 KB.
MAX_BYTES = 250_000


@dataclass(frozen=True)
class Verdict:
    """The metering system's verdict on one event. voided: it was taken back. queued: the queue has it, and its verdict
    comes behind the queue."""

    verdict: Literal["recorded", "voided", "duplicate", "queued", "refused", "retry_later"]
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class Answered:
    """A verdict for each event, in order. trace_id: by which the metering system's logs and its stored events name the
    request; "" where it gave none."""

    verdicts: Sequence[Verdict]
    trace_id: str = ""


@dataclass(frozen=True)
class Rejected:
    """The other side cannot read the request; one of its events may be at fault."""

    code: str
    message: str


@dataclass(frozen=True)
class Unavailable:
    """The batch can be sent again later. everyone: any other batch would fare the same; after: seconds that the other
    side asks us to wait."""

    reason: str
    everyone: bool = True
    after: float = 0.0


Outcome = Answered | Rejected | Unavailable


class Transport(Protocol):
    """One way to the metering system. one_customer: whether a batch may hold the events of one customer only."""

    one_customer: bool

    def send(self, events: Sequence[Event]) -> Outcome:
        """Send at most 100 events of at most 250,000 bytes. Raises nothing but defects."""

    def close(self) -> None:
        """Close the connections."""


def body_of(events: Sequence[Event]) -> bytes:
    """The JSON that the API and the queue take. The same events give the same bytes."""
    return ('{"events":[' + ",".join(event.text for event in events) + "]}").encode("ascii")


def pack(events: Sequence[Event], *, one_customer: bool) -> list[list[Event]]:
    """Batches within the limits. A customer's events stay together, since one transaction records them."""
    by_customer: dict[str, list[Event]] = {}
    for event in events:
        by_customer.setdefault(event.customer, []).append(event)
    batches: list[list[Event]] = []
    batch: list[Event] = []
    left = MAX_BYTES
    for own in by_customer.values():
        if batch and (one_customer or len(batch) + len(own) > MAX_EVENTS):
            batches.append(batch)
            batch, left = [], MAX_BYTES
        for event in own:
            if batch and (len(batch) == MAX_EVENTS or len(event.text) + 1 > left):
                batches.append(batch)
                batch, left = [], MAX_BYTES
            batch.append(event)
            left -= len(event.text) + 1
    if batch:
        batches.append(batch)
    return batches


#: Codes of a whole request that one of its events could be the cause of.
_API_REJECTS = {"bad_json", "bad_request", "no_events", "too_many_events", "payload_too_large"}
_VERDICTS = {"recorded", "voided", "duplicate", "refused", "retry_later"}


class ApiTransport:
    """Sends by the signed API. ``endpoint``: the output ``ApiUrl`` of the metering system, with or without the slash at
    its end."""

    one_customer = False

    def __init__(
        self, endpoint: str, *, region: str | None = None, session: Session | None = None, timeout: int = 30
    ) -> None:
        self._api = SignedApi(endpoint, region=region, session=session, timeout=timeout)

    def send(self, events: Sequence[Event]) -> Outcome:
        """Post the batch to ``/usage``; see ``Transport.send``."""
        try:
            asked = {"Content-Type": "application/json"}
            status, headers, content = self._api.send("POST", "/usage", asked, body_of(events))
        except NoCredentialsError:
            return Unavailable("no AWS credentials were found")
        except (BotoCoreError, HTTPClientError, OSError) as error:
            # The error's own words may hold an address or a path.
            return Unavailable(f"{type(error).__name__}")
        return outcome_of(status, headers, content, len(events))

    def close(self) -> None:
        """Close the connections."""
        self._api.close()


def outcome_of(status: int, headers: Mapping[str, str], content: bytes, number: int) -> Outcome:
    """What an HTTP answer to a batch of that many events means. Pure."""
    answer = _json(content)
    if status == 200:
        verdicts = answer.get("verdicts")
        if isinstance(verdicts, list) and len(verdicts) == number and all(map(_is_verdict, verdicts)):
            trace = answer.get("traceId")
            found = [Verdict(v["verdict"], v.get("reason", ""), v.get("message", "")) for v in verdicts]
            return Answered(found, trace if isinstance(trace, str) else "")
        return Unavailable("an answer that is not the usage API's")
    error = answer.get("error")
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    if status == 413 or (status == 400 and code in _API_REJECTS):
        message = str(error.get("message", "")) if isinstance(error, dict) else ""
        return Rejected(code or "payload_too_large", message)
    # A busy customer is no reason to hold back the others.
    return Unavailable(f"HTTP {status} {code}".strip(), everyone=code != "busy", after=_after(headers))


def _json(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _is_verdict(value: Any) -> bool:
    return isinstance(value, dict) and value.get("verdict") in _VERDICTS


def _after(headers: Mapping[str, str]) -> float:
    try:
        return min(max(float(headers.get("Retry-After", 0)), 0.0), 3600.0)
    except ValueError:
        return 0.0


_QUEUE_REJECTS = {"InvalidMessageContents", "InvalidParameterValue", "InvalidParameterValueException"}


class QueueTransport:
    """Sends to the FIFO queue. ``queue_url``: the output ``UsageQueueUrl`` of the metering system."""

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
        # The client has its own backoff.
        config = Config(connect_timeout=timeout, read_timeout=timeout, retries={"total_max_attempts": 1})
        self._sqs: Any = (session or Session()).create_client(
            "sqs", region_name=region or _region_of(queue_url), endpoint_url=endpoint, config=config
        )

    def send(self, events: Sequence[Event]) -> Outcome:
        """Put the batch into the queue as one message; see ``Transport.send``."""
        body = body_of(events)
        trace_id = new_trace_id()
        try:
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=body.decode("ascii"),
                MessageGroupId=events[0].customer,
                MessageDeduplicationId=sha256(body).hexdigest(),
                MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": f"Root={trace_id}"}},
            )
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "")).rsplit(".", 1)[-1].rsplit("#", 1)[-1]
            if code in _QUEUE_REJECTS:
                return Rejected(code, "the queue does not take the message")
            return Unavailable(code or "ClientError")
        except (BotoCoreError, HTTPClientError, OSError) as error:
            return Unavailable(type(error).__name__)
        return Answered([Verdict("queued")] * len(events), trace_id)

    def close(self) -> None:
        """Close the connections."""
        self._sqs.close()


def new_trace_id() -> str:
    """An id as X-Ray makes them: version, epoch seconds and 96 random bits, in hexadecimal digits."""
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def _region_of(queue_url: str) -> str | None:
    """``https://sqs.eu-west-1.amazonaws.com/…`` names its Region."""
    host = queue_url.split("/")[2] if queue_url.count("/") >= 2 else ""
    parts = host.split(".")
    return parts[1] if len(parts) > 2 and parts[0] == "sqs" else None
