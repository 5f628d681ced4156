"""One try: a POST to the app's receiver, bounded in time, never redirected, to public addresses only.

The URL is the stage's own. What its name resolves to is checked all the same, on the connection itself, so that a name
that was taken over cannot send events, or a request, into a network. Nothing of the answer but its status is looked at.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

#: Seconds for the connection, and for each wait for the answer: a receiver should keep the event and answer at once.
SECONDS = 10.0
#: Statuses of which the sender is not the cause (RFC 9110 and 6585: Request Timeout, Conflict, Too Early, Too Many
#: Requests), so that a later try may well succeed.
PASSING = (408, 409, 425, 429)


class WebhookUnanswered(RuntimeError):
    """There is no answer, or it says that a later try may succeed. The text names no more than a class or a status."""


class WebhookRefused(RuntimeError):
    """The receiver does not take it as it is."""


@dataclass(frozen=True)
class Receiver:
    """The app's receiver. public_only: False on a laptop alone, whose receivers have no public address."""

    url: str
    public_only: bool = True
    seconds: float = SECONDS
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a body of JSON. Returns if it was taken (2xx). Raises WebhookRefused and WebhookUnanswered."""
        try:
            status = self._status(body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise WebhookUnanswered(type(error).__name__) from error
        if 200 <= status < 300:
            return
        if 300 <= status < 500 and status not in PASSING:
            raise WebhookRefused(str(status))
        raise WebhookUnanswered(str(status))

    def _status(self, body: bytes, headers: Mapping[str, str]) -> int:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(host, parts.port, timeout=self.seconds)
        connection.sock = self._connected(host, connection.port, secure=parts.scheme == "https")
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            sent = {"Content-Type": "application/json", "User-Agent": "yawl-marketplace-metering", **headers}
            connection.request("POST", target, body=body, headers=sent)
            return connection.getresponse().status
        finally:
            connection.close()

    def _connected(self, host: str, port: int, *, secure: bool) -> socket.socket:
        sock = socket.create_connection((host, port), timeout=self.seconds)
        try:
            address = sock.getpeername()[0].partition("%")[0]
            if self.public_only and not (secure and ipaddress.ip_address(address).is_global):
                raise WebhookUnanswered("the receiver's address is not public")
            return self.tls.wrap_socket(sock, server_hostname=host) if secure else sock
        except BaseException:
            sock.close()
            raise
