"""A buyer arrives at the deployed stage in whatever shape, at whatever moment: nothing true is turned away."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from ledger import tables
from local.cloud import Answer
from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(60)]

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.fixture
def newcomer(acting: Acting) -> dict[str, Any]:
    """Known at Marketplace, not here."""
    return acting.stage.marketplace.create_buyer(acting.stage.product_code, "license")


@pytest.fixture
def throttled(acting: Acting) -> Iterator[Acting]:
    yield acting
    acting.stage.marketplace.clear_faults()


def post(acting: Acting, path: str, body: Any, headers: dict[str, str]) -> Answer:
    return acting.stage.api.call("POST", path, body, headers=headers)


def email_of(acting: Acting, newcomer: dict[str, Any]) -> str:
    (item,) = [i for i in acting.stage.items(tables.SUBSCRIBERS) if i["customerIdentifier"] == newcomer["id"]]
    return str(item["email"])


SHAPES: dict[str, tuple[str, dict[str, str]]] = {
    "a raw plus": ("token={raw}&email=o'neil%2Baws@example.com", FORM),
    "other names": ("regToken={encoded}&contactEmail=o'neil%2Baws@example.com", FORM),
    "a name in capitals, behind a BOM": (
        "\ufeffX-Amzn-Marketplace-Token={encoded}&EMAIL=o'neil%2Baws@example.com",
        FORM,
    ),
    "no content type": ("token={raw}&email=o'neil%2Baws@example.com", {}),
    "JSON that calls itself a form": ('{{"regToken": "{raw}", "contactEmail": "o\'neil+aws@example.com"}}', FORM),
    "multipart": (
        '--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n{raw}\r\n'
        '--b\r\nContent-Disposition: form-data; name="email"\r\n\r\no\'neil+aws@example.com\r\n--b--\r\n',
        MULTIPART,
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_registration_comes_in_whatever_shape(acting: Acting, newcomer: dict[str, Any], shape: str) -> None:
    body, headers = SHAPES[shape]
    token = newcomer["token"]
    assert "+" in token
    answer = post(acting, "/registrations", body.format(raw=token, encoded=quote(token, safe="")), headers)
    assert answer.status == 200, answer
    assert email_of(acting, newcomer) == "o'neil+aws@example.com"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/register", "/registrations"])
def test_the_fulfilment_url_answers_a_check(acting: Acting, method: str, path: str) -> None:
    answer = acting.stage.api.call(method, path)
    assert answer.status == 200
    assert ("Set up your account" in answer.text) == (method == "GET")
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("operation", ["ResolveCustomer", "GetEntitlements"])
def test_a_short_throttle_is_ridden_out(throttled: Acting, newcomer: dict[str, Any], operation: str) -> None:
    throttled.stage.marketplace.arm("throttle", operation=operation, times=3)
    before = sum(call["operation"] == operation for call in throttled.stage.marketplace.calls())
    answer = post(throttled, "/registrations", {"token": newcomer["token"], "email": "a@example.com"}, {})
    assert answer.status == 200, answer
    after = sum(call["operation"] == operation for call in throttled.stage.marketplace.calls())
    assert after - before == 4


def test_a_rotated_secret_keeps_open_pages_valid(acting: Acting, newcomer: dict[str, Any]) -> None:
    """By the one command that the operations' page names; the function reads the secret with its own rights."""
    begun = post(acting, "/register", {"token": newcomer["token"]}, {})
    secrets = acting.stage.cloud.seller.client("secretsmanager")
    value = secrets.get_random_password(PasswordLength=64, ExcludePunctuation=True)["RandomPassword"]
    secrets.put_secret_value(SecretId=acting.doors["SessionSecretArn"], SecretString=value)
    posted = {"session": begun.json["session"], "email": "a@example.com"}
    assert post(acting, "/registrations", posted, {}).status == 200
    assert email_of(acting, newcomer) == "a@example.com"
