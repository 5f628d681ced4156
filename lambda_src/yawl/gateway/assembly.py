"""What the function ``engine-gateway`` works with, put together from its settings."""

import json
from collections.abc import Callable

from ledger import dynamodb
from runtime import aws, clock
from runtime.settings import EngineGatewaySettings
from yawl.engines import Engines
from yawl.gateway.notes import Notes
from yawl.gateway.receive import Gateway

#: Seconds for which the reader waits: an engine announces its start about 0.3 s before it takes requests itself.
UNTIL_IT_LISTENS = 10


def gateway(settings: EngineGatewaySettings) -> Gateway:
    """The gateway of a stage."""
    return Gateway(
        engines=Engines.connect(settings.ENGINES_PATH),
        notes=Notes(dynamodb.connect().Table(settings.ENGINES_TABLE)),
        read_log=_invoking(settings.RECONCILE_FUNCTION),
        clock=clock.now,
    )


def _invoking(function: str) -> Callable[[str], None]:
    """Invokes the function that reads an engine's log. Engines start seldom, so the client is made when one does."""

    def read_log(engine_id: str) -> None:
        event = json.dumps({"engine": engine_id, "afterSeconds": UNTIL_IT_LISTENS})
        aws.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=event)

    return read_log
