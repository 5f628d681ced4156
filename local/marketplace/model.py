"""Requests are checked against botocore's own service models: types, required members, min, max, pattern, enum.

boto3 itself checks types, required members and minimums only; maxima, patterns and enums are left to the service.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from local.marketplace.errors import ApiError

_WHOLE = ("integer", "long")
_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "timestamp": (int, float),
    "boolean": (bool,),
}
#: epoch seconds of the end of the year 9999
_LATEST_TIMESTAMP = 253_402_300_799


class Violation(NamedTuple):
    """One constraint that a value breaks; ``path`` as in ``UsageRecords.1.member.Dimension``."""

    path: str
    message: str


@cache
def service_model(name: str) -> ServiceModel:
    """botocore's model of a service, by its client name."""
    return botocore.session.get_session().get_service_model(name)


def violations(service: str, operation: str, request: Any) -> list[Violation]:
    """Every constraint of the operation's input shape that a request breaks, in the request's order.

    Raises ApiError SerializationException where a value has the wrong JSON type.
    """
    shape = service_model(service).operation_model(operation).input_shape
    assert shape is not None
    return list(_check(shape, request, ""))


def _check(shape: Shape, value: Any, path: str) -> Iterator[Violation]:
    _check_type(shape, value, path)
    if isinstance(shape, StructureShape):
        yield from _check_structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _check_range(shape, len(value), path, "length")
        for number, item in enumerate(value, 1):
            yield from _check(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _check(shape.key, key, f"{path}.key")
            yield from _check(shape.value, item, f"{path}.{key}.value")
    elif shape.type_name == "string":
        yield from _check_string(shape, value, path)
    elif shape.type_name in _WHOLE:
        yield from _check_range(shape, value, path, "value")


def _check_type(shape: Shape, value: Any, path: str) -> None:
    allowed: Any = _TYPES[shape.type_name]  # Any: isinstance would narrow the value to object
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise ApiError("SerializationException", f"{path or 'the request'} must be a {shape.type_name}")
    if shape.type_name == "timestamp" and abs(value) > _LATEST_TIMESTAMP:
        raise ApiError("SerializationException", f"{path} is not a time")


def _check_structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[Violation]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield Violation(f"{path}.{name}".lstrip("."), "must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:  # null is absent, and members that the model does not know are ignored
            yield from _check(member, value[name], f"{path}.{name}".lstrip("."))


def _check_string(shape: Shape, value: str, path: str) -> Iterator[Violation]:
    yield from _check_range(shape, len(value), path, "length")
    # Smithy's patterns are written with and without anchors; all of them mean the whole value here
    pattern = str(shape.metadata.get("pattern", "")).removeprefix("^").removesuffix("$")
    if pattern and not re.fullmatch(pattern, value):
        yield Violation(path, f"must satisfy the regular expression {pattern}")
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        yield Violation(path, f"must be one of {', '.join(enum)}")


def _check_range(shape: Shape, size: int, path: str, what: str) -> Iterator[Violation]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield Violation(path, f"must have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield Violation(path, f"must have {what} less than or equal to {most}")


def describe(broken: list[Violation]) -> str:
    """The message of a refused request: the first few violations."""
    listed = "; ".join(f"Value at '{v.path}' failed to satisfy constraint: Member {v.message}" for v in broken[:5])
    return f"{len(broken)} validation error(s) detected: {listed}"
