"""The expressions of one request, parsed once per text and names, and what their placeholders must satisfy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from boto3.exceptions import DynamoDBNeedsKeyConditionError

from local.dynamodb.conditions import Condition, ConditionParser, FilterParser
from local.dynamodb.errors import invalid
from local.dynamodb.grammar import Check
from local.dynamodb.key_conditions import KeyCondition, KeyConditionParser
from local.dynamodb.projections import Projection, ProjectionParser
from local.dynamodb.updates import Update, UpdateParser
from local.dynamodb.values import accept

_NO_VALUES: Mapping[str, Any] = {}
#: Texts are few, and names are dimensions and periods. A test that makes up names for ever empties the cache.
_MOST = 20_000
_PARSERS: Mapping[str, Any] = {
    "condition": ConditionParser,
    "update": UpdateParser,
    "projection": ProjectionParser,
    "filter": FilterParser,
    "key": KeyConditionParser,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The parsed expressions of a request.

    values: the placeholders that they use. filtered, projected: top-level attributes that filter and projection name.
    """

    condition: Condition | None = None
    update: Update | None = None
    projection: Projection | None = None
    filter: Condition | None = None
    key: KeyCondition | None = None
    values: frozenset[str]
    checks: tuple[Check, ...]
    filtered: frozenset[str]
    projected: frozenset[str]


_parsed: dict[Any, Parsed] = {}


def parse(names: Mapping[str, str] | None, **texts: str | None) -> Parsed:
    """The request's expressions by kind (``condition``, ``update``, ``projection``, ``filter``, ``key``).

    Raises ValidationException for bad syntax, undefined and unused names.
    """
    cached = (*texts, *texts.values(), None if names is None else tuple(names.items()))
    found = _parsed.get(cached)
    if found is None:
        if len(_parsed) >= _MOST:
            _parsed.clear()
        found = _parsed[cached] = _parse(names, {kind: text for kind, text in texts.items() if text is not None})
    return found


def _parse(names: Mapping[str, str] | None, texts: Mapping[str, str]) -> Parsed:
    if names is not None and not texts:
        raise invalid("ExpressionAttributeNames can only be specified when using expressions")
    if names is not None and not names:
        raise invalid("ExpressionAttributeNames must not be empty")
    readers = {kind: _PARSERS[kind](text, names or {}) for kind, text in texts.items()}
    results = {kind: reader.parse() for kind, reader in readers.items()}
    if unused := set(names or ()).difference(*(reader.used_names for reader in readers.values())):
        text = ", ".join(sorted(unused))
        raise invalid(f"Value provided in ExpressionAttributeNames unused in expressions: keys: {{{text}}}")

    def named(kind: str) -> frozenset[str]:
        return frozenset(str(path[0]) for path in readers[kind].used_paths) if kind in readers else frozenset()

    return Parsed(
        **results,
        values=frozenset().union(*(reader.used_values for reader in readers.values())),
        checks=tuple(check for reader in readers.values() for check in reader.checks),
        filtered=named("filter"),
        projected=named("projection"),
    )


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


class Request:
    """The names and values of one request; ``text`` adds those of boto3's condition objects to them."""

    __slots__ = ("_builder", "names", "values")

    def __init__(self, names: Mapping[str, str] | None, values: Mapping[str, Any] | None) -> None:
        self.names, self.values = names, values
        self._builder: ConditionExpressionBuilder | None = None

    def text(self, condition: str | ConditionBase | None, *, is_key: bool = False) -> str | None:
        """A condition as an expression. Raises ValidationException for a key condition on something else than a key."""
        if condition is None or isinstance(condition, str):
            return condition
        self._builder = self._builder or ConditionExpressionBuilder()
        try:
            built = self._builder.build_expression(condition, is_key_condition=is_key)
        except DynamoDBNeedsKeyConditionError as error:
            raise invalid(f"Invalid KeyConditionExpression: {error}") from None
        self.names = {**(self.names or {}), **built.attribute_name_placeholders}
        self.values = {**(self.values or {}), **built.attribute_value_placeholders}
        return str(built.condition_expression)
