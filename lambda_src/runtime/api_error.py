"""Errors of the HTTP doors: a stable code, a sentence for people, and nothing of the inside."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A request is refused. ``code`` is a stable word, ``details`` names what is wrong (a field, a limit)."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.headers = dict(headers or {})

    def payload(self) -> dict[str, Any]:
        """``{"error": {"code", "message", "details"}}``."""
        return {"error": {"code": self.code, "message": self.message, "details": self.details}}
