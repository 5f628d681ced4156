"""``make run ENGINE=…``: the customer's cases run in a living engine, at the end of the day and in real time.

A living engine logs its own time, so its cases cannot start in a simulated hour. The simulated day is yesterday then.
After it the clock shows the machine's time, the cases start, the log is read, and that hour is metered like the others.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from urllib3.exceptions import HTTPError

from ledger.usage_events import event_key
from local.engine_connection import EngineConnection, engine_of, store_password
from local.fold import WORKFLOW_EXECUTIONS
from local.replay.send_usage import Tally
from local.run_report.extras import Check
from local.stage import LocalStage
from local.yawl_engine.accounts import digest
from local.yawl_engine.client import EngineClient, exchange, parts
from marketplace.hour import SECONDS, hour_of

CASES = 100
#: Seconds until the engine's log has the row of the last start, and the engine has announced it.
SETTLED = 5.0
#: Seconds after an hour's end at which it is metered.
METERED_AFTER = 630.0
REMEDY = "ENGINE names its web application, for example http://127.0.0.1:8080/yawl"
_ADDRESS = re.compile(r"https?://[^\s?#]+")


class EngineRefuses(RuntimeError):
    """The engine does not do what the run asks for; the message has its answer."""


@dataclass(frozen=True)
class LivingEngine:
    """Where a living engine is. user, password: of a client account that exists."""

    address: str
    user: str
    password: str

    def check(self) -> None:
        """Looks whether the engine lets the account in, before anything is deployed. Raises EngineRefuses."""
        if not _ADDRESS.fullmatch(self.address):
            raise EngineRefuses(f"ENGINE={self.address} is no address: {REMEDY}")
        try:
            answer = exchange(f"{self.address}/ia", action="connect", userID=self.user, password=digest(self.password))
        except HTTPError:
            raise EngineRefuses(f"{self.address} does not answer: start the engine, or correct ENGINE") from None
        if failures := parts(answer.text, "failure"):
            reason = re.sub("<[^>]*>", "", failures[0])
            raise EngineRefuses(
                f"the engine does not let {self.user} in: {reason}: correct ENGINE_USER or ENGINE_PASSWORD"
            )
        if answer.status != 200 or not parts(answer.text, "response"):
            raise EngineRefuses(f"{self.address} is no YAWL engine's (HTTP {answer.status}): {REMEDY}")


class LivingEngineDay:
    """The engine's part of a run. It is read by specification, because other people may use the engine as well."""

    def __init__(self, stage: LocalStage, living: LivingEngine, customer: str, stack: ExitStack) -> None:
        """Loads a specification and registers the stage. Raises EngineRefuses."""
        self._stage, self._customer = stage, customer
        self.address = living.address
        self._client = EngineClient(living.address, living.user, living.password, None)
        stack.callback(self._client.remove)
        self._specification = self._client.upload("done", "MeteringRun")
        store_password(stage, living.password)
        described = engine_of(
            stage,
            living.address,
            None,
            attributed_by="specification",
            customers={self._specification.identifier: customer},
            user=living.user,
            since=time.time() - SETTLED,
        )
        self._connection = EngineConnection(stage, described)
        answer = self._client.register(self._connection.announcement_url, "metering-run")
        if "<success/>" not in answer:
            raise EngineRefuses(f"the engine does not register {stage.api.url}: {answer}")

    def pass_hour(self, hour: int, day: date) -> Counter[str]:
        """Nothing happens in a simulated hour."""
        return Counter()

    def finish(self, tally: Tally) -> None:
        """Starts the cases, lets the log be read, and meters the hour. Raises EngineRefuses and ReadingFailed."""
        self._stage.clock.set(time.time())
        self._launch(1)
        # Cases that start while a specification's first row is written may stay out of its list for ever.
        time.sleep(SETTLED)
        self._launch(CASES - 1)
        time.sleep(SETTLED)
        if not self._connection.read()["good"]:
            raise EngineRefuses(f"the log of {self.address} was not read; the log of reconcile-engine says why")
        self.add_to(tally)
        self._stage.clock.set(hour_of(self._stage.clock()) + SECONDS + METERED_AFTER)
        self._stage.meter()

    def _launch(self, number: int) -> None:
        for _ in range(number):
            answer = self._client.launch(self._specification)
            if "<" in answer:
                raise EngineRefuses(f"the engine does not launch a case: {answer[:300]}")

    def add_to(self, tally: Tally) -> None:
        """Adds what the engine's own log shows, once, as received and recorded."""
        key = (self._customer, WORKFLOW_EXECUTIONS)
        cases = Decimal(len(self._cases()))
        before = tally.received[key]
        tally.received[key] += cases
        tally.by_verdict["recorded"][key] += tally.received[key] - before

    def check(self, events: Iterable[Mapping[str, Any]]) -> Check:
        """Holds the ledger's usage events against the engine's own log, case by case."""
        engine = self._connection.engine
        cases = self._cases()
        stored = [event["eventId"] for event in events if event["eventId"].startswith(event_key(f"yawl:{engine.id}:"))]
        expected = [event_key(f"yawl:{engine.id}:{engine.epoch}:case:{case_id}#1") for case_id in cases]
        return Check(
            statement="Each case of the YAWL engine's log is recorded once, and nothing else.",
            holds=len(cases) == CASES and Counter(stored) == Counter(expected),
            figures=f"{len(cases)} cases in {self.address}, {len(stored)} in the ledger",
        )

    def _cases(self) -> list[str]:
        return parts(self._client.log("getSpecificationCaseIDs", **self._specification.in_log), "case")
