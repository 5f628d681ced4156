"""What the tests of the deployed stage do: buyers arrive, usage is sent, hours close, one looks."""

import itertools
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from ledger import tables
from local.cloud import LocalSession
from local.replay.buyers import Buyer, Buyers
from local.stage import LocalStage
from marketplace.hour import SECONDS, hour_of
from marketplace_local import notices
from runtime.clock import iso

Item = dict[str, Any]
#: seconds of the machine's clock in which something that is under way has to have happened
PATIENCE = 30.0
#: minutes after the hour at which the schedule meters it, and a little
METERED_AT = 10.5
#: the emulator's clock is the machine's where it waits between retries: tests need not
WAIT_SCALE = 0.05


def wait_until(happened: Callable[[], bool], what: str, *, timeout: float = PATIENCE) -> None:
    """Fails by name if it has not happened in time."""
    deadline = time.monotonic() + timeout
    while not happened():
        assert time.monotonic() < deadline, f"after {timeout:g} s still not: {what}"
        time.sleep(0.05)


class Acting:
    """Everything here is done through the stage's own doors. Its clock only ever moves forward."""

    def __init__(self, stage: LocalStage) -> None:
        self.stage = stage
        self.doors = stage.outputs["YawlMetering-local-Doors"]
        self._numbers = itertools.count(1)
        self._sqs = stage.cloud.seller.client("sqs")
        self._states = stage.cloud.seller.client("stepfunctions")

    # --- buyers -------------------------------------------------------------------------------------------------------

    def arrive(self, number: int = 2) -> list[Buyer]:
        """New buyers, registered, subscribed and entitled: license and legacy in turns; basic, professional, ..."""
        names = [f"Buyer{next(self._numbers)}" for _ in range(number)]
        arrived = Buyers(self.stage).arrive(names)
        self.quiet()
        return [arrived[name] for name in names]

    def leave(self, buyer: Buyer) -> None:
        """The agreement ends, a minute from now: an end in the second of the start would leave the buyer active."""
        self.pass_minutes(1)
        Buyers(self.stage).cancel(buyer)
        self.quiet()

    def end_notice(self, buyer: Buyer) -> Item:
        """What SNS says when a legacy buyer unsubscribes."""
        return dict(
            notices.subscription_notice("unsubscribe-pending", buyer.customer_identifier, self.stage.product_code)
        )

    def quiet(self) -> None:
        """Returns when no notice is waiting or being worked on."""

        def empty() -> bool:
            urls = (self.doors["SubscriptionQueueUrl"], self.doors["EntitlementQueueUrl"])
            queues = [
                self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] for url in urls
            ]
            return all(
                queue["ApproximateNumberOfMessages"] == queue["ApproximateNumberOfMessagesNotVisible"] == "0"
                for queue in queues
            )

        wait_until(empty, "the notice queues are empty")

    # --- usage --------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self.stage.clock()

    @property
    def hour(self) -> str:
        """The running hour."""
        return iso(hour_of(self.now))

    def event(self, buyer: Buyer | str, dimension: str = "workflow_executions", quantity: Any = 1, **more: Any) -> Item:
        """A usage event of this moment."""
        key = buyer if isinstance(buyer, str) else buyer.customer_identifier
        name = f"event-{next(self._numbers)}"
        basis = {"id": name, "source": "tests", "customerIdentifier": key, "dimension": dimension}
        return {**basis, "quantity": quantity, "occurredAt": iso(self.now), **more}

    def send(self, *events: Item) -> list[Item]:
        """Their verdicts."""
        answer = self.stage.api.call("POST", "/usage", {"events": list(events)}, caller=self.stage.usage_sender)
        assert answer.status == 200, answer
        verdicts: list[Item] = answer.json["verdicts"]
        return verdicts

    def record(self, *events: Item) -> None:
        """Send them; all must be recorded."""
        verdicts = self.send(*events)
        assert [verdict["verdict"] for verdict in verdicts] == ["recorded"] * len(events), verdicts

    # --- hours --------------------------------------------------------------------------------------------------------

    def pass_minutes(self, minutes: float) -> None:
        self.stage.clock.set(self.now + 60 * minutes)

    def close_hour(self) -> None:
        """On to the minute of the next hour at which this one is metered."""
        self.stage.clock.set(hour_of(self.now) + SECONDS + 60 * METERED_AT)

    def start_run(self, payload: Item | None = None) -> str:
        """Starts the hourly workflow; the execution's ARN."""
        started = self._states.start_execution(stateMachineArn=self.stage.started_arn, input=json.dumps(payload or {}))
        return started["executionArn"]

    def end_run(self, arn: str, *, timeout: float = PATIENCE) -> Item:
        """The execution when it has ended, however it did."""
        wait_until(lambda: self._execution(arn)["status"] != "RUNNING", f"{arn} has ended", timeout=timeout)
        return self._execution(arn)

    def meter_at_once(self) -> Item:
        """A run whose waits for Marketplace are next to nothing; the simulated clock stands still meanwhile."""
        self.stage.cloud.set_wait_scale(0.002)
        try:
            return self.stage.meter()
        finally:
            self.stage.cloud.set_wait_scale(WAIT_SCALE)

    def _execution(self, arn: str) -> Item:
        return dict(self._states.describe_execution(executionArn=arn))

    def runs(self) -> set[str]:
        """ARNs of all executions so far."""
        pages = self._states.get_paginator("list_executions").paginate(stateMachineArn=self.stage.state_machine_arn)
        return {execution["executionArn"] for page in pages for execution in page["executions"]}

    def states_of(self, arn: str) -> list[str]:
        """The states that an execution went through, in order."""
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [event for page in pages for event in page["events"]]
        return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]

    def schedule_once(self, name: str, group: str, target: Any) -> None:
        """A schedule of this very target, but now and once. Its role trusts Scheduler for its own group alone."""
        soon = datetime.fromtimestamp(time.time() + 1, UTC)
        self.stage.cloud.seller.client("scheduler").create_schedule(
            Name=name,
            GroupName=group,
            ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target=target,
        )

    # --- functions ----------------------------------------------------------------------------------------------------

    def function(self, called: str) -> str:
        """The name that a function has here. ``called``: as its construct is named."""
        pages = self.stage.cloud.seller.client("lambda").get_paginator("list_functions").paginate()
        names = {each["FunctionName"] for page in pages for each in page["Functions"]}
        (name,) = [name for name in names if called.replace("-", "") in name.lower()]
        return name

    def invoke(self, called: str) -> Item:
        """A call of a function, as its schedule makes it; its answer."""
        lambda_ = self.stage.cloud.seller.client("lambda")
        answer = lambda_.invoke(FunctionName=self.function(called), Payload=b"{}", Qualifier="live")
        payload: Item = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def said(self, alias_arn: str) -> str:
        """What a function has logged so far."""
        return self.stage.cloud.function_log(alias_arn.split(":")[6], lines=100_000)

    # --- leaving ------------------------------------------------------------------------------------------------------

    def final_meterings(self, buyer: Buyer) -> list[Item]:
        """Executions of final metering for a buyer, the newest first."""
        arn = self.stage.outputs["YawlMetering-local-Metering"]["FinalMeteringArn"]
        listed = self._states.list_executions(stateMachineArn=arn)["executions"]
        return [dict(e) for e in listed if e["name"].startswith(buyer.customer_identifier)]

    def stop(self, execution: Item) -> None:
        self._states.stop_execution(executionArn=execution["executionArn"])

    def look_after_leavers(self) -> Item:
        """What the stage does every few minutes; its answer."""
        names = self.stage.cloud.seller.client("lambda")
        functions = [
            f["FunctionName"] for p in names.get_paginator("list_functions").paginate() for f in p["Functions"]
        ]
        (name,) = [name for name in functions if "lookafterleavers" in name.lower()]
        answer = names.invoke(FunctionName=name, Payload=b"{}")
        payload: Item = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def wait_for_status(self, buyer: Buyer, status: str) -> None:
        wait_until(lambda: self.get(buyer)["subscriptionStatus"] == status, f"the subscription is {status}")

    # --- what is there ------------------------------------------------------------------------------------------------

    def get(self, buyer: Buyer, what: str = "") -> Item:
        """``GET /subscribers/{id}``, its ``/entitlements`` or ``/usage``."""
        path = f"/subscribers/{buyer.customer_identifier}{what}"
        answer = self.stage.api.call("GET", path, caller=self.stage.usage_sender)
        assert answer.status == 200, answer
        content: Item = answer.json
        return content

    def verdicts(self, buyer: Buyer) -> dict[tuple[str, str], str]:
        """What the usage API tells of each line, by hour and dimension."""
        hours = self.get(buyer, "/usage")["hours"]
        return {(hour["hour"], line["dimension"]): line["verdict"] for hour in hours for line in hour["lines"]}

    def billed(self, *buyers: Buyer) -> dict[tuple[str, str, str], Decimal]:
        """Accepted quantities at the Marketplace, by buyer, hour and dimension. Fails if one was accepted twice."""
        keys = {buyer.customer_identifier for buyer in buyers}
        found = [line for line in self.stage.marketplace.accepted() if line["buyer"] in keys]
        by_slot = {(line["buyer"], line["hour"], line["dimension"]): Decimal(line["quantity"]) for line in found}
        assert len(by_slot) == len(found), f"accepted twice: {found}"
        return by_slot

    def calls(self) -> list[Item]:
        """All calls of BatchMeterUsage so far."""
        return [call for call in self.stage.marketplace.calls() if call["operation"] == "BatchMeterUsage"]

    def stored(self) -> dict[str, list[Item]]:
        """Every item of every table."""
        return {
            table.name: sorted(self.stage.items(table), key=lambda item: json.dumps(item, default=str, sort_keys=True))
            for table in tables.ALL_TABLES
        }

    def signed(self, method: str, path: str, body: bytes, caller: LocalSession) -> dict[str, str]:
        """Headers of a signed JSON request, for one that is then sent otherwise."""
        credentials = caller.get_credentials()
        assert credentials is not None
        headers = {"Content-Type": "application/json"}
        request = AWSRequest(method=method, url=f"{self.stage.api.url}{path}", data=body, headers=headers)
        SigV4Auth(credentials, "execute-api", caller.region_name).add_auth(request)
        return dict(request.headers.items())
