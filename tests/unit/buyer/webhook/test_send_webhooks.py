"""``send-webhooks``: one signed POST for each event; what failed comes again later; only the app's receiver gets it."""

import socket
import ssl
from typing import Any

import pytest

from buyer.handlers import send_webhooks
from buyer.webhook import patience
from buyer.webhook.post import Receiver, WebhookUnanswered
from buyer.webhook.signature import headers
from runtime.metric_names import EventMetric
from tests.unit.buyer.webhook.conftest import EVENT, KEY, Sending
from tests.unit.buyer.webhook.receiver import receiving
from tests.unit.emitted import emitted
from tests.unit.log_lines import log_lines

DELIVERED: dict[str, Any] = {"batchItemFailures": []}
AGAIN = {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_an_event_is_posted_as_it_is_and_signed(sending: Sending, capsys: pytest.CaptureFixture[str]) -> None:
    assert sending.send() == DELIVERED
    (got,) = sending.receiver.got
    assert (got.path, got.body) == ("/hooks?app=1", EVENT.encode())
    assert got.headers["content-type"] == "application/json"
    at = int(got.headers["webhook-timestamp"])
    expected = headers(event_id="l-1:7:AccessRevoked", timestamp=at, body=got.body, secrets=[KEY])
    assert {name: got.headers[name] for name in expected} == expected
    assert emitted(capsys) == {EventMetric.WEBHOOKS_DELIVERED: 1}
    assert sending.visible.waits == []


def test_while_the_secret_changes_both_values_sign(sending: Sending) -> None:
    sending.secret.rotate("bC4" * 21 + "y")
    sending.send()
    (got,) = sending.receiver.got
    newest, before = got.headers["webhook-signature"].split(" ")
    at = int(got.headers["webhook-timestamp"])
    for signature, key in ((newest, "bC4" * 21 + "y"), (before, KEY)):
        expected = headers(event_id="l-1:7:AccessRevoked", timestamp=at, body=got.body, secrets=[key])
        assert signature == expected["webhook-signature"]


@pytest.mark.parametrize("status", [301, 302, 308, 400, 401, 404, 410, 422, 499])
def test_what_is_refused_comes_again_and_is_counted_as_refused(
    sending: Sending, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    sending.receiver.statuses = [status]
    assert sending.send() == AGAIN
    assert emitted(capsys) == {EventMetric.WEBHOOKS_REFUSED: 1}
    assert len(sending.receiver.got) == 1, "a redirect is not followed"


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_comes_again(sending: Sending, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    sending.receiver.statuses = [status]
    assert sending.send() == AGAIN
    assert emitted(capsys) == {EventMetric.WEBHOOKS_UNANSWERED: 1}


def test_each_failure_is_waited_for_longer(sending: Sending) -> None:
    sending.receiver.statuses = [500] * 8
    for receives in range(1, 9):
        sending.send(receives=receives)
    assert sending.visible.waits == [5, 30, 120, 300, 900, 1800, 3600, 3600]
    assert sending.send(receives=9) == DELIVERED


def test_a_webhook_is_tried_for_a_day() -> None:
    before_the_last = sum(patience.wait_after(tries) for tries in range(1, patience.TRIES))
    assert 24 * 3600 <= before_the_last <= 26 * 3600
    assert max(patience.DELAYS) <= 12 * 3600, "SQS hides a message for no longer"
    assert patience.wait_after(10_000) == 3600
    assert patience.wait_after(0) == 5


def test_a_queue_that_does_not_answer_lets_the_message_come_by_itself(sending: Sending) -> None:
    sending.receiver.statuses = [500]
    sending.visible.fails = True
    assert sending.send() == AGAIN


@pytest.mark.parametrize("broken", ["secret", "message"])
def test_what_cannot_be_signed_is_not_sent(sending: Sending, broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    if broken == "secret":
        sending.secret.labels["AWSCURRENT"] = "changed by hand"
    assert sending.send("{}" if broken == "message" else EVENT) == AGAIN
    assert sending.receiver.got == []
    assert emitted(capsys) == {EventMetric.WEBHOOKS_UNANSWERED: 1}
    assert sending.visible.waits == [5]


def test_the_log_names_neither_body_nor_signature_nor_address(sending: Sending) -> None:
    sending.receiver.statuses = [500]
    with log_lines(send_webhooks.logger) as written:
        sending.send()
        sending.send()
    text = written.getvalue()
    assert '"webhook not delivered"' in text
    assert '"webhook delivered"' in text
    for secret in (KEY, "v1,", "/hooks", str(sending.receiver.port), '\\"customerIdentifier\\"'):
        assert secret not in text


def test_a_receiver_that_is_gone_is_unanswered() -> None:
    with receiving() as receiver:
        url = receiver.url
    with pytest.raises(WebhookUnanswered, match="ConnectionRefusedError"):
        Receiver(url, public_only=False).post(b"{}", {})


def test_a_receiver_that_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(WebhookUnanswered, match="TimeoutError"):
            Receiver(url, public_only=False, seconds=0.05).post(b"{}", {})


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_only_public_addresses_receive_and_nothing_is_sent_to_others(scheme: str) -> None:
    with receiving() as receiver:
        with pytest.raises(WebhookUnanswered, match="not public"):
            Receiver(f"{scheme}://localhost:{receiver.port}/").post(b"{}", {})
        assert receiver.got == []


class Connected(socket.socket):
    """A connection whose other end has a given address. Nothing can be sent."""

    address = ""

    def getpeername(self) -> tuple[str, int]:
        return self.address, 443


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *((each, False) for each in ("10.0.0.1", "169.254.169.254", "192.168.1.1", "127.0.0.1", "100.64.0.1")),
        *((each, False) for each in ("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1")),
        *((each, True) for each in ("52.94.5.1", "2600:1f18::1")),
    ],
)
def test_private_and_link_local_addresses_are_none_to_send_to(
    monkeypatch: pytest.MonkeyPatch, address: str, public: bool
) -> None:
    made: list[Connected] = []

    def connect(*_: Any, **__: Any) -> Connected:
        made.append(Connected())
        made[-1].address = address
        return made[-1]

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(WebhookUnanswered) as raised:
        Receiver("https://hooks.example.com/").post(b"{}", {})
    assert ("not public" in str(raised.value)) is not public, "a public one fails at the handshake"
    assert made[0].fileno() == -1, "closed"


def test_a_public_address_needs_tls_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connected, "address", "52.94.5.1")
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: Connected())
    with pytest.raises(WebhookUnanswered, match="not public"):
        Receiver("http://hooks.example.com/").post(b"{}", {})


def test_certificates_and_names_are_verified() -> None:
    tls = Receiver("https://hooks.example.com/").tls
    assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert tls.minimum_version >= ssl.TLSVersion.TLSv1_2
