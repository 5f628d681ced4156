"""The metric math that alarms use, for one period (CloudWatch User Guide, "Using math expressions with CloudWatch
metrics").

None is a value that is missing. A calculation with one is missing, but for ``FILL``, and for ``SUM(METRICS())``, which
leaves it out.
"""

import ast
import operator
import re
from collections.abc import Mapping
from typing import Any

Value = float | None
Values = Mapping[str, Value]
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
    python = re.sub(r"\b(AND|OR)\b", lambda found: found[1].lower(), expression)
    try:
        tree = ast.parse(python, mode="eval").body
    except SyntaxError:
        raise UnknownMath(expression) from None
    return _value(tree, values)


def _value(node: ast.expr, values: Values) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return _both(op, _value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
            return _both(op, _value(left, values), _value(right, values))
        case ast.BoolOp(op=op, values=parts):
            found = [_value(part, values) for part in parts]
            if None in found:
                return None
            return float(all(found) if isinstance(op, ast.And) else any(found))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _called(name, arguments, values)
    raise UnknownMath(ast.unparse(node))


def _both(op: ast.operator | ast.cmpop, left: Value, right: Value) -> Value:
    if left is None or right is None or (isinstance(op, ast.Div) and right == 0):
        return None
    return float(OPERATORS[type(op)](left, right))


def _called(name: str, arguments: list[ast.expr], values: Values) -> Value:
    if (name, [ast.unparse(each) for each in arguments]) == ("SUM", ["METRICS()"]):
        real = [value for value in values.values() if value is not None]
        return sum(real) if real else None
    if name == "FILL" and len(arguments) == 2:
        value = _value(arguments[0], values)
        return _value(arguments[1], values) if value is None else value
    if name == "IF" and len(arguments) == 3:
        condition = _value(arguments[0], values)
        return None if condition is None else _value(arguments[1 if condition else 2], values)
    raise UnknownMath(name)
