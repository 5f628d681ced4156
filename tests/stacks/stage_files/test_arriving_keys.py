"""``[branding]``, ``[registration]``, ``[handover]`` and ``[email]``: what they become, and what is refused."""

from pathlib import Path

import pytest

from buyer.pages.branding import Branding
from stacks.stage import Email, Handover, StageError
from tests.stacks.stage_files.files import GOOD, load

EVERYTHING = """
title = "Order Flow"
[branding]
vendor = "Ä & Co"
accent = "#123456"
header = "#654321"
support = "help@vendor.com"
privacy = "https://vendor.com/privacy"
terms = "https://vendor.com/terms?x=1"
signIn = "https://app.vendor.com/in"
languages = ["de", "en"]
[registration]
email = "optional"
company = "off"
name = "required"
confirmWithinMinutes = 30
[handover]
url = "https://app.vendor.com:8443/marketplace"
redirects = ["https://login.vendor.com"]
[email]
vendor = ["sales@vendor.com", "ops@vendor.com"]
buyerFrom = "hello@vendor.com"
"""


def with_tables(text: str) -> str:
    """The title stands before the file's tables."""
    head, _, tables = text.partition("[")
    return head + GOOD + "[" + tables


def test_every_key_is_read(tmp_path: Path) -> None:
    stage = load(tmp_path, with_tables(EVERYTHING))
    assert [product.title for product in stage.products] == ["Order Flow"]
    assert stage.branding == Branding(
        vendor="Ä & Co",
        accent="#123456",
        header="#654321",
        support="help@vendor.com",
        privacy="https://vendor.com/privacy",
        terms="https://vendor.com/terms?x=1",
        sign_in="https://app.vendor.com/in",
        languages=("de", "en"),
    )
    assert stage.registration.asked == {"email": "optional", "company": "off", "name": "required"}
    assert stage.registration.confirm_within_seconds == 1800
    assert stage.handover == Handover(
        url="https://app.vendor.com:8443/marketplace", redirects=("https://login.vendor.com",)
    )
    assert stage.email == Email(vendor=("sales@vendor.com", "ops@vendor.com"), buyer_from="hello@vendor.com")


def test_a_stage_that_says_nothing_has_the_usual_form_and_neither_app_nor_mails(tmp_path: Path) -> None:
    stage = load(tmp_path, GOOD)
    (product,) = stage.products
    assert (stage.branding, product.title, stage.handover, stage.email) == (Branding(), "", None, None)
    assert stage.registration.asked == {"email": "required", "company": "optional", "name": "optional"}
    assert stage.registration.confirm_within_seconds == 3600


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"#123456"', '"blue"', "branding.accent is 'blue'"),
        ('"#123456"', '"#1234567"', "branding.accent is '#1234567'"),
        ('"help@vendor.com"', '"javascript:alert(1)"', "branding.support is 'javascript:alert(1)'"),
        ('"https://vendor.com/privacy"', '"http://vendor.com/privacy"', "branding.privacy is"),
        ('"https://vendor.com/privacy"', '"https://v.com/\'x"', "branding.privacy is"),
        ('["de", "en"]', '["fr"]', "branding.languages holds 'fr'"),
        ('["de", "en"]', "[]", "branding.languages is empty"),
        ('company = "off"', "company = false", "registration.company is False, not text"),
        ("confirmWithinMinutes = 30", "confirmWithinMinutes = 1", "registration.confirmWithinMinutes is 1"),
        ('"https://app.vendor.com:8443/marketplace"', '"https://app.vendor.com/a b"', "handover.url is"),
        ('"https://app.vendor.com:8443/marketplace"', '"https://a.com/; script-src *"', "handover.url is"),
        ('"https://app.vendor.com:8443/marketplace"', '"ftp://app.vendor.com"', "handover.url is"),
        ('["https://login.vendor.com"]', '["*"]', "handover.redirects holds '*'"),
        ('["https://login.vendor.com"]', '["https://l.com/path"]', "handover.redirects holds"),
        ('["sales@vendor.com", "ops@vendor.com"]', "[]", "email.vendor is empty"),
        ('"hello@vendor.com"', '"Hello <hello@vendor.com>"', "email.buyerFrom is"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    assert right in EVERYTHING
    with pytest.raises(StageError) as refused:
        load(tmp_path, with_tables(EVERYTHING.replace(right, wrong)))
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_pages_that_outgrow_a_functions_environment_are_refused(tmp_path: Path) -> None:
    long = "https://vendor.com/" + "x" * 280
    links = "\n".join(f'{name} = "{long}"' for name in ("support", "privacy", "terms", "signIn"))
    accounts = ", ".join(f'"{number:012d}"' for number in range(20))
    keys = ", ".join(f'"l-{number:017x}"' for number in range(90))
    text = GOOD.replace("testBuyers = []", f"testBuyers = [{keys}]\ntestAccounts = [{accounts}]")
    load(tmp_path, text)
    with pytest.raises(StageError, match="branding with handover, test accounts, dimensions and tiers take"):
        load(tmp_path, text + f"\n[branding]\n{links}\n")
