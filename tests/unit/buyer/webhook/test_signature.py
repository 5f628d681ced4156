"""The headers of a webhook: the specification's example, both values of a secret that is being changed, no weak key."""

import base64

import pytest

from buyer.webhook.signature import UnusableWebhookSecret, headers
from stacks.constructs.storage.signing_secret import LENGTH

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"o" * 24).decode()


def signed(*secrets: str, body: bytes = b'{"test": 2432232314}', timestamp: int = 1614265330) -> dict[str, str]:
    return headers(event_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=timestamp, body=body, secrets=secrets)


def test_the_specifications_example() -> None:
    """As the libraries of Standard Webhooks have it in their tests."""
    assert signed(SECRET) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_everything_that_matters_is_signed() -> None:
    signatures = {
        signed(SECRET)["webhook-signature"],
        signed(SECRET, body=b"{}")["webhook-signature"],
        signed(SECRET, timestamp=1614265331)["webhook-signature"],
        signed(OTHER)["webhook-signature"],
    }
    assert len(signatures) == 4


def test_each_value_of_the_secret_signs_the_newest_first() -> None:
    both = signed(OTHER, SECRET)["webhook-signature"].split(" ")
    assert both == [signed(OTHER)["webhook-signature"], signed(SECRET)["webhook-signature"]]


def test_the_secret_that_secrets_manager_makes_is_a_key_as_it_is() -> None:
    made = "aB3" * 21 + "z"
    assert len(made) == LENGTH
    assert signed(made) == signed(f"whsec_{made}") == signed(f"{made}\n")


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "no base64!", "abc", base64.b64encode(b"s" * 23).decode(), base64.b64encode(b"l" * 65).decode()],
)
def test_a_secret_that_is_no_key_is_refused_without_being_told(secret: str) -> None:
    with pytest.raises(UnusableWebhookSecret) as raised:
        signed(secret)
    assert not secret or secret not in str(raised.value)


@pytest.mark.parametrize("length", [24, 64])
def test_the_shortest_and_the_longest_key(length: int) -> None:
    assert signed(base64.b64encode(b"k" * length).decode())["webhook-signature"].startswith("v1,")
