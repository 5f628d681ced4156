"""One execution of final metering for each ended period: the subscribers' stream starts it, and a schedule starts it
again if it does not run."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ledger.cancellation import grace_ends, last_end
from ledger.subscriber import Subscriber
from ledger.subscribers import Subscribers
from ledger.tables import FINAL_METERING_STATUSES
from marketplace.hour import hour_of
from metering.final.final_rules import awaits_successor
from runtime import telemetry
from runtime.clock import iso
from runtime.failure import described

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

#: Seconds after the grace from which final metering of a customer that is not cancelled is overdue.
PATIENCE = 10 * 60
#: The most characters of the key in an execution's name, which takes 80 (Step Functions API reference,
#: StartExecution); period and hour take 22.
_LONGEST = 56

logger = telemetry.logger("metering")


def execution_name(customer_identifier: str, end: int) -> str:
    """The execution's name, always the same for a period, so that it is started once; letters, digits, - and _ only."""
    clean = re.sub(r"[^A-Za-z0-9_-]", "_", customer_identifier)
    if clean != customer_identifier or len(clean) > _LONGEST:
        # Two keys must not become one name.
        digest = hashlib.sha256(customer_identifier.encode()).hexdigest()[:16]
        clean = f"{clean[: _LONGEST - 17]}_{digest}"
    return f"{clean}-{end}"


@dataclass(frozen=True)
class Starter:
    """Starts executions of one state machine, by its alias. A name is unique over all versions of the machine."""

    client: "SFNClient"
    alias_arn: str

    def start(self, subscriber: Subscriber) -> bool:
        """Start final metering of a subscriber's last period. False if it has not ended, or was started before."""
        end = last_end(subscriber)
        if subscriber.status not in FINAL_METERING_STATUSES or end is None:
            return False
        return self._start(execution_name(subscriber.customer_identifier, end), subscriber.customer_identifier, end)

    def restart(self, subscriber: Subscriber, running: frozenset[str], now: float) -> bool:
        """Start it if no execution of it is running, whatever became of the first. Returns whether one was started.

        running: names of all running executions. The name of another try ends in the hour, so there is one per hour.
        """
        end = last_end(subscriber)
        if subscriber.status not in FINAL_METERING_STATUSES or end is None:
            return False
        name = execution_name(subscriber.customer_identifier, end)
        if any(other == name or other.startswith(f"{name}-") for other in running):
            return False
        return self.start(subscriber) or self._start(f"{name}-{hour_of(now)}", subscriber.customer_identifier, end)

    def running(self, state_machine_arn: str) -> frozenset[str]:
        """Names of all running executions of the machine, whatever started them."""
        pages = self.client.get_paginator("list_executions").paginate(
            stateMachineArn=state_machine_arn, statusFilter="RUNNING"
        )
        return frozenset(execution["name"] for page in pages for execution in page["executions"])

    def _start(self, name: str, customer_identifier: str, end: int) -> bool:
        payload = {"customerIdentifier": customer_identifier, "periodEnd": end}
        try:
            self.client.start_execution(stateMachineArn=self.alias_arn, name=name, input=json.dumps(payload))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise
            return False
        logger.info("final metering started", customer=customer_identifier, ended=iso(end), execution=name)
        return True


@dataclass
class Restarts:
    """What a look after cancelled customers found and did.

    ending: customers whose last period has ended. overdue: those of them that should be cancelled by now. started:
    executions that were missing. failed: billing keys of customers whose execution could not be started.
    """

    ending: int = 0
    overdue: int = 0
    started: int = 0
    failed: list[str] = field(default_factory=list)


def restart_missing(subscribers: Subscribers, starter: Starter, running: frozenset[str], now: float) -> Restarts:
    """Start final metering of every ending customer that has none running. A failed start does not hold up the others.

    running: names of all running executions, read before the customers.
    """
    found = Restarts()
    for subscriber in _ending(subscribers):
        end = last_end(subscriber)
        if end is None or subscriber.status not in FINAL_METERING_STATUSES:
            continue
        found.ending += 1
        found.overdue += now >= grace_ends(end) + PATIENCE and not awaits_successor(subscriber, end, now - PATIENCE)
        try:
            found.started += starter.restart(subscriber, running, now)
        except ClientError as error:
            logger.error("not started", customer=subscriber.customer_identifier, **described(error))
            found.failed.append(subscriber.customer_identifier)
    return found


def _ending(subscribers: Subscribers) -> Iterator[Subscriber]:
    for status in FINAL_METERING_STATUSES:
        for customer_identifier in subscribers.with_status(status):
            subscriber = subscribers.get(customer_identifier, consistent=True)
            if subscriber is not None:
                yield subscriber
