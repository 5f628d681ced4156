"""Numbers as the pages write them: ``1,234.5`` in English, ``1.234,5`` in German. Pure."""

from decimal import Decimal

from marketplace.quantity import text

#: Digits of a currency's smaller unit, and the most that an amount shows: a thousandth of a cent is money in millions.
CENTS, MOST = 2, 6


def number(value: Decimal, language: str) -> str:
    """A quantity, exactly."""
    whole, _, fraction = text(value).partition(".")
    return _written(f"{int(whole):,}", fraction, language)


def money(value: Decimal, currency: str, language: str) -> str:
    """An amount with its currency's code: ``USD 1,234.50``; rounded only beyond six digits."""
    whole, _, fraction = text(round(value, MOST)).partition(".")
    return f"{currency} {_written(f'{int(whole):,}', fraction.ljust(CENTS, '0'), language)}"


def _written(whole: str, fraction: str, language: str) -> str:
    point, separator = (",", ".") if language == "de" else (".", ",")
    whole = whole.replace(",", separator)
    return f"{whole}{point}{fraction}" if fraction else whole
