"""The engine itself: services, specifications, cases, and what each of them announces and logs."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from xml.sax.saxutils import escape

from local.yawl_engine import java
from local.yawl_engine.accounts import Account, Sessions, digest
from local.yawl_engine.announcer import Announcer, Params
from local.yawl_engine.faults import LAUNCHES, Fault, Faults
from local.yawl_engine.log import CANCEL, COMPLETE, EngineLog
from local.yawl_engine.resource_log import SYSTEM, ResourceLog
from local.yawl_engine.specification import Specification

WORKLETS, WORKLIST = "workletService", "DefaultWorklist"
#: Seconds until a row is in the log. A living engine took up to 0.2.
BEHIND = 0.02
#: The log's tables hold no longer id: such a launch is announced and fails.
LONGEST_CASE_ID = 255


class Refused(Exception):
    """The engine refuses; the message is the reason that it gives."""


class RolledBack(Exception):
    """A launch failed after it was announced and logged."""


@dataclass
class Case:
    """A running case. observer: the address that alone hears of its completion; None: all services do."""

    case_id: str
    specification: Specification
    observer: str | None
    data: str


class Engine:
    """One engine with its database. ``restart`` keeps the database, ``renew_database`` does not.

    now: its clock. behind: seconds until a row is in the log. clients: passwords of client accounts. All methods may be
    called from several threads.
    """

    def __init__(
        self, now: Callable[[], float] = time.time, *, behind: float = BEHIND, clients: Mapping[str, str] | None = None
    ) -> None:
        self.now = now
        self.faults = Faults()
        self.sessions = Sessions(now)
        self.announcer = Announcer(now, self.faults)
        self.lock = threading.RLock()
        self._behind = behind
        self._first_clients = {"admin": "YAWL", **(clients or {})}
        self._timers: list[threading.Timer] = []
        self.renew_database()

    def renew_database(self) -> None:
        """Everything is made anew: accounts, services, specifications, log, and the case numbers begin at 1."""
        with self.lock:
            self.sessions.close_all()
            self.clients = {name: Account(name, digest(word)) for name, word in self._first_clients.items()}
            self.services: dict[str, Account] = {}
            for name, path, words in (
                (WORKLETS, "workletService", "the worklet service"),
                (WORKLIST, "resourceService", ""),
            ):
                uri = f"http://localhost:8080/{path}/ib"
                self.services[uri] = Account(name, digest(name), words, uri)
            self.specifications: dict[tuple[str, str], Specification] = {}
            self.cases: dict[str, Case] = {}
            self.log = EngineLog(self.now, self._behind)
            self.people = ResourceLog(self.now)
            self._last_number = 0
            self._read_by_resource_service()

    # --- accounts and services

    def account(self, name: str) -> Account | None:
        """The client account of this name, or the service; names of services are not unique."""
        return self.clients.get(name) or next((s for s in self.services.values() if s.name == name), None)

    def register(self, uri: str, name: str = "meter", password: str = "", assignable: bool = False) -> None:
        """Registers a service, if its address answers HEAD. Raises Refused."""
        self.add_service(Account(name, password or digest(name), "", uri, assignable))

    def add_service(self, service: Account) -> None:
        """The same with all that a service has. Raises Refused."""
        uri = service.uri or ""
        try:
            java.head(uri)
        except (OSError, HTTPException, ValueError):
            raise Refused(f"Service unresponsive: {uri}") from None
        with self.lock:
            if uri in self.services:
                raise Refused(f"Engine has already registered a service with the same URI [{uri}]")
            self.services[uri] = service

    def remove_service(self, uri: str) -> None:
        """Raises Refused if there is none."""
        with self.lock:
            if self.services.pop(uri, None) is None:
                raise Refused(f"Engine does not contain this YAWL service [ {uri} ]")

    # --- specifications

    def load(self, specification: Specification) -> None:
        """Raises Refused if this version is loaded."""
        with self.lock:
            key = (specification.identifier, specification.version)
            if key in self.specifications:
                raise Refused(
                    f"There is a specification with an identical id to [UID: {key[0]}- Version: {key[1]}] "
                    "already loaded into the engine."
                )
            self.specifications[key] = specification

    def unload(self, identifier: str, version: str, uri: str) -> None:
        """Raises Refused if it is not loaded or has running cases."""
        with self.lock:
            specification = self.specifications.get((identifier, version))
            if specification is None:
                raise Refused(f"Engine contains no such specification with id '{uri} - version {version}'.")
            if any(case.specification == specification for case in self.cases.values()):
                raise Refused(
                    f"Cannot unload specification '{specification.name}' as one or more cases are currently active "
                    "against it."
                )
            del self.specifications[identifier, version]

    def specification(self, identifier: str, version: str | None = None, uri: str = "") -> Specification:
        """The loaded version, or the latest. Raises Refused if there is none, or a later one is loaded."""
        versions = [s for (own, _), s in self.specifications.items() if own == identifier]
        found = next((s for s in versions if version in (None, s.version)), None)
        if found is None:
            raise Refused(f"No specification found with ID [{uri} - version {version}]")
        latest = max(versions, key=_version)
        if version is not None and found is not latest:
            raise Refused(
                "Starting a new case for a superseded specification is not allowed. The latest loaded version is "
                f"{latest.version}"
            )
        return latest

    # --- cases

    def launch(
        self,
        identifier: str,
        version: str | None = None,
        *,
        uri: str = "",
        by: str = "admin",
        case_id: str | None = None,
        observer: str | None = None,
        data: str = "",
        person: str | None = None,
        delayed: bool = False,
    ) -> str:
        """Starts a case and returns its id. Raises Refused, and RolledBack where a fault wants it.

        by: the service or client account that launches; person: the participant for whom the resource service does.
        case_id: None takes the next number. data: the XML within the net's element.
        """
        with self.lock:
            specification = self.specification(identifier, version, uri)
            if case_id is None:
                self._last_number += 1
                case_id = str(self._last_number)
            elif case_id in self.cases:
                raise Refused(f"CaseID '{case_id}' is already active.")
            fault = self.faults.take(LAUNCHES)
            kind = fault.kind if fault else ""
            launcher = self.account(by)
            case = Case(case_id, specification, observer, data)
            if len(case_id) <= LONGEST_CASE_ID:
                # A delayed launch is logged without its service.
                self.log.start(specification, case_id, None if delayed else by, kind)
            self._announce_to_all(
                {
                    "action": "announceCaseStarted",
                    "specidentifier": specification.identifier,
                    "specversion": specification.version,
                    "specuri": specification.uri,
                    "caseID": case_id,
                    "launchingService": launcher.uri if launcher else None,
                    "delayed": str(delayed).lower(),
                }
            )
            if kind == "launch-fails" or len(case_id) > LONGEST_CASE_ID:
                raise RolledBack
            self.cases[case_id] = case
            if person is not None:
                self.people.add(specification, case_id, person, "launch_case")
            if specification.waiting_task is None:
                for _ in range(2):  # A case that ends within its launch is announced and logged as ended twice.
                    self._complete(case, logged=kind != "without-completion")
            else:
                self._offer(case)
            return case_id

    def launch_later(self, seconds: float, identifier: str, version: str, uri: str) -> None:
        """A delayed launch, which knows no service. Raises Refused."""
        self.specification(identifier, version, uri)
        timer = threading.Timer(seconds, self.launch, (identifier, version), {"delayed": True})
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def complete(self, case_id: str, person: str | None = None) -> None:
        """The case's work item is done, by a participant or a service, and the case with it. Raises Refused."""
        with self.lock:
            case = self._running(case_id)
            if person is not None:
                self.people.add(case.specification, case_id, person, "allocate", "start", "complete")
            for before, after in (("Enabled", "Executing"), ("Executing", "Complete")):
                item = _work_item(case, before, person)
                self._announce_to_all(
                    {"action": "announceItemStatus", "workItem": item, "oldStatus": before, "newStatus": after}
                )
            self._complete(case)

    def work(self, specification: Specification, person: str) -> None:
        """A participant works on an item of the latest case of a specification."""
        with self.lock:
            self.people.add(specification, str(self._last_number), person, "start", "complete")

    def cancel(self, case_id: str, by: str = "admin") -> None:
        """Raises Refused if the case does not run."""
        with self.lock:
            self._running(case_id)
            del self.cases[case_id]
            self.log.end(CANCEL, case_id, by)
            self._announce_to_all({"action": "announceCaseCancelled", "caseID": case_id})

    # --- the engine's life

    def arm(self, fault: Fault) -> Fault:
        """Arms a fault; those of sessions and rows act at once."""
        return self.faults.arm(fault)

    def shut_down(self) -> None:
        """Sessions, delayed launches, waiting announcements and poisoned threads are gone; the database stays."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.announcer.stop()
        self.sessions.close_all()
        self.faults.disarm(("poisoned",))

    def wake_up(self) -> None:
        """Asks each service with HEAD and announces that the engine is there."""
        with self.lock:
            self._read_by_resource_service()
            self.log.restart()
            addresses = [service.uri or "" for service in self.services.values() if not _own(service)]
        for address in addresses:
            try:
                java.head(address)
            except (OSError, HTTPException, ValueError):
                continue
            self.announcer.announce(address, {"action": "announceEngineInitialised", "maxWaitSeconds": "5"})

    def _read_by_resource_service(self) -> None:
        """The resource service reads the engine's accounts once, when the engine starts."""
        self.known_to_resource_service = {*self.clients, *(service.name for service in self.services.values())}

    def _running(self, case_id: str) -> Case:
        case = self.cases.get(case_id)
        if case is None:
            raise Refused(f"Case [{case_id}] not found.")
        return case

    def _complete(self, case: Case, *, logged: bool = True) -> None:
        self.cases.pop(case.case_id, None)
        if logged:
            self.log.end(COMPLETE, case.case_id)
        net = case.specification.net
        element = f"<{net}>{case.data}</{net}>" if case.data else f"<{net} />"
        params: Params = {
            "action": "announceCaseCompleted",
            "caseID": case.case_id,
            "casedata": f'<?xml version="1.0" encoding="UTF-8"?>\r\n{element}\r\n',
        }
        if case.observer is None:
            self._announce_to_all(params)
        elif case.observer in self.services:
            self.announcer.announce(case.observer, params)

    def _offer(self, case: Case) -> None:
        """The default worklist gets the work item and offers it; no other service hears of that."""
        self.people.add(case.specification, case.case_id, SYSTEM, "offer")

    def _announce_to_all(self, params: Params) -> None:
        for service in list(self.services.values()):
            if not _own(service):
                self.announcer.announce(service.uri or "", params)


def _own(service: Account) -> bool:
    """The engine's own services are within the stand-in and hear nothing over HTTP."""
    return service.name in (WORKLETS, WORKLIST)


def _version(specification: Specification) -> tuple[int, ...]:
    return tuple(int(part) for part in specification.version.split(".") if part.isdecimal())


def _work_item(case: Case, status: str, person: str | None) -> str:
    s = case.specification
    fields = {
        "taskid": s.waiting_task or "",
        "caseid": f"{case.case_id}.1",
        "taskname": s.waiting_task or "",
        "specidentifier": s.identifier,
        "specversion": s.version,
        "specuri": s.uri,
        "status": status,
        "startedBy": person or WORKLIST,
    }
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return f"<workItem>{inner}<data>{case.data}</data></workItem>"
