"""Sessions: signed by the stage's secret, for one buyer of one product, for four hours; a rotation ends no session."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from buyer.registration.session import LIVES, Session, Sessions
from buyer.signing_keys import KEPT, SigningKeys
from runtime.api_error import ApiError
from tests.unit.buyer.registration.door import Times
from tests.unit.buyer.registration.secret import Secret
from tests.unit.marketplace_double import refused
from tests.unit.messages import PRODUCT

MINE = Session("custA1", PRODUCT, 1_000_000)


def sessions(secret: Secret, times: Times | None = None, product: str = PRODUCT) -> Sessions:
    """Those of a function that has just started."""
    clock = times or Times()
    return Sessions(SigningKeys(secret, secret.arn, monotonic=lambda: clock.monotonic), (product, "another"))


def code(opening: Sessions, text: str, now: float = MINE.issued_at) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        opening.open(text, now)
    return caught.value.status, caught.value.code


def test_a_session_comes_back_as_it_was(secret: Secret) -> None:
    text = sessions(secret).issue(MINE)
    assert sessions(secret).open(text, MINE.issued_at + 60) == MINE
    # in any form's encoding, and under any header's limit
    assert text.isascii() and len(text) < 200 and not set(text) & set("+ &=%\"'<>")


@pytest.mark.parametrize("later", [-2, 0, 31 * 60, 61 * 60, LIVES])
def test_it_lives_four_hours_whatever_a_machines_clock_is_behind(secret: Secret, later: int) -> None:
    assert sessions(secret).open(sessions(secret).issue(MINE), MINE.issued_at + later) == MINE


def test_after_that_it_is_expired(secret: Secret) -> None:
    text = sessions(secret).issue(MINE)
    assert code(sessions(secret), text, MINE.issued_at + LIVES + 60) == (400, "expired_session")


def test_it_is_of_one_product(secret: Secret) -> None:
    assert code(sessions(secret, product="other"), sessions(secret).issue(MINE)) == (400, "invalid_session")


@pytest.mark.parametrize("change", ["cut", "swap", "foreign", "long", "empty", "other alphabet"])
def test_nobody_makes_or_changes_one(secret: Secret, change: str) -> None:
    text = sessions(secret).issue(MINE)
    content, signature = text.rsplit(".", 1)
    other, _ = sessions(secret).issue(Session("custB2", PRODUCT, MINE.issued_at)).rsplit(".", 1)
    wrong = {
        "cut": text[:-1],
        "swap": f"{other}.{signature}",
        "foreign": f"{content}.{'A' * len(signature)}",
        "long": text * 50,
        "empty": "",
        "other alphabet": "ü.é",
    }[change]
    assert code(sessions(secret), wrong) == (400, "invalid_session")


def test_a_rotation_costs_nobody_his_session(secret: Secret) -> None:
    text = sessions(secret).issue(MINE)
    secret.rotate("second")
    assert sessions(secret).open(text, MINE.issued_at) == MINE


def test_a_session_that_is_signed_with_a_younger_key_leads_to_that_key(secret: Secret) -> None:
    times = Times()
    started_before = sessions(secret, times)
    started_before.issue(MINE)
    secret.rotate("second")
    text = sessions(secret).issue(MINE)
    times.monotonic += 11
    assert started_before.open(text, MINE.issued_at) == MINE


def test_a_key_of_two_rotations_ago_is_worth_nothing(secret: Secret) -> None:
    text = sessions(secret).issue(MINE)
    secret.rotate("second")
    secret.rotate("third")
    assert code(sessions(secret), text) == (400, "invalid_session")


def test_keys_are_kept_for_a_while_and_forged_sessions_do_not_make_calls(secret: Secret) -> None:
    times = Times()
    ours = sessions(secret, times)
    for _ in range(5):
        ours.issue(MINE)
        code(ours, "forged.signature")
    assert secret.reads == ["AWSCURRENT", "AWSPREVIOUS"]
    times.monotonic += KEPT + 1
    ours.issue(MINE)
    assert len(secret.reads) == 4


TIMEOUT = ConnectTimeoutError(endpoint_url="https://secretsmanager")


@pytest.mark.parametrize("failing", [TIMEOUT, refused("InternalServiceError", "GetSecretValue", 500)])
def test_while_secrets_manager_does_not_answer_the_last_keys_are_good(secret: Secret, failing: Exception) -> None:
    times = Times()
    ours = sessions(secret, times)
    text = ours.issue(MINE)
    secret.failing = failing
    times.monotonic += 10 * KEPT
    assert ours.open(text, MINE.issued_at) == MINE
    assert code(sessions(secret), text) == (503, "unavailable")


def test_who_may_not_read_the_secret_any_more_does_not_go_on_with_it(secret: Secret) -> None:
    times = Times()
    ours = sessions(secret, times)
    text = ours.issue(MINE)
    failing: ClientError = refused("AccessDeniedException", "GetSecretValue")
    secret.failing = failing
    times.monotonic += KEPT + 1
    assert code(ours, text) == (503, "unavailable")
