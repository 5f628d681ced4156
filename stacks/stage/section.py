"""Reading a section of a stage file so that every fault is one line: file, key, what is wrong, what to write."""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

E_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[A-Za-z]{2,}")
TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}")


#: more than anybody sells, and few enough digits that every later sum is exact (DynamoDB keeps 38)
LARGEST_AMOUNT = 1_000_000_000_000_000
FRACTION_DIGITS = 6


class StageError(ValueError):
    """A stage file, or what was given beside it, is wrong. The message is the one line to show."""


class Section:
    """One table of a stage file. Every key is asked for once; ``close`` refuses the keys nobody asked for.

    file: how the file is named to people. path: dotted keys that lead here, empty at the top.
    """

    def __init__(self, values: Mapping[str, Any], *, file: str, path: str = "") -> None:
        self._values = values
        self._file = file
        self._path = path
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def fault(self, key: str, what: str, remedy: str) -> StageError:
        return StageError(f"{self._file}: {self._path}{key} {what}: {remedy}")

    def take(self, key: str, remedy: str, kind: type | tuple[type, ...], word: str) -> Any:
        self._asked.add(key)
        if key not in self._values:
            raise self.fault(key, "is missing", remedy)
        value = self._values[key]
        # bool is an int in Python, not in a stage file
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.fault(key, f"is {_shown(repr(value))}, not {word}", remedy)
        return value

    def text(self, key: str, *, remedy: str) -> str:
        return str(self.take(key, remedy, str, "text"))

    def matching(self, key: str, pattern: str, remedy: str) -> str:
        value = self.text(key, remedy=remedy)
        if not re.fullmatch(pattern, value):
            raise self.fault(key, f"is {value!r}" if value else "is empty", remedy)
        return value

    def flag(self, key: str, *, remedy: str, default: bool | None = None) -> bool:
        if default is not None and key not in self._values:
            return default
        return bool(self.take(key, remedy, bool, "true or false"))

    def one_of(self, key: str, words: Collection[str], *, default: str | None = None) -> str:
        if default is not None and key not in self._values:
            return default
        remedy = f"set it to one of {', '.join(words)}"
        value = self.text(key, remedy=remedy)
        if value not in words:
            raise self.fault(key, f"is {value!r}", remedy)
        return value

    def number(self, key: str, lowest: int, highest: int, *, default: int | None = None) -> int:
        if default is not None and key not in self._values:
            return default
        remedy = f"set it to a whole number from {lowest} to {highest}"
        value = int(self.take(key, remedy, int, "a whole number"))
        if not lowest <= value <= highest:
            raise self.fault(key, f"is {_shown(value)}", remedy)
        return value

    def optional_number(self, key: str, lowest: int, highest: int) -> int | None:
        """A whole number; None where the key is left out."""
        return self.number(key, lowest, highest) if key in self._values else None

    def amount(self, key: str, *, remedy: str) -> Decimal | None:
        """An amount above 0; None where the key is left out."""
        if key not in self._values:
            return None
        value = self.take(key, remedy, (int, Decimal), "a number")
        if not (_is_plain(value) and value > 0):
            raise self.fault(key, f"is {_shown(value)}", remedy)
        return Decimal(value)

    def texts(self, key: str, *, remedy: str) -> tuple[str, ...]:
        """A list of texts, none of them empty and none twice."""
        values = self.take(key, remedy, list, "a list")
        if not all(isinstance(value, str) and value for value in values):
            raise self.fault(key, f"is {values!r}, not a list of texts", remedy)
        for value in values:
            if values.count(value) > 1:
                raise self.fault(key, f"holds {value!r} twice", "name it once")
        return tuple(values)

    def matching_texts(self, key: str, pattern: str, remedy: str) -> tuple[str, ...]:
        """A list of texts of one form."""
        values = self.texts(key, remedy=remedy)
        for value in values:
            if not re.fullmatch(pattern, value):
                raise self.fault(key, f"holds {value!r}", remedy)
        return values

    def routes(self, key: str) -> tuple[str, ...]:
        """E-mail addresses and SNS topic ARNs."""
        remedy = 'list e-mail addresses and SNS topic ARNs, for example ["billing-oncall@your-company.com"]'
        values = self.texts(key, remedy=remedy)
        for value in values:
            if not (E_MAIL.fullmatch(value) or TOPIC_ARN.fullmatch(value)):
                raise self.fault(key, f"holds {value!r}, neither an e-mail address nor an SNS topic ARN", remedy)
        return values

    def decimals(self, key: str, names: Collection[str]) -> dict[str, Decimal]:
        """A table of quantities by usage dimension; -1 is unlimited."""
        remedy = "give a quantity of 0 or more, or -1 for unlimited, to any of " + ", ".join(names)
        values = self.take(key, remedy, dict, "a table")
        for name, value in values.items():
            if name not in names:
                raise self.fault(f"{key}.{name}", "is not a dimension of this stage", remedy)
            is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
            if not is_number or not _is_plain(value) or (value < 0 and value != -1):
                raise self.fault(f"{key}.{name}", f"is {_shown(value)}", remedy)
        return {name: Decimal(value) for name, value in values.items()}

    def section(self, key: str, *, remedy: str) -> "Section":
        values = self.take(key, remedy, dict, "a table")
        return Section(values, file=self._file, path=f"{self._path}{key}.")

    def sections(self, key: str, *, remedy: str) -> "list[Section]":
        values = self.take(key, remedy, list, "a list of tables")
        for value in values:
            if not isinstance(value, dict):
                raise self.fault(key, f"holds {value!r}, not a table", remedy)
        return [Section(value, file=self._file, path=f"{self._path}{key}[{n}].") for n, value in enumerate(values)]

    def names(self) -> list[str]:
        """The keys of a table whose keys are names. Raises StageError if there are none."""
        if not self._values:
            raise StageError(f"{self._file}: {self._path.rstrip('.')} is empty: add an entry")
        return list(self._values)

    def close(self) -> None:
        """Raises StageError at the first key that nothing reads: a misspelt key must not be a silent default."""
        for key in self._values:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                raise self.fault(key, "is not a known key", f"remove it or correct its spelling (known here: {known})")


def _is_plain(value: int | Decimal) -> bool:
    """False for NaN, infinity, numbers that nobody means and more than six fraction digits."""
    number = Decimal(value)
    if not number.is_finite() or abs(number) > LARGEST_AMOUNT:
        return False
    return number == round(number, FRACTION_DIGITS)


def _shown(value: object) -> str:
    """A value in a message, cut: a file may hold a number of thousands of digits."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
