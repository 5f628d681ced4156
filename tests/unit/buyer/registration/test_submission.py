"""The token and the kind of offer."""

import pytest

from buyer.registration.arrival import arrival
from buyer.registration.posted import OFFER
from runtime.api_error import ApiError


def test_a_token_is_taken_as_it_is() -> None:
    assert arrival({"token": "a+/=b"}).token == "a+/=b"


def test_a_blank_inside_a_token_was_a_plus() -> None:
    assert arrival({"token": "a b  c"}).token == "a+b++c"


def test_the_kind_of_offer() -> None:
    assert arrival({"token": "t", OFFER: "Free-Trial"}).free_trial
    assert not arrival({"token": "t", OFFER: "other"}).free_trial
    assert not arrival({"token": "t"}).free_trial


@pytest.mark.parametrize(
    ("posted", "code"),
    [
        ({}, "missing_token"),
        ({"email": "a@b.example"}, "missing_token"),
        ({"token": "a\nb"}, "bad_request"),
        ({"token": "ü"}, "bad_request"),
        ({"token": "x" * 8193}, "bad_request"),
    ],
)
def test_no_token(posted: dict[str, str], code: str) -> None:
    with pytest.raises(ApiError) as caught:
        arrival(posted)
    assert (caught.value.status, caught.value.code, caught.value.details["field"]) == (400, code, "token")
    # how to mend it, for a program
    if code == "missing_token":
        assert "x-amzn-marketplace-token" in caught.value.details["accepted"]
