"""Connects an engine to the deployed stage, as an operator does: password, parameter, registration by interface A."""

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from local.stage import STAGE, LocalStage
from yawl.engine import Engine

if TYPE_CHECKING:
    from local.cloud import LocalSession

#: What the engine of ``stages/local.toml`` announces with; the file has its hash.
ANNOUNCEMENT_SECRET = "local-address-of-the-engine"  # noqa: S105  # of a stage that never leaves this machine
#: Seconds in which messages have to be recorded.
PATIENCE = 60.0


class ReadingFailed(RuntimeError):
    """The function ``reconcile-engine`` failed, or its messages were not recorded in time."""


class EngineConnection:
    """One engine of the stage, from the stage's side."""

    def __init__(self, stage: LocalStage, engine: Engine) -> None:
        """Stores the engine in the parameter that functions read it from. They may know its former values for a
        minute, so an id belongs to one engine."""
        self.engine = engine
        self._stage = stage
        self._outputs = stage.outputs[f"YawlMetering-{STAGE}-Yawl"]
        session: LocalSession = stage.cloud.seller
        self._lambda, self._sqs = session.client("lambda"), session.client("sqs")
        name = f"/yawl-metering/{STAGE}/engines/{engine.id}"
        session.client("ssm").put_parameter(Name=name, Value=engine.to_json(), Type="String", Overwrite=True)

    @property
    def announcement_url(self) -> str:
        """What is registered in the engine."""
        return f"{self._stage.api.url}/yawl/v1/{self.engine.id}/{ANNOUNCEMENT_SECRET}"

    def read(self) -> dict[str, Any]:
        """Lets the engine's log be read once, waits until its usage is recorded, and returns the function's answer.

        Raises ReadingFailed.
        """
        answer = self._lambda.invoke(
            FunctionName=self._outputs["ReconcileFunctionArn"], Payload=json.dumps({"engine": self.engine.id})
        )
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise ReadingFailed(f"reconcile-engine: {result}")
        self.wait_until_recorded()
        return result

    def wait_until_recorded(self) -> None:
        """Returns when the queue of the engines' usage is empty. Raises ReadingFailed."""
        end = time.monotonic() + PATIENCE
        while self._waiting():
            if time.monotonic() > end:
                raise ReadingFailed(f"after {PATIENCE:.0f} s usage of engines is still in its queue")
            time.sleep(0.05)

    def _waiting(self) -> bool:
        url = self._outputs["EngineUsageQueueUrl"]
        counts = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return any(int(number) for name, number in counts.items() if name.startswith("ApproximateNumberOfMessages"))


def store_password(stage: LocalStage, password: str) -> None:
    """Stores the secret that the stage's engine names."""
    (engine,) = stage.settings.engines
    secrets = stage.cloud.seller.client("secretsmanager")
    try:
        secrets.create_secret(Name=engine.secret_name or "", SecretString=password)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=engine.secret_name or "", SecretString=password)


def engine_of(stage: LocalStage, address: str, resource_address: str | None, **changes: Any) -> Engine:
    """The engine of the stage file, at its real addresses; ``changes`` names its customers."""
    (engine,) = stage.settings.engines
    users = engine.dimensions.users if resource_address else None
    return replace(
        engine,
        address=address,
        resource_address=resource_address,
        dimensions=replace(engine.dimensions, users=users),
        **changes,
    )
