"""Another site's form is not taken, whatever session it brings; our own page's and a program's are."""

import pytest

from buyer.registration.same_site import refuse_other_sites
from runtime.api_error import ApiError
from tests.unit.buyer.registration.door import BROWSER, FORM, TOKEN, WHO, Door

HOST = "api.vendor.com"


@pytest.mark.parametrize(
    ("site", "origin", "host"),
    [
        ("same-origin", "null", HOST),
        ("Same-Origin", None, HOST),
        ("none", None, HOST),
        (None, None, None),
        (None, "null", HOST),
        (None, f"https://{HOST}", HOST),
        (None, "https://api.vendor.com:8443", "api.vendor.com:8443"),
    ],
)
def test_our_own_page_and_programs_are_let_in(site: str | None, origin: str | None, host: str | None) -> None:
    refuse_other_sites(site, origin, host)


@pytest.mark.parametrize(
    ("site", "origin"),
    [
        ("cross-site", f"https://{HOST}"),
        ("same-site", f"https://{HOST}"),
        ("whatever", None),
        (None, "https://evil.example"),
        (None, f"https://{HOST}.evil.example"),
        (None, f"https://evil.example/{HOST}"),
        (None, HOST),
    ],
)
def test_another_site_is_refused(site: str | None, origin: str | None) -> None:
    with pytest.raises(ApiError) as refused:
        refuse_other_sites(site, origin, HOST)
    assert (refused.value.status, refused.value.code) == (403, "cross_site")


def test_an_origin_without_a_host_to_compare_with_is_another_site() -> None:
    with pytest.raises(ApiError):
        refuse_other_sites(None, "https://evil.example", None)


def test_another_sites_form_writes_nothing(door: Door) -> None:
    session = door.arrive()
    before = door.row()
    answer = door.form("/registrations", session | WHO, **{"Sec-Fetch-Site": "cross-site"})
    assert answer["statusCode"] == 403
    assert "cross_site" in answer["body"] and session["session"] not in answer["body"]
    assert door.row() == before
    assert door.form("/registrations", session | WHO, **{"sec-fetch-site": "same-origin"})["statusCode"] == 200


def test_marketplaces_own_post_comes_from_another_site(door: Door) -> None:
    answer = door.form(
        "/register", {"token": TOKEN}, **{"Sec-Fetch-Site": "cross-site", "Origin": "https://aws.amazon.com"}
    )
    assert answer["statusCode"] == 200


def test_a_vendors_own_page_posts_the_token_from_where_it_likes(door: Door) -> None:
    """Whoever has the token may use it: no other site has a buyer's."""
    headers = FORM | BROWSER | {"Sec-Fetch-Site": "cross-site"}
    body = "regToken=licensed&contactEmail=ann@acme.example"
    assert door.request("POST", "/registrations", body, headers)["statusCode"] == 200
