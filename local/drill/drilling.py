"""What scenarios act with: buyers, usage, simulated time with the stage's schedules, alarms, and an operator."""

import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from local.alarm_judge import Alarm, Call, judge, read_alarms
from local.alarm_judge.alarms import Templates
from local.alarm_judge.pump import Pump
from local.drill.runbook import Operator
from local.drill.schedules import Schedules
from local.replay.buyers import Buyer, Buyers
from local.replay.reckon import Stored
from local.stage import STAGE, LocalStage
from marketplace.hour import SECONDS, hour_of
from runtime.clock import iso

Item = dict[str, Any]
DIMENSION = "workflow_executions"
#: Where units are that are not on a bill, and not for the buyer's own good reasons.
NAMED = ("failed", "unconfirmed", "notSent")
MINUTES = 60
#: Seconds of this machine's clock.
PATIENCE = 30.0


class DrillFailed(AssertionError):
    """Something that the scenario promises did not happen."""


class Drilling:
    """One deployed stage under drill; its clock only moves forward. began: the simulated minute of the fault."""

    def __init__(self, stage: LocalStage, templates: Templates) -> None:
        self.stage = stage
        self.pump = Pump(stage, templates)
        self.operator = Operator(stage)
        self.began = 0
        self._schedules = Schedules(stage, left_out=("-Yawl-",))
        self._alarms = [_calling(alarm) for alarm in read_alarms(templates).values()]
        self._first = self.pump.first_minute
        self._numbers = itertools.count(1)

    # --- buyers and usage ---------------------------------------------------------------------------------------------

    def arrive(self, number: int = 2) -> list[Buyer]:
        """New buyers, registered, subscribed and entitled: license and legacy in turns."""
        names = [f"Drill{next(self._numbers)}" for _ in range(number)]
        arrived = Buyers(self.stage).arrive(names)
        return [arrived[name] for name in names]

    def event(self, buyer: Buyer, quantity: Any, dimension: str = DIMENSION, **more: Any) -> Item:
        """A usage event of this moment."""
        name = {
            "id": f"drill-{next(self._numbers)}",
            "source": "drill",
            "customerIdentifier": buyer.customer_identifier,
        }
        return {**name, "dimension": dimension, "quantity": quantity, "occurredAt": iso(self.now), **more}

    def report(self, *events: Item) -> None:
        """Send usage. Raises DrillFailed unless all of it is recorded."""
        verdicts = self.try_to_report(*events)
        if set(verdicts) != {"recorded"}:
            raise DrillFailed(f"usage was not recorded: {verdicts[:3]}")

    def try_to_report(self, *events: Item) -> list[str]:
        """Send usage; its verdicts, or the text of the answer where it has none."""
        answer = self.stage.api.call("POST", "/usage", {"events": list(events)}, caller=self.stage.usage_sender)
        return [each["verdict"] for each in answer.json["verdicts"]] if answer.status == 200 else [answer.text]

    def put_on_queue(self, event: Item) -> None:
        """Send an event as an app does that does not wait for the verdict."""
        sqs = self.stage.cloud.seller.client("sqs")
        sqs.send_message(
            QueueUrl=self.stage.outputs[f"YawlMetering-{STAGE}-Doors"]["UsageQueueUrl"],
            MessageBody=json.dumps({"events": [event]}),
            MessageGroupId=event["customerIdentifier"],
            MessageDeduplicationId=event["id"],
        )

    def use(self, buyers: Sequence[Buyer], quantity: int = 100) -> str:
        """Usage of each buyer in this hour, beyond what its contract includes; the hour as ids have it."""
        for buyer in buyers:
            self.report(self.event(buyer, quantity))
        return iso(hour_of(self.now))[:16] + "Z"

    # --- time ---------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Simulated, in epoch seconds."""
        return self.stage.clock()

    @property
    def minute(self) -> int:
        """Simulated, since the epoch."""
        return int(self.now // MINUTES)

    def pass_minutes(self, minutes: float) -> None:
        """Let time pass; the stage's schedules call what they call."""
        end = self.now + minutes * MINUTES
        for at, schedule in self._schedules.due(self.now, end):
            if at > self.now:
                self._set(at)
            self._schedules.call(schedule)
        self._set(max(end, self.now))

    def jump(self, moment: float) -> None:
        """On to a moment (epoch seconds) far ahead; nothing is called meanwhile."""
        self.pump.skip_to(lambda: self.stage.clock.set(moment))

    def until_metered(self) -> None:
        """On to the minute after the run of the running hour."""
        self.until_minute(12)

    def until_minute(self, minute: int) -> None:
        """On to that minute of the next hour."""
        self.pass_minutes((hour_of(self.now) + SECONDS - self.now) / MINUTES + minute)

    def fault(self) -> None:
        """From now on the stage suffers."""
        self.began = self.minute

    def paged(self, alarm: str, *, within: int) -> int:
        """Let time pass until the alarm calls; minutes since the fault. Raises DrillFailed if it does not."""
        while True:
            called = [call.minute for call in self._calls_of(self._needed(alarm)) if call.alarm == alarm]
            if called:
                return called[0] - self.began
            if self.minute - self.began > within:
                others = sorted({call.alarm for call in self.calls()})
                raise DrillFailed(f"{alarm} has not called within {within} minutes; these have: {others}")
            self.pass_minutes(5)

    def calls(self) -> list[Call]:
        """Whom the stage's alarms have called since the fault."""
        return self._calls_of(self._alarms)

    def _calls_of(self, alarms: Sequence[Alarm]) -> list[Call]:
        self.pump.look()
        found = judge(alarms, self.pump.take(), range(self._first, self.minute + 1))
        return [call for call in found.calls if call.minute >= self.began]

    def _needed(self, name: str) -> list[Alarm]:
        """An alarm, and those that it looks at."""
        by_id = {alarm.logical_id: alarm for alarm in self._alarms}
        ids = [alarm.logical_id for alarm in self._alarms if alarm.name == name]
        if not ids:
            raise DrillFailed(f"the stage has no alarm {name}")
        for each in ids:
            alarm = by_id[each]
            looked_at = [*alarm.members, alarm.suppressor] if alarm.composite else []
            ids.extend(other for other in looked_at if other and other not in ids)
        return [by_id[each] for each in ids]

    def counted(self, metric: str) -> float:
        """What the functions have counted of a metric since the fault, whatever its dimensions."""
        return self.pump.take().total(metric, since=self.began)

    def wait(self, happened: Callable[[], bool], what: str) -> None:
        """By this machine's clock. Raises DrillFailed."""
        deadline = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > deadline:
                raise DrillFailed(f"after {PATIENCE:g} s still not: {what}")
            time.sleep(0.05)

    def runs_ended(self) -> None:
        """Wait for the executions that an operator has started."""
        states = self.stage.cloud.seller.client("stepfunctions")
        arn = self.stage.state_machine_arn
        self.wait(
            lambda: not states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"],
            "the hourly run has ended",
        )

    def depth(self, stack: str, output: str) -> int:
        """Messages that wait in a queue."""
        url = self.stage.outputs[f"YawlMetering-{STAGE}-{stack}"][output]
        sqs = self.stage.cloud.seller.client("sqs")
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def _set(self, moment: float) -> None:
        self.pump.look()
        self.stage.clock.set(moment)
        self.pump.clock_moved()

    # --- money --------------------------------------------------------------------------------------------------------

    def units(self, buyers: Sequence[Buyer]) -> Mapping[str, Decimal]:
        """Units of these buyers by their state (``local.run_report.schema``)."""
        own = {buyer.customer_identifier for buyer in buyers}
        states = Stored.of(self.stage).states
        return {
            name: sum((amount for (customer, _), amount in units.items() if customer in own), Decimal(0))
            for name, units in states.items()
        }


def _calling(alarm: Alarm) -> Alarm:
    """As in production: the stage ``local`` names nobody whom its alarms could call."""
    if alarm.severity == "Silent" or alarm.actions:
        return alarm
    return replace(alarm, properties={**alarm.properties, "AlarmActions": ["a person"]})
