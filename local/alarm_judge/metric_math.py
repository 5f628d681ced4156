"""The metric math that alarms use, for one period (CloudWatch User Guide, "Using math expressions with CloudWatch
metrics").

None is a value that is missing. A calculation with one is missing, but for ``FILL``, and for ``SUM(METRICS())``, which
leaves it out.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

Value = float | None
Values = Mapping[str, Value]
#: An expression, or a part of one, as a function of the values.
Calculation = Callable[[Values], Value]
OPERATORS: Mapping[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


class UnknownMath(ValueError):
    """An expression has a part that is not known here."""


def calculate(expression: str, values: Values) -> Value:
    """The expression's value. values: by the metrics' ids. Raises UnknownMath."""
    return _read(expression, frozenset(values))(values)


@cache
def _read(expression: str, ids: frozenset[str]) -> Calculation:
    """An alarm's expression is calculated for thousands of periods, so it is read once."""
    python = re.sub(r"\b(AND|OR)\b", lambda found: found[1].lower(), expression)
    try:
        tree = ast.parse(python, mode="eval").body
    except SyntaxError:
        raise UnknownMath(expression) from None
    return _part(tree, ids)


def _part(node: ast.expr, ids: frozenset[str]) -> Calculation:
    match node:
        case ast.Constant(value=int() | float() as number):
            constant = float(number)
            return lambda _values: constant
        case ast.Name(id=name) if name in ids:
            return operator.itemgetter(name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return _both(op, _part(left, ids), _part(right, ids))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
            return _both(op, _part(left, ids), _part(right, ids))
        case ast.BoolOp(op=op, values=parts):
            return _joined(all if isinstance(op, ast.And) else any, [_part(part, ids) for part in parts])
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _called(name, arguments, ids)
    raise UnknownMath(ast.unparse(node))


def _both(op: ast.operator | ast.cmpop, left: Calculation, right: Calculation) -> Calculation:
    apply, divides = OPERATORS[type(op)], isinstance(op, ast.Div)

    def calculated(values: Values) -> Value:
        one, other = left(values), right(values)
        if one is None or other is None or (divides and other == 0):
            return None
        return float(apply(one, other))

    return calculated


def _joined(join: Callable[[list[Value]], bool], parts: list[Calculation]) -> Calculation:
    def calculated(values: Values) -> Value:
        found = [part(values) for part in parts]
        return None if None in found else float(join(found))

    return calculated


def _called(name: str, arguments: list[ast.expr], ids: frozenset[str]) -> Calculation:
    if (name, [ast.unparse(each) for each in arguments]) == ("SUM", ["METRICS()"]):
        return _sum
    parts = [_part(each, ids) for each in arguments]
    match name, parts:
        case "FILL", [value, instead]:
            return lambda values: instead(values) if (found := value(values)) is None else found
        case "IF", [condition, yes, no]:
            return lambda values: None if (found := condition(values)) is None else (yes if found else no)(values)
    raise UnknownMath(name)


def _sum(values: Values) -> Value:
    real = [value for value in values.values() if value is not None]
    return sum(real) if real else None
