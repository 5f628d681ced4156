"""Function ``tell-people``: mails at the moments that need a person, from the queue of the stage's events.

No line of the log holds an address. The queue also has a message of the clock, ``Look``, at which registrations are
looked for that AWS Marketplace has not confirmed.
"""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from buyer.assembly import people
from buyer.people.tell import Teller
from runtime import clock, telemetry
from runtime.failure import described
from runtime.metric_names import RegistrationMetric
from runtime.queued import Message, each_message
from runtime.settings import TellPeopleSettings

logger = telemetry.logger("registration")
metrics = telemetry.metrics("registration")
_COUNTED = {
    "vendor": RegistrationMetric.MAILS_SENT,
    "buyer": RegistrationMetric.MAILS_SENT,
    "buyer_refused": RegistrationMetric.MAILS_REFUSED,
}


@cache
def teller() -> Teller:
    """What tells, made from the function's environment once."""
    return people.teller(TellPeopleSettings.from_env())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of the queue; the answer names the messages that failed, which come again."""
    return each_message(event, _handled)


def _handled(message: Message) -> None:
    try:
        said = json.loads(message.body)
        if said["detail-type"] == "Look":
            logger.info("looked", unconfirmed=teller().look(clock.now()))
            return
        done = teller().tell(said)
    except Exception as error:
        logger.error("people not told", message=message.id, **described(error))
        raise
    for each in done:
        metrics.add_metric(_COUNTED[each], MetricUnit.Count, 1)
    customer = said["detail"].get("customerIdentifier")
    logger.info("people told", moment=said["detail-type"], customer=customer, done=done)
