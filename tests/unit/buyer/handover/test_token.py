"""A hand-over is a JWT that others can verify, and that nobody else can make."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest

from buyer.handover.token import LIVES, LONGEST, Handovers
from buyer.signing_keys import SigningKeys
from runtime.api_error import ApiError
from tests.unit.buyer.registration.door import Times
from tests.unit.buyer.registration.secret import Secret

NOW = 1_794_700_800.5
AUDIENCE = "https://app.vendor.com/sign-in"
KEY = "first-" + "k" * 58


def handovers(
    secret: Secret | None = None,
    times: Times | None = None,
    *,
    issuer: str = "yawl-metering/prod",
    audience: str = AUDIENCE,
) -> Handovers:
    clock, kept = times or Times(), secret or Secret()
    keys = SigningKeys(kept, kept.arn, monotonic=lambda: clock.monotonic)
    return Handovers(keys, issuer, audience)


def issue(ours: Handovers | None = None) -> str:
    return (ours or handovers()).issue("l-1", "prod", NOW)[0]


def code(text: str, now: float = NOW) -> str:
    with pytest.raises(ApiError) as refused:
        handovers().open(text, now)
    return refused.value.code


def test_an_app_verifies_it_with_any_library() -> None:
    token, made = handovers().issue("l-1", "prod", NOW)
    claims = jwt.decode(
        token,
        KEY,
        algorithms=["HS256"],
        audience=AUDIENCE,
        issuer="yawl-metering/prod",
        options={"verify_exp": False, "require": ["exp", "iat", "jti", "sub"]},
    )
    assert claims == {
        "iss": "yawl-metering/prod",
        "aud": AUDIENCE,
        "sub": "l-1",
        "productCode": "prod",
        "jti": made.id,
        "iat": int(NOW),
        "exp": int(NOW) + LIVES,
    }
    assert LIVES <= 300
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert token.isascii() and not set(token) & set("=+/ ")


def test_we_verify_what_a_library_made() -> None:
    claims = {
        "iss": "yawl-metering/prod",
        "aud": AUDIENCE,
        "sub": "l-1",
        "productCode": "p",
        "jti": "j",
        "exp": NOW + 9,
    }
    opened = handovers().open(jwt.encode(claims, KEY, algorithm="HS256"), NOW)
    assert (opened.customer_identifier, opened.product_code, opened.id) == ("l-1", "p", "j")


def test_each_has_an_id_of_its_own() -> None:
    ids = {handovers().open(issue(), NOW).id for _ in range(50)}
    assert len(ids) == 50 and min(map(len, ids)) >= 20


def test_it_lives_for_five_minutes() -> None:
    assert handovers().open(issue(), NOW + LIVES - 1).customer_identifier == "l-1"
    assert code(issue(), NOW + LIVES) == "expired_handover"


def part(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "forge",
    [
        lambda _: "",
        lambda _: "x",
        lambda _: "a.b.c",
        lambda _: "ä.b.c",
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "E"),
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: part({"alg": "none", "typ": "JWT"}) + "." + token.split(".")[1] + ".",
        lambda token: token.split(".")[0] + "." + part({"sub": "l-2"}) + "." + token.split(".")[2],
        lambda token: token + "x" * LONGEST,
        lambda _: jwt.encode({"iss": "i"}, "k" * 64, algorithm="HS256"),
        lambda _: jwt.encode({"iss": "yawl-metering/prod", "aud": AUDIENCE}, KEY, algorithm="HS512"),
    ],
)
def test_a_forged_one_is_refused(forge: Any) -> None:
    assert code(forge(issue())) == "invalid_handover"


@pytest.mark.parametrize(
    "other", [handovers(issuer="yawl-metering/dev"), handovers(audience="https://app.vendor.com/other")]
)
def test_another_stages_or_apps_is_refused(other: Handovers) -> None:
    assert code(issue(other)) == "invalid_handover"


def test_a_rotation_ends_none_and_the_second_does() -> None:
    secret, times = Secret(), Times()
    ours = handovers(secret, times)
    token = ours.issue("l-1", "p", NOW)[0]
    secret.rotate("second" + "k" * 58)
    times.monotonic += 1000
    assert ours.open(token, NOW).customer_identifier == "l-1"
    # Another copy of the function signs with the new value before this one knows of it.
    fresh = handovers(secret).issue("l-2", "p", NOW)[0]
    assert jwt.decode(
        fresh, secret.labels["AWSCURRENT"], algorithms=["HS256"], options={"verify_exp": False}, audience=AUDIENCE
    )
    assert ours.open(fresh, NOW).customer_identifier == "l-2"
    secret.rotate("third" + "k" * 59)
    times.monotonic += 1000
    with pytest.raises(ApiError):
        ours.open(token, NOW)


def test_a_key_that_is_younger_than_the_fetched_ones_is_fetched() -> None:
    secret, times = Secret(), Times()
    ours = handovers(secret, times)
    ours.issue("l-1", "p", NOW)
    secret.rotate("second" + "k" * 58)
    fresh = handovers(secret).issue("l-2", "p", NOW)[0]
    times.monotonic += 11
    assert ours.open(fresh, NOW).customer_identifier == "l-2"
