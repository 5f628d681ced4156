"""The trace of an invocation, as it stands on recorded events."""

import pytest

from runtime.telemetry import of_trace, trace_id, trace_of, traced


@pytest.mark.parametrize(
    ("variable", "found"),
    [
        (
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "1-5759e988-bd862e3fe1be46a994272793",
        ),
        ("Parent=53995c3f42cd8ad8", None),
        ("", None),
        (None, None),
    ],
)
def test_the_trace_is_the_root_of_what_lambda_says(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, found: str | None
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    if variable is not None:
        monkeypatch.setenv("_X_AMZN_TRACE_ID", variable)
    assert trace_id() == found


def test_the_trace_of_a_message_holds_while_it_is_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    own, given = "1-5759e988-bd862e3fe1be46a994272793", "1-5759e988-000000000000000000000001"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={own};Sampled=0")
    with of_trace(given):
        assert trace_id() == given
        assert traced()["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"] == f"Root={given}"
    with of_trace(None):
        assert trace_id() == own
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    assert traced() == {}


def test_a_header_that_anybody_writes_is_bounded() -> None:
    assert trace_of("x;" * 10_000 + "Root=1-5759e988-bd862e3fe1be46a994272793") is None
    assert trace_of("Root=1-5759E988-BD862E3FE1BE46A994272793") is None
