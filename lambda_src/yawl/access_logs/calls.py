"""What counts as a call of an engine: the documented list (docs/yawl.md), as pure functions of an entry.

A call is a request for one of the engine's interfaces that the engine's web server answered with success, by POST, or
by GET or HEAD with an ``action``. Every operation of YAWL is one of these (the parameter ``action`` names it), and the
engine reports its own failures with status 200. So the log shows neither which operation it was, nor how it ended.

Not counted, and why:

- other methods: OPTIONS moves no data, and the interfaces answer 405 to the rest;
- GET or HEAD without an ``action``: a browser, a scanner or an uptime monitor, since no operation is named. With one, a
  servlet does for HEAD what it does for GET, unless it says otherwise (Jakarta Servlet, ``HttpServlet.doHead``);
- other paths: pages, the log gateways (which our own poller reads), and what the services say to each other. The
  load balancer's own health checks are not logged at all;
- other statuses than 2xx, of the balancer or of the engine's server: nothing was done for the caller;
- WebSocket and gRPC, which YAWL does not speak.

Nothing that a caller chooses freely, such as its User-Agent, keeps a call from being counted.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import parse_qsl, unquote, urlsplit

from yawl.access_logs.entry import Address, Entry
from yawl.engine import Engine

#: HTTP, HTTP over TLS, HTTP/2 over TLS.
_KINDS = {"http", "https", "h2"}
#: What a servlet container leaves out of a path: ``;jsessionid=…``.
_PATH_PARAMETER = re.compile(r";[^/]*")
#: The engine's interfaces take longer paths, too; the services' gateways take theirs alone (web.xml of YAWL 6.1).
_ENGINE_INTERFACES = ("/ia", "/ib")
_RESOURCE_GATEWAYS = ("/gateway", "/workqueuegateway")
_WORKLET_GATEWAY = "/workletService/gateway"


def is_answered_request(entry: Entry) -> bool:
    """Whether an entry can be a call, whatever it calls: by its type, method and statuses."""
    return (
        entry.kind in _KINDS
        and entry.method in ("GET", "HEAD", "POST")
        and entry.status.startswith("2")
        and entry.target_status.startswith("2")
    )


def names_an_operation(method: str, query: str) -> bool:
    """Whether a request can name an operation: in a body, which the log does not show, or in the URL's query."""
    return method == "POST" or any(name == "action" for name, _ in parse_qsl(query, keep_blank_values=True))


def is_interface(path: str, engine: Engine) -> bool:
    """Whether a URL's path leads to one of the engine's interfaces."""
    below, exactly = _interfaces(engine.address, engine.resource_address)
    called = path_of(path)
    return called in exactly or called in below or called.startswith(tuple(f"{each}/" for each in below))


def path_of(path: str) -> str:
    """The path as a servlet container resolves it: ``/yawl//x/../%69b;a=1`` is ``/yawl/ib``."""
    segments: list[str] = []
    for segment in unquote(_PATH_PARAMETER.sub("", path)).split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    return "/" + "/".join(segments)


def by_host(engines: Iterable[Engine]) -> dict[str, Engine]:
    """The engines by the hosts that they list, in one spelling; under the empty name the one that lists none."""
    return {
        _plain(host): engine
        for engine in engines
        for host in (engine.access_logs and engine.access_logs.hosts) or ("",)
    }


def engine_at(address: Address, engines: Mapping[str, Engine]) -> Engine | None:
    """The engine that a request reached: its host may be listed with its port, or without.

    engines: by host. An engine that lists no hosts has all requests that no other has; without one there may be None.
    """
    host = _plain(address.host)
    names = (f"{host}:{address.port}", host, "")
    return next((engines[name] for name in names if name in engines), None)


def _plain(host: str) -> str:
    """A host in one spelling: decoded, in lower case, without the dot at its end."""
    return unquote(host).lower().rstrip(".")


@cache
def _interfaces(address: str | None, resource_address: str | None) -> tuple[tuple[str, ...], frozenset[str]]:
    engine, resource = _context(address, "/yawl"), _context(resource_address, "/resourceService")
    below = tuple(engine + interface for interface in _ENGINE_INTERFACES)
    return below, frozenset([*(resource + gateway for gateway in _RESOURCE_GATEWAYS), _WORKLET_GATEWAY])


def _context(address: str | None, usual: str) -> str:
    """The path of a web application: that of its address, or the usual one where the stage gives no address."""
    path = path_of(urlsplit(address).path) if address else usual
    return "" if path == "/" else path
