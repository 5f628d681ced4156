"""Colours that people can read, and a setting that says what differs."""

import pytest

from buyer.pages.branding import LEAST_CONTRAST, WHITE, Branding, contrast


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        # W3C, "Contrast examples" and the formula's ends.
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#FF0000", "#ffffff", 4.0),
        ("#0000ff", "#ffffff", 8.59),
        ("#008000", "#ffffff", 5.14),
    ],
)
def test_contrast_is_wcags(one: str, other: str, ratio: float) -> None:
    assert round(contrast(one, other), 2) == ratio
    assert contrast(other, one) == contrast(one, other)


def test_the_colours_of_a_stage_that_chooses_none_can_be_read() -> None:
    assert min(contrast(colour, WHITE) for colour in (Branding.accent, Branding.header)) >= LEAST_CONTRAST


def test_the_setting_brings_everything_back() -> None:
    chosen = Branding(vendor="Ä & Co", accent="#123456", support="help@vendor.com", languages=("de",))
    assert Branding.from_json(chosen.to_json()) == chosen
    assert Branding.from_json("{}") == Branding()
    assert Branding().to_json() == "{}"
