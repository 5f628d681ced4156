"""Checks requests against botocore's service models: types, required members, min, max, pattern, enum.

boto3 itself checks types, required members and minimums only. This module turns each operation's input shape into
functions once, so that a simulation can afford the check.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from marketplace_local.errors import ServiceError
from marketplace_local.violation import Place, Violation, path_of

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
#: The end of the year 9999, in epoch seconds.
_LATEST_TIMESTAMP = 253_402_300_799

#: A check adds a value's violations to the list. It raises ServiceError SerializationException for a wrong JSON type.
Check = Callable[[Any, Place, list[Violation]], None]


@cache
def service_model(name: str) -> ServiceModel:
    """botocore's model of a service, by its client name."""
    return botocore.session.get_session().get_service_model(name)


def violations(service: str, operation: str, request: Any) -> list[Violation]:
    """Every constraint of the operation's input shape that a request breaks, in the request's order.

    Raises ServiceError SerializationException where a value has the wrong JSON type.
    """
    broken: list[Violation] = []
    _checks(service, operation)(request, None, broken)
    return broken


def answer_violations(service: str, operation: str, answer: Any) -> list[Violation]:
    """Every constraint of the operation's output shape that an answer breaks."""
    shape = service_model(service).operation_model(operation).output_shape
    assert shape is not None
    broken: list[Violation] = []
    _check_of(shape)(answer, None, broken)
    return broken


@cache
def _checks(service: str, operation: str) -> Check:
    shape = service_model(service).operation_model(operation).input_shape
    assert shape is not None
    return _check_of(shape)


def constraint(shape: Shape, name: str) -> Any:
    """``min``, ``max``, ``pattern`` or ``enum`` of a shape, None where the model has none."""
    return shape.metadata.get(name)


def required(shape: StructureShape) -> tuple[str, ...]:
    """The members that a structure must have."""
    return tuple(shape.required_members)


def _check_of(shape: Shape) -> Check:
    if isinstance(shape, StructureShape):
        return _structure(shape, {name: _check_of(member) for name, member in shape.members.items()})
    if isinstance(shape, ListShape):
        return _list(shape, _check_of(shape.member))
    if isinstance(shape, MapShape):
        return _map(shape, _check_of(shape.key), _check_of(shape.value))
    if shape.type_name == "string":
        return _string(shape)
    return _scalar(shape)


def _structure(shape: StructureShape, members: Mapping[str, Check]) -> Check:
    needed = required(shape)

    def check(value: Any, place: Place, broken: list[Violation]) -> None:
        if not isinstance(value, dict):
            raise _wrong_type(place, shape)
        for name in needed:
            if value.get(name) is None:
                broken.append(Violation(path_of((name, place)), "must not be null", f"{shape.name}.{name}"))
        for name, item in value.items():
            # Null counts as absent (P08). The service ignores members that the model does not name.
            if item is not None and name in members:
                members[name](item, (name, place), broken)

    return check


def _list(shape: ListShape, member: Check) -> Check:
    in_range = _range(shape, "length")

    def check(value: Any, place: Place, broken: list[Violation]) -> None:
        if not isinstance(value, list):
            raise _wrong_type(place, shape)
        in_range(len(value), place, broken)
        for number, item in enumerate(value, 1):
            member(item, (f"{number}.member", place), broken)

    return check


def _map(shape: MapShape, key_check: Check, value_check: Check) -> Check:
    def check(value: Any, place: Place, broken: list[Violation]) -> None:
        if not isinstance(value, dict):
            raise _wrong_type(place, shape)
        for key, item in value.items():
            key_check(key, ("key", place), broken)
            value_check(item, ("value", (key, place)), broken)

    return check


def _string(shape: Shape) -> Check:
    least, most, enum = (constraint(shape, name) for name in ("min", "max", "enum"))
    # Smithy writes patterns with and without anchors; both mean the whole value.
    pattern = str(constraint(shape, "pattern") or "").removeprefix("^").removesuffix("$")
    matches = re.compile(pattern).fullmatch

    # Dimensions, licences and quantities repeat from record to record.
    @lru_cache(maxsize=1024)
    def faults(value: str) -> tuple[tuple[str, str], ...]:
        found = list(_out_of_range(len(value), "length", least, most))
        if pattern and not matches(value):
            found.append(("pattern", f"must satisfy the regular expression {pattern}"))
        if enum and value not in enum:
            found.append(("enum", f"must be one of {', '.join(enum)}"))
        return tuple(found)

    def check(value: Any, place: Place, broken: list[Violation]) -> None:
        if not isinstance(value, str):
            raise _wrong_type(place, shape)
        for constrained, message in faults(value):
            broken.append(Violation(path_of(place), message, f"{shape.name}.{constrained}"))

    return check


def _scalar(shape: Shape) -> Check:
    allowed: Any = _TYPES[shape.type_name]  # Any: isinstance would narrow the value to object
    in_range = _range(shape, "value") if shape.type_name in _WHOLE else None
    is_time = shape.type_name == "timestamp"

    def check(value: Any, place: Place, broken: list[Violation]) -> None:
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise _wrong_type(place, shape)
        if is_time and not -_LATEST_TIMESTAMP <= value <= _LATEST_TIMESTAMP:  # A NaN fails this, too.
            raise ServiceError("SerializationException", f"{path_of(place)} is not a time", rule="P07")
        if in_range:
            in_range(value, place, broken)

    return check


def _range(shape: Shape, what: str) -> Callable[[int, Place, list[Violation]], None]:
    least, most = constraint(shape, "min"), constraint(shape, "max")

    def check(size: int, place: Place, broken: list[Violation]) -> None:
        for constrained, message in _out_of_range(size, what, least, most):
            broken.append(Violation(path_of(place), message, f"{shape.name}.{constrained}"))

    return check


def _out_of_range(size: int, what: str, least: int | None, most: int | None) -> Iterator[tuple[str, str]]:
    """The broken constraint's name and the message."""
    if least is not None and size < least:
        yield "min", f"must have {what} greater than or equal to {least}"
    if most is not None and size > most:
        yield "max", f"must have {what} less than or equal to {most}"


def _wrong_type(place: Place, shape: Shape) -> ServiceError:
    message = f"{path_of(place) or 'the request'} must be a {shape.type_name}"
    return ServiceError("SerializationException", message, rule="P06")
