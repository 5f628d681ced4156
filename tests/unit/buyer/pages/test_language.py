"""The language that a browser asks for."""

import pytest

from buyer.pages.language import chosen


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("DE-de", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr-FR,de;q=0.5", "de"),
        ("fr,*;q=0.1", "en"),
        ("en;q=0.4, de;q=0.7", "de"),
        ("de;q=0, en;q=0.1", "en"),
        ("de;q=nan", "en"),
        ("de;q=7, en", "en"),
        ("de;level=1", "de"),
        (";;,,=", "en"),
        ("x," * 50 + "de", "en"),
    ],
)
def test_the_preferred_language_that_is_offered(accepted: str | None, language: str) -> None:
    assert chosen(accepted, ("en", "de")) == language


def test_the_first_one_offered_serves_everybody_else() -> None:
    assert chosen("fr", ("de", "en")) == "de"
    assert chosen("en", ("de",)) == "de"
