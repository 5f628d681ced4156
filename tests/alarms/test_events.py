"""What keeps the app from learning of its customers calls people: by the metrics that the functions print."""

from tests.alarms.life import Life, printed
from tests.alarms.proof import prove
from tests.synthesized import Assembly
from tests.unit.buyer.webhook.conftest import Sending

BEGINS = 100


def refused(life: Life, sending: Sending, times: int) -> None:
    """The receiver is not where it was: one event is tried so often."""
    sending.receiver.statuses = [404] * times
    for number in range(times):
        life.emf(printed(lambda: sending.send()), BEGINS + number)


def test_a_receiver_that_refuses_webhooks(priced: Assembly, sending: Sending) -> None:
    life = Life(priced)
    refused(life, sending, 3)
    prove(life, "TellingWebhooksRefused", shows=BEGINS + 2)


def test_a_receiver_that_is_deployed_anew_calls_nobody(priced: Assembly, sending: Sending) -> None:
    life = Life(priced)
    refused(life, sending, 2)
    assert life.judged(range(BEGINS, BEGINS + 180)).of("TellingWebhooksRefused") == []


PLAYED = {"TellingWebhooksRefused"}
