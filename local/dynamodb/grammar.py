"""The parts of all expressions: tokens, document paths, placeholders, reserved words."""

import re
from collections.abc import Callable, Container, Iterable, Mapping
from itertools import pairwise
from pathlib import Path as File
from typing import Any

from local.dynamodb.errors import invalid
from local.dynamodb.values import MISSING, type_of

#: A document path: an attribute name, then names and list positions.
Path = tuple[str | int, ...]
Item = Mapping[str, Any]
#: The bound values by placeholder.
Values = Mapping[str, Any]
Operand = Callable[[Item, Values], Any]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),.\[\]+\-]|[#:][A-Za-z0-9_]+|[A-Za-z_][A-Za-z0-9_]*|[0-9]+)")
RESERVED = frozenset(File(__file__).with_name("reserved_words.txt").read_text(encoding="ascii").split())


#: Developer guide, "Constraints in Amazon DynamoDB", expression parameters: bytes of an expression, and its operators
#: and functions (the guide limits those of update expressions, the service those of condition expressions too).
MOST_BYTES, MOST_OPERATORS = 4096, 300
_OPERATORS = frozenset(
    (
        *("=", "<>", "<", "<=", ">", ">=", "+", "-", "AND", "OR", "NOT", "BETWEEN", "IN", "SIZE", "CONTAINS"),
        *("ATTRIBUTE_EXISTS", "ATTRIBUTE_NOT_EXISTS", "ATTRIBUTE_TYPE", "BEGINS_WITH", "IF_NOT_EXISTS", "LIST_APPEND"),
    )
)


#: Raises ValidationException where bound values do not fit their place in an expression.
Check = Callable[[Values], None]


class Parser:
    """Reads one expression and notes its placeholders. ``kind``: its name in messages."""

    kind = "Expression"

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self._names = names
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()
        self.used_paths: list[Path] = []
        #: Checks of the bound values themselves, independent of the item.
        self.checks: list[Check] = []
        self._tokens = self._split(text)
        if (size := len(text.encode())) > MOST_BYTES:
            raise self.wrong(f"Expression size has exceeded the maximum allowed size; expression size: {size}")
        if (number := sum(token.upper() in _OPERATORS for token in self._tokens)) > MOST_OPERATORS:
            raise self.wrong(f"The expression contains too many operators; operator count: {number}")
        self.at = 0

    def _split(self, text: str) -> list[str]:
        tokens, at, end = [], 0, len(text.rstrip())
        if not end:
            raise self.wrong("The expression can not be empty;")
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None:
                raise self.wrong(f'Syntax error; token: "{text[at : at + 1]}", near: "{text[max(0, at - 5) : at + 6]}"')
            tokens.append(found[1])
            at = found.end()
        return tokens

    def wrong(self, message: str) -> Exception:
        """A ValidationException about this kind of expression, for the caller to raise."""
        return invalid(f"Invalid {self.kind}: {message}")

    def unexpected(self) -> Exception:
        """The ValidationException of a syntax error at the present token, for the caller to raise."""
        near = " ".join(self._tokens[max(0, self.at - 1) : self.at + 2])
        return self.wrong(f'Syntax error; token: "{self.peek() or "<EOF>"}", near: "{near}"')

    def peek(self, ahead: int = 0) -> str:
        """The next token, or one further ahead; empty at the end."""
        at = self.at + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def since(self, start: int) -> tuple[str, ...]:
        """The tokens from an earlier ``at`` to the present one."""
        return tuple(self._tokens[start : self.at])

    def keyword(self) -> str:
        """The next token in capitals; the parser stays before it."""
        return self.peek().upper()

    def take(self, expected: str | None = None) -> str:
        """Takes the next token and returns it. Raises ValidationException at the end, or if it is not ``expected``."""
        token = self.peek()
        if not token or (expected is not None and token.upper() != expected):
            raise self.unexpected()
        self.at += 1
        return token

    def end(self) -> None:
        """Raises ValidationException if the expression goes on."""
        if self.peek():
            raise self.unexpected()

    def value(self) -> str:
        """Takes a placeholder of a value and returns it. Raises ValidationException if the next token is none."""
        if not self.peek().startswith(":"):
            raise self.unexpected()
        token = self.take()
        self.used_values.add(token)
        return token

    def path(self) -> Path:
        """Takes a document path: names and indexes of lists, from the outside in. Raises ValidationException for a
        wrong index."""
        parts: list[str | int] = [self._name()]
        while self.peek() in (".", "["):
            if self.take() == ".":
                parts.append(self._name())
                continue
            if not self.peek().isdigit():
                raise self.unexpected()
            parts.append(int(self.take()))
            self.take("]")
        path = tuple(parts)
        self.used_paths.append(path)
        return path

    def _name(self) -> str:
        token = self.peek()
        if token.startswith("#"):
            self.take()
            self.used_names.add(token)
            if token not in self._names:
                message = "An expression attribute name used in the document path is not defined; attribute name: "
                raise self.wrong(message + token)
            return self._names[token]
        if not token or not (token[0].isalpha() or token[0] == "_"):
            raise self.unexpected()
        if token.upper() in RESERVED:
            raise self.wrong(f"Attribute name is a reserved keyword; reserved keyword: {token}")
        return self.take()


def look_up(value: Any, path: Path) -> Any:
    """The value at a path of an item; MISSING if there is none."""
    for part in path:
        if type(value) is dict and type(part) is str:
            value = value.get(part, MISSING)
        elif type(value) is list and type(part) is int and part < len(value):
            value = value[part]
        else:
            return MISSING
    return value


def order_of(path: Path) -> tuple[tuple[str, int], ...]:
    """A sort key that puts a path right before the paths below it."""
    return tuple(("", part) if isinstance(part, int) else (part, 0) for part in path)


def overlap(paths: Iterable[Path]) -> str:
    """Why one expression cannot name all these paths; empty if it can."""
    for one, other in pairwise(sorted(paths, key=order_of)):
        if other[: len(one)] == one:
            return (
                "Two document paths overlap with each other; must remove or rewrite one of these paths;"
                f" path one: {list(one)}, path two: {list(other)}"
            )
    return ""


def must_be(value: str, letters: Container[str], operator: str, kind: str) -> Check:
    """The check that a bound value is of one of these types."""

    def check(values: Values) -> None:
        letter = type_of(values[value])
        if letter not in letters:
            message = f"Invalid {kind}: Incorrect operand type for operator or function; operator or function: "
            raise invalid(f"{message}{operator}, operand type: {letter}")

    return check
