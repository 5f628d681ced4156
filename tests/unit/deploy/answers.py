"""AWS's answers for tests: each is held against the service's own model, and so is each request, by botocore itself."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator


class Call(NamedTuple):
    operation: str
    region: str
    request: dict[str, Any]


Answers = Mapping[str, Any]


@contextmanager
def answering(answers: Answers) -> Iterator[list[Call]]:
    """By operation: an answer, an error, or a list of them in turn (the last one stays). Yields the calls made."""
    calls: list[Call] = []
    turns: dict[str, int] = {}

    def call(client: BaseClient, operation: str, request: dict[str, Any]) -> Any:
        model = client.meta.service_model.operation_model(operation)
        if model.input_shape is not None:
            report = ParamValidator().validate(request, model.input_shape)
            assert not report.has_errors(), f"{operation}: {report.generate_report()}"
        calls.append(Call(operation, client.meta.region_name, request))
        answer = answers[operation]
        if isinstance(answer, list):
            turn = turns.setdefault(operation, 0)
            turns[operation] += 1
            answer = answer[min(turn, len(answer) - 1)]
        if isinstance(answer, ClientError):
            raise answer
        check(model.output_shape, answer, operation)
        return {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}, **answer}

    with patch("botocore.client.BaseClient._make_api_call", call):
        yield calls


def check(shape: Shape | None, answer: Any, place: str) -> None:
    """Fails where the answer has a member that the model does not know, or a value of another type."""
    if isinstance(shape, StructureShape):
        assert isinstance(answer, Mapping), place
        if not shape.is_document_type:
            assert set(answer) <= set(shape.members), f"{place}: {set(answer) - set(shape.members)} is not in the model"
        for name, value in answer.items():
            check(shape.members.get(name), value, f"{place}.{name}")
    elif isinstance(shape, ListShape):
        assert isinstance(answer, list), place
        for value in answer:
            check(shape.member, value, f"{place}[]")
    elif isinstance(shape, MapShape):
        for value in answer.values():
            check(shape.value, value, f"{place}{{}}")
    elif shape is not None:
        kinds: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "long": (int,), "boolean": (bool,)}
        assert isinstance(answer, kinds.get(shape.type_name, (object,))), f"{place} is {answer!r}"
        enum = shape.metadata.get("enum")
        assert not enum or answer in enum, f"{place} is {answer!r}, none of {enum}"


def refused(code: str, operation: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
