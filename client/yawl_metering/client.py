"""The usage client: what an app calls."""

import atexit
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

from botocore.session import Session

from yawl_metering import usage as rules
from yawl_metering.process import ClientClosed, Process
from yawl_metering.settings import OnRefused, Settings, Stats
from yawl_metering.transport import ApiTransport, QueueTransport, Transport
from yawl_metering.usage import InvalidUsage, Usage

Quantity = int | Decimal | str | float
#: Seconds that ``flush`` and ``close`` give the events that are left, unless the app says otherwise.
CLOSING = 10.0


class Options(TypedDict, total=False):
    """The optional parameters of every client; see ``UsageClient``."""

    settings: Settings | None
    on_refused: OnRefused | None
    clock: Callable[[], float]


class Details(TypedDict, total=False):
    """The optional parameters of every recording; see ``UsageClient.record``."""

    occurred_at: datetime | float | None
    tags: Mapping[str, str] | None
    source: str | None


class UsageClient:
    """Records usage of an app's customers and brings it to the metering system. Safe for threads, and for forks.

    source: names what reports the usage. transport: makes the way out; called once, and once more in a forked child.
    spool: a directory on a local disk; processes share it. on_refused: called in the client's own thread. clock: epoch
    seconds.
    """

    def __init__(
        self,
        source: str,
        transport: Callable[[], Transport],
        spool: str | os.PathLike[str],
        *,
        settings: Settings | None = None,
        on_refused: OnRefused | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = rules.name_of(source, "source")
        self._make_transport, self._directory = transport, Path(spool).absolute()
        self._settings, self._on_refused, self._clock = settings or Settings(), on_refused, clock
        self._closed = False
        self._fork_lock = threading.Lock()
        self._process: Process | None = self._begin()
        _clients.add(self)

    @classmethod
    def for_api(
        cls,
        source: str,
        endpoint: str,
        spool: str | os.PathLike[str],
        *,
        region: str | None = None,
        session: Session | None = None,
        **options: Unpack[Options],
    ) -> Self:
        """A client that sends by ``POST /usage``. endpoint: the output ``ApiUrl`` of the metering system."""
        return cls(source, lambda: ApiTransport(endpoint, region=region, session=session), spool, **options)

    @classmethod
    def for_queue(
        cls,
        source: str,
        queue_url: str,
        spool: str | os.PathLike[str],
        *,
        region: str | None = None,
        session: Session | None = None,
        **options: Unpack[Options],
    ) -> Self:
        """A client that sends by the metering system's FIFO queue; refusals of usage then show there, not here."""
        return cls(source, lambda: QueueTransport(queue_url, region=region, session=session), spool, **options)

    def _begin(self) -> Process:
        transport = self._make_transport()
        return Process(self._directory, transport, self._settings, self._on_refused, clock=self._clock).start()

    # --- recording ----------------------------------------------------------------------------------------------------

    def record_workflow_execution(
        self, customer: str, quantity: Quantity = 1, *, execution_id: str | None = None, **more: Unpack[Details]
    ) -> None:
        """Workflow executions. With ``execution_id`` (unique per customer for ever) one that counts once, however often
        and by whichever process it is recorded."""
        self.record(customer, "workflow_executions", quantity, event_id=execution_id, **more)

    def record_active_user(self, customer: str, user: str, **more: Unpack[Details]) -> None:
        """A user was active; each is counted once a month."""
        self.record(customer, "active_users", user=user, **more)

    def record_active_users(self, customer: str, count: Quantity, **more: Unpack[Details]) -> None:
        """How many users were active, where only that is known: the month's highest count is billed.

        Raises InvalidUsage unless the dimension has the aggregation ``max``, here and in the metering system.
        """
        if self._settings.dimensions.get("active_users") != "max":
            raise InvalidUsage("active_users does not have the aggregation max; name users with record_active_user")
        self.record(customer, "active_users", count, **more)

    def record_data_processed(self, customer: str, gigabytes: Quantity, **more: Unpack[Details]) -> None:
        """Gigabytes of data, to 6 decimals (kilobytes)."""
        self.record(customer, "data_processed_gb", gigabytes, **more)

    def record_api_calls(self, customer: str, count: Quantity = 1, **more: Unpack[Details]) -> None:
        """Calls of the app's API."""
        self.record(customer, "api_calls", count, **more)

    def record_worklet_invocation(self, customer: str, quantity: Quantity = 1, **more: Unpack[Details]) -> None:
        """Invocations of worklets."""
        self.record(customer, "worklet_invocations", quantity, **more)

    def record(
        self,
        customer: str,
        dimension: str,
        quantity: Quantity = 1,
        *,
        user: str | None = None,
        occurred_at: datetime | float | None = None,
        tags: Mapping[str, str] | None = None,
        source: str | None = None,
        event_id: str | None = None,
    ) -> None:
        """Usage of a customer (the billing key that registration returned). When this returns, it is on disk.

        occurred_at: an aware datetime or epoch seconds; now, if it is left out. event_id: an event of its own, not
        merged; the same id with the same content (``occurred_at`` too) counts once. Raises InvalidUsage, SpoolFull,
        SpoolUnwritable, ClientClosed, and then nothing was recorded.
        """
        aggregation = self._settings.dimensions.get(dimension)
        if aggregation is None:
            raise InvalidUsage(f"dimension must be one of {', '.join(self._settings.dimensions)}")
        if aggregation == "distinct" and user is None:
            raise InvalidUsage(f"{dimension} counts distinct users: user is required")
        now = self._clock()
        call = Usage(
            rules.customer_of(customer),
            dimension,
            self._source if source is None else rules.name_of(source, "source"),
            rules.quantity_of(quantity),
            rules.moment_of(occurred_at, now),
            None if user is None else rules.name_of(user, "user"),
            rules.tags_of(tags),
        )
        if aggregation == "distinct" and call.quantity != 1:
            raise InvalidUsage(f"quantity of {dimension} must be 1: each event is one user")
        if event_id is not None:
            rules.event_id_of(event_id)
            if occurred_at is None:
                raise InvalidUsage("event_id needs occurred_at: a repeat must be the same event, its time included")
        self._here().record(call, aggregation, event_id, now)

    def record_event(self, event: Mapping[str, Any]) -> None:
        """An event that is ready, as ``POST /usage`` takes it, with its own id. When this returns, it is on disk.

        The client sends it word for word and never merges it; the metering system judges it. Raises InvalidUsage for an
        event without ``id`` or ``customerIdentifier``, one that is no JSON or too large, and one whose id the directory
        holds with another content; SpoolFull, SpoolUnwritable, ClientClosed.
        """
        text = rules.ready_text(event)
        self._here().record_ready(event["customerIdentifier"], event["id"], text, self._clock())

    def void(self, customer: str, event_id: str, *, source: str | None = None) -> None:
        """Take back the event that was recorded under an ``event_id`` (or ``execution_id``), by whichever process. When
        this returns, the request is on disk; the client sends it as soon as the event's own verdict is known.

        The metering system does so while the hour that bills the event is open, else it refuses (``hour_sealed``), and
        the client reports the refusal like one of usage. Raises InvalidUsage, SpoolFull, SpoolUnwritable, ClientClosed.
        """
        reporter = self._source if source is None else rules.name_of(source, "source")
        self._here().take_back(rules.customer_of(customer), rules.event_id_of(event_id), reporter, self._clock())

    # --- delivery -----------------------------------------------------------------------------------------------------

    def flush(self, timeout: float = CLOSING) -> bool:
        """Send all that was recorded before, now. True when nothing of it is left. False when something is: after the
        timeout, or as soon as all has been answered and some of it is to be sent again later."""
        return self._here().flush(timeout)

    def close(self, timeout: float = CLOSING) -> bool:
        """Flush, then stop. What is left stays on disk for the next process that uses the directory; False says so."""
        self._closed = True
        _clients.discard(self)
        # A forked child that recorded nothing has nothing to close.
        return self._process is None or self._process.close(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def stats(self) -> Stats:
        """What this process has done, and what it still holds: a copy, of this moment."""
        return self._here().stats()

    # --- forks --------------------------------------------------------------------------------------------------------

    def _here(self) -> Process:
        """The part that belongs to this process; a forked child gets its own at its first call. Raises ClientClosed."""
        process = self._process
        if process is None:
            with self._fork_lock:
                if self._closed:
                    raise ClientClosed("the client is closed")
                self._process = process = self._process or self._begin()
        return process

    def _after_fork(self) -> None:
        self._fork_lock = threading.Lock()
        self._process = None


#: The clients that are not closed; the end of the app closes a client that the app forgot.
_clients: set["UsageClient"] = set()


def _after_fork_in_child() -> None:
    for client in list(_clients):
        client._after_fork()


def _close_all() -> None:
    for client in list(_clients):
        client.close()


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_close_all)
