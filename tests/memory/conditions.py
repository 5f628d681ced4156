"""Condition, filter and key-condition expressions: parsed once into a function of an item and the bound values.

Grammar and meaning: the developer guide's "Comparison operator and function reference".
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from tests.memory.grammar import Parser, look_up, wrong_type
from tests.memory.values import MISSING, equal, type_of

Item = Mapping[str, Any]
Values = Mapping[str, Any]
Condition = Callable[[Item, Values], bool]
Operand = Callable[[Item, Values], Any]

ORDER = {"<": lt, "<=": le, ">": gt, ">=": ge}
_ORDERED = frozenset("SNB")


class ConditionParser(Parser):
    kind = "ConditionExpression"

    def parse(self) -> Condition:
        condition = self._or()
        self.end()
        return condition

    def _or(self) -> Condition:
        parts = [self._and()]
        while self.keyword() == "OR":
            self.take()
            parts.append(self._and())
        if len(parts) == 1:
            return parts[0]
        first, rest = parts[0], parts[1:]
        return lambda item, values: first(item, values) or any(part(item, values) for part in rest)

    def _and(self) -> Condition:
        parts = [self._not()]
        while self.keyword() == "AND":
            self.take()
            parts.append(self._not())
        if len(parts) == 1:
            return parts[0]
        first, rest = parts[0], parts[1:]
        return lambda item, values: first(item, values) and all(part(item, values) for part in rest)

    def _not(self) -> Condition:
        if self.keyword() != "NOT":
            return self._term()
        self.take()
        inner = self._not()
        return lambda item, values: not inner(item, values)

    def _term(self) -> Condition:
        if self.peek() == "(":
            self.take()
            inner = self._or()
            self.take(")")
            return inner
        if self.peek(1) == "(" and self.peek() != "size":
            return self._function()
        return self._comparison()

    def _operand(self) -> Operand:
        if self.peek().startswith(":"):
            name = self.value()
            return lambda _item, values: values[name]
        if self.peek() == "size" and self.peek(1) == "(":
            self.take()
            self.take("(")
            whose = self._operand()
            self.take(")")
            return lambda item, values: _size(whose(item, values))
        path = self.path()
        if len(path) == 1:
            top = str(path[0])
            return lambda item, _values: item.get(top, MISSING)
        return lambda item, _values: look_up(item, path)

    def _comparison(self) -> Condition:
        left = self._operand()
        operator = self.keyword()
        if operator == "BETWEEN":
            return self._between(left)
        if operator == "IN":
            return self._in(left)
        if operator not in ("=", "<>", *ORDER):
            raise self.unexpected()
        self.take()
        right = self._operand()
        if operator == "=":
            return lambda item, values: equal(left(item, values), right(item, values))
        if operator == "<>":
            return lambda item, values: not equal(left(item, values), right(item, values))
        return _ordered(left, right, operator, self.kind)

    def _between(self, left: Operand) -> Condition:
        self.take()
        low = self._operand()
        self.take("AND")
        high = self._operand()
        above, below = _ordered(left, low, ">=", self.kind), _ordered(left, high, "<=", self.kind)
        return lambda item, values: above(item, values) and below(item, values)

    def _in(self, left: Operand) -> Condition:
        self.take()
        self.take("(")
        choices = [self._operand()]
        while self.peek() == ",":
            self.take()
            choices.append(self._operand())
        self.take(")")
        if len(choices) > 100:
            raise self.wrong("The IN operator is provided with too many operands; number of operands: 101")
        return lambda item, values: any(equal(left(item, values), choice(item, values)) for choice in choices)

    def _function(self) -> Condition:
        name = self.take()
        self.take("(")
        if name in ("attribute_exists", "attribute_not_exists"):
            path = self.path()
            self.take(")")
            wanted = name == "attribute_exists"
            return lambda item, _values: (look_up(item, path) is not MISSING) is wanted
        test = {"begins_with": _begins_with, "contains": _contains, "attribute_type": _has_type}.get(name)
        if test is None:
            raise self.wrong(f"Invalid function name; function: {name}")
        one = self._operand()
        self.take(",")
        other = self._operand()
        self.take(")")
        return lambda item, values: test(one(item, values), other(item, values))


class FilterParser(ConditionParser):
    kind = "FilterExpression"


def _ordered(left: Operand, right: Operand, operator: str, kind: str) -> Condition:
    compare = ORDER[operator]

    def test(item: Item, values: Values) -> bool:
        one, other = left(item, values), right(item, values)
        if one is MISSING or other is MISSING:
            return False
        letter = type_of(other)
        if letter not in _ORDERED:
            raise wrong_type(operator, kind, letter)
        return type(one) is type(other) and bool(compare(one, other))

    return test


def _size(value: Any) -> Any:
    return Decimal(len(value)) if type(value) in (str, bytes, list, dict, frozenset) else MISSING


def _begins_with(value: Any, prefix: Any) -> bool:
    return type(value) is type(prefix) and type(value) in (str, bytes) and value.startswith(prefix)


def _contains(value: Any, part: Any) -> bool:
    if type(value) in (str, bytes):
        return type(part) is type(value) and part in value
    if type(value) in (frozenset, list):
        return any(equal(member, part) for member in value)
    return False


def _has_type(value: Any, letter: Any) -> bool:
    return value is not MISSING and type_of(value) == letter
