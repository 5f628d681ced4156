"""The errors of the HTTP API: a stable code, a sentence for people, and nothing about the inside."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A refused request.

    code: a stable word, which ``docs/errors.md`` explains. details: what is wrong (a field, a limit).
    cause: more fields for the log line, which the caller does not see.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        cause: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.headers = dict(headers or {})
        self.cause = dict(cause or {})

    def payload(self) -> dict[str, Any]:
        """The answer's body: ``{"error": {"code", "message", "details"}}``."""
        return {"error": {"code": self.code, "message": self.message, "details": self.details}}

    def log_fields(self) -> dict[str, Any]:
        """What a log line may say of the refusal: codes and the name of a field, never a value."""
        return {"code": self.code, "status": self.status, "field": self.details.get("field"), **self.cause}


def bad_request(message: str, field: str, **details: Any) -> ApiError:
    """The refusal of a request for one of its fields (``body``: for its form)."""
    return ApiError(400, "bad_request", message, {"field": field, **details})
