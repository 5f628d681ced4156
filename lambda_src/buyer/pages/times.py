"""Times as the pages write them, in UTC. Pure.

Whoever reads a page sits somewhere in the world, and a page without a script cannot know where.
"""

from datetime import UTC, datetime

from buyer.pages.pages import Html
from runtime import clock

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
_DAY = {"en": "{day} {month} {year}", "de": "{day}. {month} {year}"}
_MINUTE = {"en": "{day}, {at} UTC", "de": "{day}, {at} Uhr UTC"}


def day(seconds: float, language: str) -> Html:
    """A day, for example ``31 January 2027``."""
    return _time(seconds, _day(seconds, language))


def minute(seconds: float, language: str) -> Html:
    """A time of a day, for example ``31 January 2027, 10:30 UTC``."""
    at = datetime.fromtimestamp(seconds, UTC).strftime("%H:%M")
    return _time(seconds, _MINUTE[language].format(day=_day(seconds, language), at=at))


def month(name: str, language: str) -> Html:
    """A month, for example ``November 2026``. name: ``2026-11``."""
    year, number = name.split("-")
    return Html(f'<time datetime="{name}">{_MONTHS[language].split()[int(number) - 1]} {year}</time>')


def _day(seconds: float, language: str) -> str:
    date = datetime.fromtimestamp(seconds, UTC)
    month = _MONTHS[language].split()[date.month - 1]
    return _DAY[language].format(day=date.day, month=month, year=date.year)


def _time(seconds: float, shown: str) -> Html:
    return Html(f'<time datetime="{clock.iso(int(seconds))}">{shown}</time>')
