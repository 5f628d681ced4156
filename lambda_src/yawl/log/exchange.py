"""One HTTP exchange with a log gateway: bounded in time and size, over verified TLS, never redirected."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError

from yawl.log.ports import AnswerTooLarge, EngineUnreachable

#: How much is read at once.
_PIECE = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How long an exchange may take, and how large its answer may be.

    The list of 1,000,000 case ids has some 20 MB; the engine's statistics of a long history take it minutes, and the
    function that polls has five.
    """

    connect_seconds: float = 5
    answer_seconds: float = 120
    answer_bytes: int = 64 * 1024 * 1024


BOUNDS = Bounds()


@dataclass(frozen=True)
class Answer:
    """A whole answer. at: its ``Date`` in seconds since the epoch; None where it has no readable one."""

    status: int
    # It may hold a session's handle.
    body: bytes = field(repr=False)
    at: float | None


class Gateway:
    """A log gateway at its URL. ca_bundle: path of the certificates to trust instead of the system's."""

    def __init__(self, url: str, bounds: Bounds, ca_bundle: str | None = None) -> None:
        self._url = url
        self._bounds = bounds
        self._pool = urllib3.PoolManager(
            retries=False,
            cert_reqs="CERT_REQUIRED",
            ca_certs=ca_bundle,
            timeout=urllib3.Timeout(connect=bounds.connect_seconds, read=bounds.answer_seconds),
        )

    def post(self, action: str, fields: Mapping[str, str]) -> Answer:
        """The answer to the action. Raises EngineUnreachable and AnswerTooLarge; redirects come back as they are."""
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=urlencode({"action": action, **fields}),
                headers={
                    "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
                    "Accept-Encoding": "identity",
                },
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                body = self._body(action, response)
            except BaseException:
                response.close()
                raise
            response.release_conn()
        except HTTPError as error:
            # The cause names host and port at most: fields travel in the body.
            raise EngineUnreachable(f"{action}: {type(error).__name__}") from error
        return Answer(response.status, body, _date(response.headers.get("Date")))

    def _body(self, action: str, response: urllib3.BaseHTTPResponse) -> bytes:
        deadline = time.monotonic() + self._bounds.answer_seconds
        body = bytearray()
        while piece := response.read1(_PIECE):
            body += piece
            if len(body) > self._bounds.answer_bytes:
                raise AnswerTooLarge(f"{action}: more than {self._bounds.answer_bytes} bytes")
            if time.monotonic() > deadline:
                raise EngineUnreachable(f"{action}: no whole answer in {self._bounds.answer_seconds} seconds")
        return bytes(body)


def _date(header: str | None) -> float | None:
    try:
        return parsedate_to_datetime(header).timestamp() if header else None
    except ValueError:
        return None
