"""Update expressions: the parser turns each into changes of an item.

Every right-hand side sees the item before the update (developer guide, "Update expressions"). The update copies the
containers above a nested path and never changes them.
"""

from decimal import Decimal
from typing import Any

from local.dynamodb.errors import Refused
from local.dynamodb.grammar import Item, Operand, Parser, Path, Values, look_up, must_be, order_of, overlap
from local.dynamodb.values import MISSING, add, type_of

_WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_NO_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item"
_BAD_PATH = "The document path provided in the update expression is invalid for update"
_SETS = ("SS", "NS", "BS")
SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")


class Update:
    """The changes of an expression. ``touched``: the top-level attributes that it may change."""

    def __init__(self, changes: list[tuple[Path, Operand]], removals: list[Path]) -> None:
        # Positions in a list are those before the update, so sets go in rising order and removals in falling order.
        self._flat = [(str(path[0]), change) for path, change in changes if len(path) == 1]
        self._nested = sorted(((p, change) for p, change in changes if len(p) > 1), key=lambda pair: order_of(pair[0]))
        self._removed = [str(path[0]) for path in removals if len(path) == 1]
        self._cut = sorted((path for path in removals if len(path) > 1), key=order_of, reverse=True)
        self.paths: list[Path] = [*(path for path, _ in changes), *removals]
        self.touched = tuple(dict.fromkeys(str(path[0]) for path in self.paths))

    def apply(self, item: Item, values: Values) -> dict[str, Any]:
        """The item after the update. Raises Refused."""
        new = dict(item)
        for name, change in self._flat:
            value = change(item, values)
            if value is MISSING:  # There was nothing to delete from, or nothing is left.
                new.pop(name, None)
            else:
                new[name] = value
        for path, change in self._nested:
            value = change(item, values)
            if value is not MISSING:
                _put(new, path, value)
            elif look_up(item, path) is not MISSING:
                _remove(new, path)
        for name in self._removed:
            new.pop(name, None)
        for path in self._cut:
            _remove(new, path)
        return new


class UpdateParser(Parser):
    """Parses an ``UpdateExpression``."""

    kind = "UpdateExpression"

    def parse(self) -> Update:
        """The whole expression. Raises ValidationException for an unknown or a repeated section and for overlapping
        paths."""
        changes: list[tuple[Path, Operand]] = []
        removals: list[Path] = []
        seen: set[str] = set()
        while self.peek():
            section = self.keyword()
            if section not in SECTIONS:
                raise self.unexpected()
            if section in seen:
                raise self.wrong(f'The "{section}" section can only be used once in an update expression;')
            seen.add(section)
            self.take()
            while True:
                if section == "REMOVE":
                    removals.append(self.path())
                else:
                    changes.append({"SET": self._set, "ADD": self._add, "DELETE": self._delete}[section]())
                if self.peek() != ",":
                    break
                self.take()
        if why := overlap([*(path for path, _ in changes), *removals]):
            raise self.wrong(why)
        return Update(changes, removals)

    def _set(self) -> tuple[Path, Operand]:
        path = self.path()
        self.take("=")
        left = self._operand()
        if self.peek() not in ("+", "-"):
            return path, _existing(left)
        minus = self.take() == "-"
        right = self._operand()
        left, right = _existing(left), _existing(right)
        return path, lambda item, values: _sum(left(item, values), right(item, values), minus)

    def _operand(self) -> Operand:
        if self.peek() == "(":
            self.take()
            inner = self._operand()
            self.take(")")
            return inner
        if self.peek().startswith(":"):
            name = self.value()
            return lambda _item, values: values[name]
        if self.peek(1) == "(":
            return self._function()
        path = self.path()
        return lambda item, _values: look_up(item, path)

    def _function(self) -> Operand:
        name = self.take()
        self.take("(")
        if name == "if_not_exists":
            path = self.path()
            self.take(",")
            other = self._operand()
            self.take(")")
            return lambda item, values: other(item, values) if (v := look_up(item, path)) is MISSING else v
        if name == "list_append":
            one = _existing(self._operand())
            self.take(",")
            more = _existing(self._operand())
            self.take(")")
            return lambda item, values: _joined(one(item, values), more(item, values))
        raise self.wrong(f"Invalid function name; function: {name}")

    def _add(self) -> tuple[Path, Operand]:
        path, name = self.path(), self.value()
        self.checks.append(must_be(name, ("N", *_SETS), "ADD", self.kind))

        def change(item: Item, values: Values) -> Any:
            old, more = look_up(item, path), values[name]
            if old is MISSING:
                return more
            if type_of(old) != type_of(more):
                raise Refused("ValidationError", _WRONG_TYPE)
            return old | more if type(old) is frozenset else add(old, more)

        return path, change

    def _delete(self) -> tuple[Path, Operand]:
        path, name = self.path(), self.value()
        self.checks.append(must_be(name, _SETS, "DELETE", self.kind))

        def change(item: Item, values: Values) -> Any:
            old, less = look_up(item, path), values[name]
            if old is MISSING:
                return MISSING
            if type(old) is not frozenset or type_of(old) != type_of(less):
                raise Refused("ValidationError", _WRONG_TYPE)
            return old - less or MISSING

        return path, change


def _existing(operand: Operand) -> Operand:
    def value(item: Item, values: Values) -> Any:
        found = operand(item, values)
        if found is MISSING:
            raise Refused("ValidationError", _NO_ATTRIBUTE)
        return found

    return value


def _sum(one: Any, other: Any, minus: bool) -> Decimal:
    if type(one) is not Decimal or type(other) is not Decimal:
        raise Refused("ValidationError", _WRONG_TYPE)
    return add(one, other, minus=minus)


def _joined(one: Any, more: Any) -> list[Any]:
    if type(one) is not list or type(more) is not list:
        raise Refused("ValidationError", _WRONG_TYPE)
    return one + more


def _parent(new: dict[str, Any], path: Path) -> Any:
    """The container of a path's last part, as a copy with all above it; MISSING if there is none."""
    here: Any = new
    for part in path[:-1]:
        inside = look_up(here, (part,))
        if type(inside) not in (dict, list):
            return MISSING
        here[part] = inside = inside.copy()
        here = inside
    return here


def _put(new: dict[str, Any], path: Path, value: Any) -> None:
    parent, last = _parent(new, path), path[-1]
    if type(parent) is dict and type(last) is str:
        parent[last] = value
    elif type(parent) is list and type(last) is int:
        parent[last : last + 1] = [value]  # Past the end this appends.
    else:
        raise Refused("ValidationError", _BAD_PATH)


def _remove(new: dict[str, Any], path: Path) -> None:
    parent, last = _parent(new, path), path[-1]
    if type(parent) is dict and type(last) is str:
        parent.pop(last, None)
    elif type(parent) is list and type(last) is int:
        del parent[last : last + 1]
    else:
        raise Refused("ValidationError", _BAD_PATH)
