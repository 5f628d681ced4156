"""The expressions of one request, parsed once per text and names; and what its placeholders must satisfy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder

from local.dynamodb.conditions import Condition, ConditionParser, FilterParser
from local.dynamodb.errors import invalid
from local.dynamodb.grammar import Check, Parser
from local.dynamodb.key_conditions import KeyCondition, KeyConditionParser
from local.dynamodb.projections import Projection, ProjectionParser
from local.dynamodb.updates import Update, UpdateParser
from local.dynamodb.values import accept

_NO_VALUES: Mapping[str, Any] = {}
#: texts are few and names are dimensions and periods; a test that makes up names for ever starts anew
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Parsed:
    """The parsed expressions of a request; ``values``: the placeholders that they use."""

    condition: Condition | None
    update: Update | None
    projection: Projection | None
    filter: Condition | None
    key: KeyCondition | None
    values: frozenset[str]
    checks: tuple[Check, ...]
    #: top-level attributes that the filter and the projection name
    filtered: frozenset[str]
    projected: frozenset[str]


_parsed: dict[Any, Parsed] = {}


def parse(
    names: Mapping[str, str] | None,
    *,
    condition: str | None = None,
    update: str | None = None,
    projection: str | None = None,
    filter_: str | None = None,
    key: str | None = None,
) -> Parsed:
    """The request's expressions. Raises ValidationException for bad syntax, undefined and unused names."""
    cached = (condition, update, projection, filter_, key, None if names is None else tuple(names.items()))
    found = _parsed.get(cached)
    if found is None:
        if len(_parsed) >= _MOST:
            _parsed.clear()
        found = _parsed[cached] = _parse(names, condition, update, projection, filter_, key)
    return found


def _parse(
    names: Mapping[str, str] | None,
    condition: str | None,
    update: str | None,
    projection: str | None,
    filter_: str | None,
    key: str | None,
) -> Parsed:
    if names is not None and all(text is None for text in (condition, update, projection, filter_, key)):
        raise invalid("ExpressionAttributeNames can only be specified when using expressions")
    if names is not None and not names:
        raise invalid("ExpressionAttributeNames must not be empty")
    used_names: set[str] = set()
    used_values: set[str] = set()
    checks: list[Check] = []
    named: dict[type[Parser], frozenset[str]] = {}

    def read(parser: type[Parser], text: str | None) -> Any:
        if text is None:
            return None
        reader: Any = parser(text, names or {})
        result = reader.parse()
        used_names.update(reader.used_names)
        used_values.update(reader.used_values)
        checks.extend(reader.checks)
        named[parser] = frozenset(str(path[0]) for path in reader.used_paths)
        return result

    read_condition, read_update = read(ConditionParser, condition), read(UpdateParser, update)
    read_projection, read_filter = read(ProjectionParser, projection), read(FilterParser, filter_)
    parsed = Parsed(
        condition=read_condition,
        update=read_update,
        projection=read_projection,
        filter=read_filter,
        key=read(KeyConditionParser, key),
        values=frozenset(used_values),
        checks=tuple(checks),
        filtered=named.get(FilterParser, frozenset()),
        projected=named.get(ProjectionParser, frozenset()),
    )
    if unused := set(names or ()) - used_names:
        text = ", ".join(sorted(unused))
        raise invalid(f"Value provided in ExpressionAttributeNames unused in expressions: keys: {{{text}}}")
    return parsed


def bound(parsed: Parsed, values: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The values in canonical form. Raises ValidationException for undefined and unused ones."""
    if values is None:
        if parsed.values:
            _undefined(parsed.values)
        return _NO_VALUES
    if values.keys() != parsed.values:
        if not values:
            raise invalid("ExpressionAttributeValues must not be empty")
        if missing := parsed.values - values.keys():
            _undefined(missing)
        unused = ", ".join(sorted(values.keys() - parsed.values))
        raise invalid(f"Value provided in ExpressionAttributeValues unused in expressions: keys: {{{unused}}}")
    accepted = {name: value if type(value) is str else accept(value) for name, value in values.items()}
    for check in parsed.checks:
        check(accepted)
    return accepted


def _undefined(missing: frozenset[str]) -> None:
    raise invalid("An expression attribute value used in expression is not defined; attribute value: " + min(missing))


def as_text(
    condition: str | ConditionBase | None,
    names: Mapping[str, str] | None,
    values: Mapping[str, Any] | None,
    *,
    is_key: bool = False,
    start: str = "n",
) -> tuple[str | None, Mapping[str, str] | None, Mapping[str, Any] | None]:
    """A condition of ``boto3.dynamodb.conditions`` as an expression, with the names and values it brings."""
    if condition is None or isinstance(condition, str):
        return condition, names, values
    built = ConditionExpressionBuilder().build_expression(condition, is_key_condition=is_key)
    text = built.condition_expression
    renamed_names = {f"#{start}{key[1:]}": name for key, name in built.attribute_name_placeholders.items()}
    renamed_values = {f":{start}{key[1:]}": value for key, value in built.attribute_value_placeholders.items()}
    for old in sorted(built.attribute_name_placeholders, key=len, reverse=True):
        text = text.replace(old, f"#{start}{old[1:]}")
    for old in sorted(built.attribute_value_placeholders, key=len, reverse=True):
        text = text.replace(old, f":{start}{old[1:]}")
    return text, {**(names or {}), **renamed_names}, {**(values or {}), **renamed_values}
