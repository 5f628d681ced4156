"""The stand-in's admin interface and its page. The admin interface answers programs on this machine only.

=======  =================  ===========================================================================================
method   path               body, and what it does
=======  =================  ===========================================================================================
GET      /                  a page of text: services, cases, calls, announcements
POST     /load              a specification's XML as ``xml``
POST     /launch            the fields of ``Engine.launch``; answers ``{"caseId": …}``
POST     /complete          ``caseId``, ``person``
POST     /cancel            ``caseId``, ``by``
POST     /register          ``uri``, ``name``
POST     /faults            a fault (``local.yawl_engine.faults``)
DELETE   /faults            disarms all
POST     /release           sends the announcements that ``hold`` kept
POST     /stop, /start, /restart, /renew-database
=======  =================  ===========================================================================================
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from local.yawl_engine.engine import Refused, RolledBack
from local.yawl_engine.specification import Specification
from marketplace_local.loopback import LoopbackHandler, LoopbackServer

if TYPE_CHECKING:
    from local.yawl_engine.server import StandInEngine

#: How many of the latest announcements the page shows.
SHOWN = 30


class AdminServer(LoopbackServer):
    """Serves the admin interface of one stand-in."""

    def __init__(self, port: int, stand_in: "StandInEngine") -> None:
        super().__init__(port, _Handler)
        self.stand_in = stand_in


class _Handler(LoopbackHandler):
    server: AdminServer

    def do_GET(self) -> None:
        self.respond(200, {"Content-Type": "text/plain; charset=utf-8"}, page(self.server.stand_in).encode())

    def do_POST(self) -> None:
        local = f"127.0.0.1:{self.server.server_port}"
        if self.headers.get("Origin") or self.headers.get("Host") != local:
            self._answer(403, {"error": "the admin interface answers programs on this machine only"})
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        action = _ACTIONS.get((self.command, self.path))
        if action is None:
            self._answer(404, {"error": f"no such command: {self.command} {self.path}"})
            return
        try:
            self._answer(200, action(self.server.stand_in, json.loads(body or b"{}")) or {})
        except (Refused, RolledBack, ValueError, TypeError, KeyError) as error:
            self._answer(400, {"error": f"{type(error).__name__}: {error}"})

    do_DELETE = do_POST

    def _answer(self, status: int, content: Mapping[str, Any]) -> None:
        self.respond(status, {"Content-Type": "application/json"}, json.dumps(content).encode())


Action = Callable[["StandInEngine", dict[str, Any]], Mapping[str, Any] | None]


def _load(stand_in: "StandInEngine", given: dict[str, Any]) -> None:
    stand_in.engine.load(Specification.from_xml(given["xml"]))


def _launch(stand_in: "StandInEngine", given: dict[str, Any]) -> Mapping[str, Any]:
    return {"caseId": stand_in.engine.launch(**given)}


def _fault(stand_in: "StandInEngine", given: dict[str, Any]) -> Mapping[str, Any]:
    return asdict(stand_in.arm(**given))


_ACTIONS: dict[tuple[str, str], Action] = {
    ("POST", "/load"): _load,
    ("POST", "/launch"): _launch,
    ("POST", "/complete"): lambda s, given: s.engine.complete(given["caseId"], given.get("person")),
    ("POST", "/cancel"): lambda s, given: s.engine.cancel(given["caseId"], given.get("by", "admin")),
    ("POST", "/register"): lambda s, given: s.engine.register(**given),
    ("POST", "/faults"): _fault,
    ("DELETE", "/faults"): lambda s, _: s.engine.faults.disarm(),
    ("POST", "/release"): lambda s, _: s.engine.announcer.release(),
    ("POST", "/stop"): lambda s, _: s.stop(),
    ("POST", "/start"): lambda s, _: s.start(),
    ("POST", "/restart"): lambda s, _: s.restart(),
    ("POST", "/renew-database"): lambda s, _: s.engine.renew_database(),
}


def page(stand_in: "StandInEngine") -> str:
    """What people see: services, specifications with their cases, calls, and the latest announcements."""
    engine = stand_in.engine
    with engine.lock:
        lines = [
            f"YAWL stand-in, {stand_in.url}, {'running' if stand_in.running else 'down'}",
            "",
            "Services",
            *(f"  {service.name:20} {service.uri}" for service in engine.services.values()),
            "",
            "Specifications that started, and their cases",
            *(
                f"  {logged.specification.name:40} {len(engine.log.instances(logged.key)):6} started"
                for logged in engine.log.specifications()
            ),
            f"  running: {', '.join(engine.cases) or 'none'}",
            "",
            "Armed faults",
            *(f"  {fault}" for fault in engine.faults.armed()),
            "",
            "Calls",
            *(f"  {number:6} {call}" for call, number in sorted(stand_in.calls.items())),
            "",
            "The latest announcements",
            *(
                f"  {s.action:28} {s.case_id:>8}  {s.outcome:10} {s.service}"
                for s in list(engine.announcer.log)[-SHOWN:]
            ),
        ]
    return "\n".join(lines) + "\n"
