"""How the pages present the vendor: its name, colours, links and languages, from ``[branding]`` of the stage. Pure."""

import json
from dataclasses import asdict, dataclass
from typing import Self

#: WCAG 2.2, success criterion 1.4.3 "Contrast (Minimum)": text of ordinary size.
LEAST_CONTRAST = 4.5
#: The pages' ground, and the text on a coloured ground.
WHITE = "#ffffff"
#: The languages that the pages have texts in.
LANGUAGES = ("en", "de")


@dataclass(frozen=True, kw_only=True)
class Branding:
    """What the vendor chose. An empty text or link is left out of the page.

    accent: the colour of buttons and links. header: of the band that has the vendor's name. support: an https address,
    or an e-mail address. languages: of ``LANGUAGES``; the first one serves whoever reads none of them.
    """

    vendor: str = ""
    accent: str = "#0b5cad"
    header: str = "#1f2937"
    support: str = ""
    privacy: str = ""
    terms: str = ""
    sign_in: str = ""
    languages: tuple[str, ...] = LANGUAGES

    def to_json(self) -> str:
        """The setting ``BRANDING``: what differs from the defaults, compact."""
        usual = asdict(Branding())
        return json.dumps({k: v for k, v in asdict(self).items() if v != usual[k]}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The branding in a setting."""
        found = json.loads(text)
        return cls(**found | {"languages": tuple(found.get("languages", LANGUAGES))})


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours ``#rrggbb``, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
