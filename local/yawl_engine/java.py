"""How the engine's Java sends its requests: the order of a HashMap, URLEncoder, HttpURLConnection (JDK 17)."""

import http.client
from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus, urljoin, urlsplit

USER_AGENT = "Java/17.0.15"
ACCEPT = "text/html, image/gif, image/jpeg, */*; q=0.2"
#: Seconds in which a service that registers has to accept a connection. Its answer has no limit.
HEAD_CONNECT_TIMEOUT = 1.0
REDIRECTS = 20


class NoAnswer(OSError):
    """The connection closed before an answer."""


def hash_order(keys: Iterable[str]) -> list[str]:
    """The keys in the order in which a Java HashMap of these strings yields them."""
    listed = list(keys)
    buckets = 16
    while len(listed) > buckets * 3 / 4:
        buckets *= 2
    return sorted(listed, key=lambda key: _spread(key) % buckets)


def _spread(key: str) -> int:
    code = 0
    units = key.encode("utf-16-be")
    for high, low in zip(units[::2], units[1::2], strict=True):
        code = (31 * code + (high << 8 | low)) & 0xFFFFFFFF
    return code ^ (code >> 16)


def form(params: Mapping[str, str | None]) -> bytes:
    """The body of a POST; parameters without a value are left out."""
    given = {name: value for name, value in params.items() if value is not None}
    return "&".join(f"{name}={_encode(given[name])}" for name in hash_order(given)).encode("ascii")


def _encode(value: str) -> str:
    return quote_plus(value, safe="*").replace("~", "%7E")


def post(url: str, params: Mapping[str, str | None]) -> int:
    """Sends one announcement and returns the status below 400. Raises OSError and HTTPException where Java fails.

    The JDK sends a POST once more if the connection closes without an answer, and follows a redirect by a GET without a
    body. There is no time limit.
    """
    body = form(params)
    headers = {
        "Accept-Charset": "UTF-8",
        "Connection": "close",
        "User-Agent": USER_AGENT,
        "Host": "",
        "Accept": ACCEPT,
        "Content-type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(body)),
    }
    return _follow("POST", url, headers, body, None)


def head(url: str) -> int:
    """The status of a HEAD request, after redirects. Raises OSError and HTTPException."""
    headers = {"User-Agent": USER_AGENT, "Host": "", "Accept": ACCEPT, "Connection": "keep-alive"}
    return _follow("HEAD", url, headers, None, HEAD_CONNECT_TIMEOUT)


def _follow(method: str, url: str, headers: dict[str, str], body: bytes | None, connect_timeout: float | None) -> int:
    for _ in range(REDIRECTS):
        try:
            status, location = _exchange(method, url, headers, body, connect_timeout)
        except NoAnswer:
            status, location = _exchange(method, url, headers, body, connect_timeout)
        if status not in (301, 302, 303) or not location:
            break
        url = urljoin(url, location)
        if method == "POST":
            method, body = "GET", None
            headers = {name: headers[name] for name in ("Accept-Charset", "Connection", "User-Agent", "Host", "Accept")}
    if status >= 400:
        raise OSError(f"Server returned HTTP response code: {status}")
    return status


def _exchange(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, connect_timeout: float | None
) -> tuple[int, str | None]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=connect_timeout)
    try:
        connection.connect()
        connection.sock.settimeout(None)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            # User and password in the address are dropped, as in Java.
            connection.putheader(name, value or parts.netloc.rpartition("@")[2])
        connection.endheaders(body)
        try:
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            raise NoAnswer(str(error)) from error
        answer.read()
        return answer.status, answer.getheader("Location")
    finally:
        connection.close()
