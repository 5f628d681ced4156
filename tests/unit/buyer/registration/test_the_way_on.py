"""After the form: how the subscription stands, what was bought, and the way into the vendor's app."""

import json
from typing import Any

import jwt
import pytest

from buyer.pages.branding import Branding
from buyer.registration.session import LIVES
from tests.unit.buyer.registration.door import BROWSER, MINUTE, NOW, TOKEN, WHO, Door, Page
from tests.unit.buyer.registration.secret import Secret
from tests.unit.log_lines import log_lines
from tests.unit.marketplace_double import held, refused
from tests.unit.messages import PRODUCT

URL = "https://app.vendor.com/sign-in"
SIGN_IN = "https://app.vendor.com/login"


@pytest.fixture
def handover_url() -> str:
    return URL


def store(door: Door, **values: Any) -> None:
    door.table.put_item(Item={**door.row(), **values})


def body(answer: dict[str, Any]) -> str:
    assert answer["statusCode"] == 200, answer["body"][-900:]
    return str(answer["body"])


def token(page: str) -> str:
    return str(Page(page).inputs["handover"])


def claims(text: str, secret: Secret) -> dict[str, Any]:
    key = secret.labels["AWSCURRENT"]
    return dict(jwt.decode(text, key, algorithms=["HS256"], options={"verify_exp": False}, audience=URL))


def test_the_page_after_the_form_posts_a_handover_to_the_app(door: Door, handover_secret: Secret) -> None:
    page = body(door.form("/registrations", door.arrive() | WHO))
    assert f'<form method="post" action="{URL}">' in page
    said = claims(token(page), handover_secret)
    assert (said["sub"], said["productCode"], said["iss"]) == ("custA1", PRODUCT, "yawl-metering/test")
    assert said["exp"] == int(NOW) + 300
    assert token(page) not in page.replace(f'value="{token(page)}"', "")
    assert "Continue to Order Flow" in page


def test_the_browser_may_post_there_and_nowhere_else(door: Door) -> None:
    headers = door.form("/registrations", door.arrive() | WHO)["headers"]
    assert f"form-action 'self' {URL};" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_new_button_is_a_new_handover_of_the_same_session(door: Door, handover_secret: Secret) -> None:
    session = door.arrive()
    first = body(door.form("/registrations", session | WHO))
    before = door.row()
    door.times.now += 6 * MINUTE
    again = body(door.form("/registrations", session | {"again": "handover"}))
    assert claims(token(again), handover_secret)["jti"] != claims(token(first), handover_secret)["jti"]
    assert claims(token(again), handover_secret)["exp"] == int(door.times.now) + 300
    assert door.row() == before
    door.times.now += LIVES
    late = door.form("/registrations", session | {"again": "handover"})
    assert (late["statusCode"], "handover" in Page(late["body"]).inputs) == (400, False)


def test_a_button_is_given_to_nobody_who_has_not_registered(door: Door) -> None:
    page = body(door.form("/registrations", door.arrive() | {"again": "handover"}))
    assert "handover" not in Page(page).inputs
    assert set(WHO) < set(Page(page).inputs)
    assert "registeredAt" not in door.row()


def test_whoever_comes_again_goes_on_without_a_form(door: Door, handover_secret: Secret) -> None:
    door.form("/registrations", door.arrive() | WHO)
    page = body(door.form("/register", {"token": TOKEN}))
    assert "<h1>Welcome back</h1>" in page
    assert claims(token(page), handover_secret)["sub"] == "custA1"
    # Another one of the same company may not read who registered before.
    assert all(value not in page for value in WHO.values())
    registered = door.row()["registeredAt"]
    door.times.now += MINUTE
    door.form("/registrations", {"session": str(Page(page).inputs["session"])} | WHO | {"company": "Acme Holding"})
    assert (door.row()["company"], door.row()["registeredAt"]) == ("Acme Holding", registered)


def test_the_page_names_what_was_bought(door: Door) -> None:
    door.marketplace.holds = (held("basic_tier", "2026-11-16T00:00:00"),)
    page = body(door.form("/registrations", door.arrive() | WHO))
    assert "<dt>Product</dt>\n<dd>Order Flow</dd>" in page
    until = '<time datetime="2026-11-16T00:00:00Z">16 November 2026</time>'
    assert f"<dt>Plan</dt>\n<dd>Basic tier<small>until {until}</small>" in page


@pytest.mark.parametrize(
    ("status", "minutes", "said", "button"),
    [
        ("pending", 0, 'If it has not by <time datetime="2026-11-15T01:00:00Z">15 November 2026, 01:00 UTC', True),
        ("pending", 59, "we look into it", True),
        ("pending", 60, "has not confirmed your subscription yet", True),
        ("active", 0, "it is active", True),
        ("failed", 0, "could not set up your subscription", False),
        ("cancelled", 0, "has ended", False),
        ("pending_cancellation", 0, "has ended", False),
        ("final_metering", 0, "has ended", False),
        ("expired", 0, "has ended", False),
    ],
)
def test_the_page_says_how_the_subscription_stands(
    door: Door, status: str, minutes: int, said: str, button: bool
) -> None:
    session = door.arrive()
    door.form("/registrations", session | WHO)
    store(door, subscriptionStatus=status)
    door.times.now += minutes * MINUTE
    page = body(door.form("/registrations", session | {"again": "handover"}))
    assert said in page
    assert ("handover" in Page(page).inputs) is button
    assert ("console.aws.amazon.com" in page) is not button


def test_a_linked_purchase_says_so_and_not_to_which_account(door: Door) -> None:
    session = door.arrive()
    page = body(door.form("/registrations", session | WHO))
    assert "is linked" not in page
    store(door, linkedAccount="acct-77")
    page = body(door.form("/registrations", session | {"again": "handover"}))
    assert "Your purchase is linked to your account." in page and "acct-77" not in page


def test_a_trial_is_named(door: Door) -> None:
    page = door.form("/register", {"token": TOKEN, "x-amzn-marketplace-offer-type": "free-trial"})["body"]
    assert "<dt>Free trial</dt>" in page
    assert "<dt>Free trial</dt>" not in door.form("/register", {"token": "licensed"})["body"]


@pytest.mark.parametrize("branding", [Branding(vendor="Vendor <&>", sign_in=SIGN_IN, languages=("de", "en"))])
@pytest.mark.parametrize("handover_url", [""])
def test_without_handovers_the_page_links_to_the_sign_in(door: Door) -> None:
    page = body(door.form("/registrations", door.arrive() | WHO))
    assert SIGN_IN in Page(page).links
    assert "handover" not in Page(page).inputs
    assert '<html lang="de">' in page and "Sie sind registriert" in page
    assert "Vendor &lt;&amp;&gt;" in page


@pytest.mark.parametrize("handover_url", [""])
def test_without_either_the_page_ends_here(door: Door) -> None:
    page = body(door.form("/registrations", door.arrive() | WHO))
    assert Page(page).action is None and Page(page).links == []


def test_every_page_speaks_the_readers_language(door: Door) -> None:
    german = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"}
    welcome = door.form("/register", {"token": TOKEN}, **german)["body"]
    session = {"session": str(Page(welcome).inputs["session"])}
    pages = {
        "Ihr Konto einrichten": welcome,
        "Sie sind registriert": door.form("/registrations", session | WHO, **german)["body"],
        "Willkommen zurück": door.form("/register", {"token": TOKEN}, **german)["body"],
        "Beginnen Sie im AWS Marketplace": door.request("GET", "/register", None, german | BROWSER)["body"],
        "Das hat nicht geklappt": door.form("/register", {"token": "unknown"}, **german)["body"],
    }
    door.times.now += LIVES + MINUTE
    pages["Ihr Link ist abgelaufen"] = door.form("/registrations", session | WHO, **german)["body"]
    for title, page in pages.items():
        assert f"<h1>{title}</h1>" in page, title
        assert '<html lang="de">' in page
    assert door.row()["language"] == "de"


def test_an_expired_link_leads_back(door: Door) -> None:
    door.marketplace.buyers["old"] = refused("ExpiredTokenException", "ResolveCustomer")
    for language, title in (("en", "Your link has expired"), ("de", "Ihr Link ist abgelaufen")):
        answer = door.form("/register", {"token": "old"}, **{"Accept-Language": language})
        assert (answer["statusCode"], f"<h1>{title}</h1>" in answer["body"]) == (400, True)
        assert "https://console.aws.amazon.com/marketplace/home#/subscriptions" in Page(answer["body"]).links


def test_a_program_gets_the_purchase_and_a_handover(door: Door, handover_secret: Secret) -> None:
    status, said = door.json("/registrations", {"token": TOKEN} | WHO)
    assert status == 200
    handover = said.pop("handover")
    assert said == {
        "message": "Registration successful",
        "customerId": "custA1",
        "product": {"code": PRODUCT, "title": "Order Flow"},
        "status": "pending",
        "tier": "basic_tier",
        "entitlements": said["entitlements"],
    }
    assert [held["dimension"] for held in said["entitlements"]] == ["basic_tier"]
    assert (handover["url"], handover["expiresAt"]) == (URL, "2026-11-15T00:05:00Z")
    assert claims(handover["token"], handover_secret)["sub"] == "custA1"


def test_without_the_handovers_secret_the_form_asks_to_try_again_and_nothing_is_lost(
    door: Door, handover_secret: Secret
) -> None:
    session = door.arrive()
    handover_secret.failing = refused("ThrottlingException", "GetSecretValue")
    answer = door.form("/registrations", session | WHO)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    assert Page(answer["body"]).inputs == session | WHO
    assert door.row()["email"] == WHO["email"]
    handover_secret.failing = None
    assert "handover" in Page(body(door.form("/registrations", session | WHO))).inputs


def test_no_log_line_holds_a_handover(door: Door) -> None:
    from buyer.handlers import registration

    with log_lines(registration.logger) as written:
        page = body(door.form("/registrations", door.arrive() | WHO))
        door.json("/registrations", {"token": TOKEN} | WHO)
    assert [json.loads(line)["message"] for line in written.getvalue().splitlines()][-1] == "buyer registered"
    assert "eyJ" not in written.getvalue() and token(page) not in written.getvalue()
