"""The trace of an invocation, as it stands on recorded events."""

import pytest

from runtime.telemetry import trace_id


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
