"""The page's session: no buyer loses its registration by waiting, reloading or pressing twice; a replay writes contact
data of one buyer and nothing else."""

import json
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from buyer.registration.session import LIVES, Session, Sessions
from buyer.signing_keys import SigningKeys
from tests.unit.buyer.registration.door import BROWSER, FORM, MINUTE, NOW, TOKEN, WHO, Door, Page
from tests.unit.buyer.registration.secret import Secret
from tests.unit.emitted import emitted
from tests.unit.marketplace_double import refused
from tests.unit.messages import PRODUCT

EXPIRED = refused("ExpiredTokenException", "ResolveCustomer")


@pytest.mark.parametrize("minutes", [0, 31, 61, 4 * 60])
def test_the_page_may_stay_open_for_as_long_as_four_hours(door: Door, minutes: int) -> None:
    session = door.arrive()
    door.marketplace.buyers[TOKEN] = EXPIRED
    door.times.now += minutes * MINUTE
    answer = door.form("/registrations", session | WHO)
    assert answer["statusCode"] == 200
    assert "custA1" in answer["body"]
    assert {name: door.row()[name] for name in WHO} == WHO


def test_after_four_hours_the_page_says_how_to_go_on_and_what_was_registered_is_kept(door: Door) -> None:
    session = door.arrive()
    door.form("/registrations", session | WHO)
    before = door.row()
    door.times.now += LIVES + MINUTE
    answer = door.form("/registrations", session | {"email": "late@example.com"})
    assert answer["statusCode"] == 400
    assert "expired_session" in answer["body"]
    assert "https://console.aws.amazon.com/marketplace/home#/subscriptions" in Page(answer["body"]).links
    assert door.row() == before


def test_a_program_hears_which_field_is_at_fault(door: Door) -> None:
    session = door.arrive()
    door.times.now += LIVES + MINUTE
    status, said = door.json("/registrations", session | WHO)
    assert (status, said["error"]["code"], said["error"]["details"]) == (400, "expired_session", {"field": "session"})


def test_a_reload_of_either_page_and_two_presses_change_nothing(door: Door) -> None:
    door.arrive()
    session = door.arrive()
    first = door.form("/registrations", session | WHO)
    before = door.row()
    again = door.form("/registrations", session | WHO)
    assert (first["statusCode"], first["body"]) == (again["statusCode"], again["body"])
    assert door.row() == before


def test_the_token_is_resolved_once_and_what_was_fetched_with_it_is_not_fetched_again(door: Door) -> None:
    session = door.arrive()
    door.marketplace.buyers.clear()
    assert len(door.marketplace.asked) == 1
    door.form("/registrations", session | WHO)
    assert len(door.marketplace.asked) == 1


def test_who_could_not_be_asked_for_entitlements_at_first_is_when_the_form_comes(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    holds, door.marketplace.holds = door.marketplace.holds, refused("ThrottlingException", "GetEntitlements")
    session = door.arrive()
    assert "tier" not in door.row()
    assert emitted(capsys) == {"Registrations": 1}
    door.marketplace.holds = holds
    assert door.form("/registrations", session | WHO)["statusCode"] == 200
    assert door.row()["tier"] == "basic_tier"


def test_a_busy_moment_at_the_form_keeps_it_filled_in(door: Door) -> None:
    door.marketplace.holds = refused("ThrottlingException", "GetEntitlements")
    session = door.arrive()
    answer = door.form("/registrations", session | WHO)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    assert Page(answer["body"]).inputs == session | WHO
    assert "AWS Marketplace is busy" in answer["body"]


def test_a_wrong_field_leaves_the_form_filled_in_with_the_reason(door: Door) -> None:
    session = door.arrive()
    answer = door.form("/registrations", session | WHO | {"email": "ann@acme"})
    assert answer["statusCode"] == 400
    assert Page(answer["body"]).inputs == session | WHO | {"email": "ann@acme"}
    assert 'role="alert">An e-mail address is needed' in answer["body"]
    assert "email" not in door.row()


def test_a_session_writes_contact_data_of_its_buyer_and_nothing_else(door: Door) -> None:
    session = door.arrive()
    door.arrive("licensed")
    others = [item for item in door.table.scan()["Items"] if item["customerIdentifier"] != "custA1"]
    before = door.row()
    asked = {"customerIdentifier": "l-0123", "subscriptionStatus": "active", "tier": "x", "freeTrial": "true"}
    door.form("/registrations", session | WHO | asked | {"x-amzn-marketplace-offer-type": "free-trial"})
    written = {name for name, value in door.row().items() if before.get(name) != value}
    assert written == {*WHO, "language", "registeredAt", "version"}
    assert [item for item in door.table.scan()["Items"] if item["customerIdentifier"] != "custA1"] == others


def test_a_session_makes_no_subscriber(door: Door, secret: Secret) -> None:
    """Its row is gone: the stage was made anew, with the secret kept."""
    text = Sessions(SigningKeys(secret, secret.arn), (PRODUCT,)).issue(Session("custGone", PRODUCT, int(NOW)))
    status, said = door.json("/registrations", {"session": text} | WHO)
    assert (status, said["error"]["code"]) == (400, "invalid_session")
    assert "This page cannot be used any more" in door.form("/registrations", {"session": text} | WHO)["body"]
    assert door.table.scan()["Items"] == []


def test_a_program_may_keep_a_session_instead_of_the_token_too(door: Door) -> None:
    _, said = door.json("/register", {"token": TOKEN})
    assert door.json("/registrations", {"session": said["session"]} | WHO)[0] == 200
    assert door.row()["email"] == WHO["email"]


@pytest.mark.parametrize(
    ("failing", "misconfigured"),
    [
        (ConnectTimeoutError(endpoint_url="https://secretsmanager"), 0),
        (refused("ThrottlingException", "GetSecretValue"), 0),
        (refused("AccessDeniedException", "GetSecretValue"), 1),
        (refused("ResourceNotFoundException", "GetSecretValue"), 1),
    ],
)
def test_without_the_secret_the_buyer_is_asked_to_try_again_and_is_stored(
    door: Door, secret: Secret, capsys: pytest.CaptureFixture[str], failing: Exception, misconfigured: int
) -> None:
    secret.failing = failing
    answer = door.form("/register", {"x-amzn-marketplace-token": TOKEN})
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    assert "Reload this page" in answer["body"] and "unavailable" in answer["body"]
    assert door.row()["tier"] == "basic_tier"
    assert emitted(capsys)["RegistrationsMisconfigured"] == misconfigured
    secret.failing = None
    assert door.form("/registrations", door.arrive() | WHO)["statusCode"] == 200


@pytest.mark.parametrize("path", ["/register", "/registrations"])
def test_whoever_comes_by_himself_is_told_where_to_begin(door: Door, path: str) -> None:
    answer = door.request("GET", path, None, BROWSER)
    assert answer["statusCode"] == 200
    assert "Set up your account" in answer["body"]
    assert Page(answer["body"]).links == ["https://console.aws.amazon.com/marketplace/home#/subscriptions"]
    assert answer["headers"] == door.form("/register", {"x-amzn-marketplace-token": TOKEN})["headers"]
    head = door.request("HEAD", path, None, {})
    assert (head["statusCode"], head["body"], head["headers"]) == (200, "", answer["headers"])


def test_a_token_in_an_address_is_neither_used_nor_shown(door: Door) -> None:
    query: dict[str, Any] = {"queryStringParameters": {"x-amzn-marketplace-token": TOKEN}}
    answer = door.request("GET", "/register", None, BROWSER, **query)
    assert "tok7Kq" not in json.dumps(answer)
    assert door.table.scan()["Items"] == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (
            "multipart/form-data; boundary=b",
            '--b\r\nContent-Disposition: form-data; name="regToken"\r\n\r\nt+1\r\n--b--',
        ),
        (FORM["Content-Type"], "X-Amzn-Marketplace-Token=t+1"),
        (FORM["Content-Type"], "\ufeffx-amzn-marketplace-token=t%2B1"),
        (FORM["Content-Type"], "token=t+1&x-amzn-marketplace-token=t%2B1"),
        (None, "x-amzn-marketplace-token=t+1"),
    ],
)
def test_a_browser_arrives_in_whatever_shape(door: Door, content_type: str | None, body: str) -> None:
    door.marketplace.buyers["t+1"] = door.marketplace.buyers[TOKEN]
    answer = door.request("POST", "/register", body, BROWSER | ({"Content-Type": content_type} if content_type else {}))
    assert answer["statusCode"] == 200
    assert "session" in Page(answer["body"]).inputs


def test_a_browser_whose_post_cannot_be_read_is_led_to_marketplace(door: Door) -> None:
    answer = door.request("POST", "/register", "<xml/>", BROWSER | {"Content-Type": "text/xml"})
    assert answer["statusCode"] == 415
    assert Page(answer["body"]).links == ["https://console.aws.amazon.com/marketplace/home#/subscriptions"]
