"""Condition and filter expressions: the parser turns each into a function of an item and the bound values.

The grammar and its meaning are the developer guide's "Comparison operator and function reference".
"""

from collections.abc import Callable
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from local.dynamodb.errors import invalid
from local.dynamodb.grammar import Check, Item, Operand, Parser, Values, look_up, must_be
from local.dynamodb.values import MISSING, equal, type_of

Condition = Callable[[Item, Values], bool]

ORDER = {"<": lt, "<=": le, ">": gt, ">=": ge}
_ORDERED = frozenset("SNB")


class ConditionParser(Parser):
    """Parses a ``ConditionExpression``."""

    kind = "ConditionExpression"

    def parse(self) -> Condition:
        """The whole expression as a function of an item and the values. Raises ValidationException for a wrong one."""
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
            if self.peek() == "(" and self.peek(self._group()) == ")":
                raise self.wrong("The expression has redundant parentheses;")
            inner = self._or()
            self.take(")")
            return inner
        if self.peek(1) == "(" and self.peek() != "size":
            return self._function()
        return self._comparison()

    def _group(self) -> int:
        """The number of tokens in the group that opens here."""
        depth = length = 0
        while self.peek(length):
            depth += {"(": 1, ")": -1}.get(self.peek(length), 0)
            length += 1
            if depth == 0:
                break
        return length

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
        start = self.at
        left = self._operand()
        first = self.since(start)
        operator = self.keyword()
        if operator == "BETWEEN":
            return self._between(left, first)
        if operator == "IN":
            return self._in(left)
        if operator not in ("=", "<>", *ORDER):
            raise self.unexpected()
        self.take()
        start = self.at
        right = self._operand()
        second = self.since(start)
        if first == second:
            message = "The first operand must be distinct from the remaining operands for this operator or function;"
            raise self.wrong(f"{message} operator: {operator}, first operand: [{first[0]}]")
        if operator in ORDER:
            self._ordered_values(operator, first, second)
        if operator == "=":
            return lambda item, values: equal(left(item, values), right(item, values))
        if operator == "<>":
            return lambda item, values: not equal(left(item, values), right(item, values))
        return _ordered(left, right, operator)

    def _ordered_values(self, operator: str, *operands: tuple[str, ...]) -> None:
        """Notes that those operands that are bound values must have an order."""
        for operand in operands:
            if operand[0].startswith(":"):
                self.checks.append(must_be(operand[0], _ORDERED, operator, self.kind))

    def _between(self, left: Operand, first: tuple[str, ...]) -> Condition:
        self.take()
        start = self.at
        low = self._operand()
        lower = self.since(start)
        self.take("AND")
        start = self.at
        high = self._operand()
        upper = self.since(start)
        self._ordered_values("BETWEEN", first, lower, upper)
        if lower[0].startswith(":") and upper[0].startswith(":"):
            self.checks.append(_rising(lower[0], upper[0], self.kind))
        above, below = _ordered(left, low, ">="), _ordered(left, high, "<=")
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
        bound = self.peek()
        other = self._operand()
        if bound.startswith(":") and name != "contains":
            self.checks.append(must_be(bound, ("S", "B") if name == "begins_with" else ("S",), name, self.kind))
        self.take(")")
        return lambda item, values: test(one(item, values), other(item, values))


class FilterParser(ConditionParser):
    """Parses a ``FilterExpression``, which has the same grammar."""

    kind = "FilterExpression"


def _rising(low: str, high: str, kind: str) -> Check:
    def check(values: Values) -> None:
        one, other = values[low], values[high]
        if type(one) is not type(other) or one > other:
            raise invalid(
                f"Invalid {kind}: The BETWEEN operator requires upper bound to be greater than or equal to lower bound"
            )

    return check


def _ordered(left: Operand, right: Operand, operator: str) -> Condition:
    compare = ORDER[operator]

    def test(item: Item, values: Values) -> bool:
        one, other = left(item, values), right(item, values)
        return type(one) is type(other) and type(one) in (str, Decimal, bytes) and bool(compare(one, other))

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
