"""Errors tell nothing of the inside; waits are short and never alike."""

import json
from enum import StrEnum
from random import Random
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from runtime import metric_names, pause
from runtime.api_error import ApiError
from runtime.failure import described


def test_an_api_error_has_one_shape() -> None:
    error = ApiError(404, "not_found", "no such thing", {"field": "x"}, {"Retry-After": "1"})
    assert error.payload() == {"error": {"code": "not_found", "message": "no such thing", "details": {"field": "x"}}}
    assert ApiError(400, "bad", "no").payload()["error"]["details"] == {}
    assert str(error) == "not_found"


def fail(error: Exception) -> dict[str, object]:
    try:
        raise error
    except Exception as caught:
        return described(caught)


def test_a_failure_is_described_without_what_it_said() -> None:
    answer = {"Error": {"Code": "ValidationException", "Message": "value token-123 of ann@example.com"}}
    for error in (ClientError(answer, "PutItem"), TypeError("token-123 of ann@example.com")):  # type: ignore[arg-type]
        text = json.dumps(fail(error))
        assert "token-123" not in text
        assert "ann@example.com" not in text
        assert type(error).__name__ in text
        assert "test_errors_and_waiting.py" in text


def test_a_failure_names_awss_code() -> None:
    assert fail(ClientError({"Error": {"Code": "Throttling"}}, "Query"))["awsCode"] == "Throttling"
    assert fail(KeyError("x"))["awsCode"] is None


@pytest.mark.parametrize(("attempt", "most"), [(0, 0.02), (1, 0.04), (4, 0.32), (5, 0.4), (24, 0.4)])
def test_waits_double_up_to_a_bound_and_jitter(monkeypatch: pytest.MonkeyPatch, attempt: int, most: float) -> None:
    slept: list[float] = []
    # Only the module's own names are replaced: threads of other tests sleep and draw, too.
    monkeypatch.setattr("runtime.pause.time", SimpleNamespace(sleep=slept.append))
    monkeypatch.setattr("runtime.pause.random", Random(1))
    for _ in range(200):
        pause.full_jitter(attempt)
    assert 0 <= min(slept) < most / 10
    assert most * 0.9 < max(slept) <= most


@pytest.mark.parametrize(
    "room",
    [
        kind
        for kind in vars(metric_names).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
    ],
    ids=lambda kind: kind.__name__,
)
def test_metric_names_are_distinct_words(room: type[StrEnum]) -> None:
    names = [str(name) for name in room]
    assert names
    assert len(set(names)) == len(names) == len(room.__members__)
    assert all(name.isalnum() and name[0].isupper() for name in names)
