"""The engine's log over HTTP: interface E, ``<address>/logGateway``."""

from collections.abc import Mapping, Sequence
from typing import Final

from yawl.log import texts
from yawl.log.ports import NO_SERVICE, CaseStart
from yawl.log.session import Session
from yawl.start import Specification

#: Failures that say "nothing there" (interface E's answers): a query without rows, a service key without a row.
NO_ROWS: Final = frozenset({"No rows returned."})
NO_KEY: Final = frozenset({"Unknown key."})


class HttpEngineLog:
    """An EngineLog. Service names are asked for once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._names: dict[int, str | None] = {NO_SERVICE: None}

    @property
    def clock_offset_ms(self) -> int | None:
        return self._session.clock_offset_ms

    @property
    def logins(self) -> int:
        return self._session.logins

    def specifications(self) -> Sequence[Specification]:
        text = self._session.ask("getAllSpecifications", empty=NO_ROWS)
        return texts.specifications(text) if text else []

    def case_ids(self, specification: Specification) -> list[str]:
        # By key: by identifier, the gateway answers for one of two rows of a version only.
        key = specification.key
        return texts.case_ids(self._session.ask("getSpecificationCaseIDs", key=str(key)), key)

    def case_starts(self, case_id: str) -> Sequence[CaseStart]:
        text = self._session.ask("getCaseEvent", empty=NO_ROWS, caseid=case_id, event="CaseStart")
        return texts.case_starts(text, case_id) if text else []

    def net_instances(self, specification: Specification) -> Mapping[str, Sequence[int]]:
        key = specification.key
        text = self._session.ask("getNetInstancesOfSpecification", empty=NO_ROWS, key=str(key))
        return texts.net_instances(text, key) if text else {}

    def service_name(self, key: int) -> str | None:
        if key not in self._names:
            text = self._session.ask("getServiceName", empty=NO_KEY, key=str(key))
            self._names[key] = texts.service_name(text) if text else None
        return self._names[key]

    def started(self, specification: Specification, first_ms: int, last_ms: int) -> int | None:
        # By identifier: by key, the gateway ignores the range. It takes a negative bound for none.
        identity = {"identifier": specification.identifier} if specification.identifier else {}
        text = self._session.ask(
            "getSpecificationStatistics",
            **identity,
            version=specification.version,
            uri=specification.uri,
            **{"from": str(first_ms), "to": str(last_ms)},
        )
        key, number = texts.started(text)
        return number if key == specification.key else None
