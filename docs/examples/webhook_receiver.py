"""Takes webhooks of AWS Marketplace events: checks who sent each, keeps it, and answers. Python 3.11, no libraries.

    WEBHOOK_SECRET=whsec_… python webhook_receiver.py 8080

Put it behind TLS; it is a sketch to copy from. Any library of standardwebhooks.com verifies the same headers.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: A webhook that was signed longer ago may be a replay. Each try is signed anew.
TOLERANCE_SECONDS = 5 * 60
#: No event is as large.
LARGEST_BODY = 256 * 1024


class NotOurs(Exception):
    """The request does not come from the sender that has the secret, or not now."""


def verify(headers: Mapping[str, str], body: bytes, *, secrets: Iterable[str], now: float) -> dict[str, Any]:
    """The event of a request. Raises NotOurs.

    headers: by their names in lower case. secrets: the one in use, and while it is changed the other one, too.
    """
    try:
        event_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        given = [each[3:] for each in headers["webhook-signature"].split() if each.startswith("v1,")]
        age = now - int(timestamp)
    except (KeyError, ValueError):
        raise NotOurs("the headers of a webhook are missing") from None
    if abs(age) > TOLERANCE_SECONDS:
        raise NotOurs("signed too long ago, or in the future")
    # The bytes as they came: parsing and writing them again may change them.
    signed = b".".join((event_id.encode(), timestamp.encode(), body))
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(expected.encode(), each.encode()) for each in given):
            return dict(json.loads(body))
    raise NotOurs("no signature is right")


def server(
    port: int, *, secrets: Iterable[str], keep: Callable[[dict[str, Any]], None], now: Callable[[], float] = time.time
) -> ThreadingHTTPServer:
    """A server that calls ``keep`` with each event.

    keep: stores the event, unless one with its ``id`` is stored; an event may come again. What it triggers belongs
    behind the answer: the sender waits for ten seconds. If it raises, the event comes again, and the customer's later
    ones wait.
    """
    known = tuple(secrets)

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            if not 0 < size <= LARGEST_BODY:
                return self._answer(413)
            body = self.rfile.read(size)
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                event = verify(headers, body, secrets=known, now=now())
            except NotOurs as why:
                self.log_error("refused: %s", why)
                return self._answer(401)
            try:
                keep(event)
            except Exception as error:
                self.log_error("not kept: %s", type(error).__name__)
                return self._answer(503)
            return self._answer(204)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return ThreadingHTTPServer(("127.0.0.1", port), Receiver)


if __name__ == "__main__":
    with server(int(sys.argv[1]), secrets=os.environ["WEBHOOK_SECRET"].split(), keep=print) as running:
        running.serve_forever()
