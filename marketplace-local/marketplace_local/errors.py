"""An error as AWS answers it: a code that boto3 turns into a typed exception, a message, an HTTP status."""

#: the AWS services answer client errors with 400; these differ
STATUS = {
    "InternalServiceErrorException": 500,
    "ServiceUnavailableException": 503,
    "RequestEntityTooLargeException": 413,
}


class ApiError(Exception):
    """Answers the call with ``code`` (``__type`` on the wire). A 5xx, or throttling, may be retried unchanged."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status or STATUS.get(code, 400)

    @property
    def transient(self) -> bool:
        """True if the request was not judged at all and may be sent again unchanged."""
        return self.status >= 500 or self.code == "ThrottlingException"


class AdminError(Exception):
    """A wrong use of the admin interface, answered with ``status``."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
