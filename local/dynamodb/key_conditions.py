"""Key conditions: one HASH value and at most one test on the RANGE value."""

from collections.abc import Callable, Mapping
from typing import Any

from local.dynamodb.errors import invalid
from local.dynamodb.grammar import Parser
from local.dynamodb.keys import KeySchema

#: Attribute, operator, bounds; each bound a placeholder.
Term = tuple[str, str, tuple[str, ...]]
#: Attribute, operator, bounds; each bound a value.
Bound = tuple[str, str, tuple[Any, ...]]
KeyCondition = Callable[[Mapping[str, Any]], list[Bound]]


class KeyConditionParser(Parser):
    """Reads terms that AND joins; parentheses may stand around each of them and around several."""

    kind = "KeyConditionExpression"

    def parse(self) -> KeyCondition:
        """The function that puts the bound values into the terms. Raises ValidationException."""
        terms = self._terms()
        self.end()
        return lambda values: [(name, operator, tuple([values[v] for v in bounds])) for name, operator, bounds in terms]

    def _terms(self) -> list[Term]:
        terms = self._group()
        while self.keyword() == "AND":
            self.take()
            terms += self._group()
        return terms

    def _group(self) -> list[Term]:
        if self.peek() != "(":
            return [self._term()]
        self.take()
        terms = self._terms()
        self.take(")")
        return terms

    def _term(self) -> Term:
        if self.peek() == "begins_with" and self.peek(1) == "(":
            self.take()
            self.take("(")
            name = self._key()
            self.take(",")
            prefix = self.value()
            self.take(")")
            return name, "begins_with", (prefix,)
        name = self._key()
        operator = self.take().upper()
        if operator == "BETWEEN":
            low = self.value()
            self.take("AND")
            return name, operator, (low, self.value())
        if operator not in ("=", "<", "<=", ">", ">="):
            raise self.wrong("Invalid operator used in KeyConditionExpression: " + operator)
        return name, operator, (self.value(),)

    def _key(self) -> str:
        path = self.path()
        if len(path) > 1:
            raise self.wrong("KeyConditionExpressions cannot have conditions on nested attributes")
        return str(path[0])


def split(bounds: list[Bound], schema: KeySchema) -> tuple[Any, str | None, tuple[Any, ...]]:
    """The HASH value, and operator and bounds of the test on the RANGE value (None: none).

    Raises ValidationException if the HASH key is not tested for equality, if there is a condition on another attribute
    or a second one on a key, or if the bounds of BETWEEN are in the wrong order.
    """
    of: dict[str, Bound] = {bound[0]: bound for bound in bounds}
    if len(of) != len(bounds):
        raise invalid("KeyConditionExpressions must only contain one condition per key")
    hash_part = of.pop(schema.hash.name, None)
    range_part = of.pop(schema.range.name, None) if schema.range is not None else None
    if hash_part is None or of:
        missing = schema.hash.name if hash_part is None else next(iter(of))
        raise invalid(f"Query condition missed key schema element: {missing}")
    if hash_part[1] != "=":
        raise invalid("Query key condition not supported")
    schema.hash.check(hash_part[2][0])
    if range_part is None:
        return hash_part[2][0], None, ()
    assert schema.range is not None
    for value in range_part[2]:
        schema.range.check(value)
    if range_part[1] == "BETWEEN" and range_part[2][0] > range_part[2][1]:
        raise invalid(
            "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to"
            " lower bound"
        )
    return hash_part[2][0], range_part[1], range_part[2]
