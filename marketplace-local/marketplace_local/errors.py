"""Errors of the two interfaces: AWS's own, and the admin interface."""

#: AWS answers a client's errors with 400; these differ.
STATUS = {
    "InternalServiceErrorException": 500,
    "ServiceUnavailableException": 503,
    "RequestEntityTooLargeException": 413,
}


class ServiceError(Exception):
    """Answers a call of AWS's interface with the error class ``code``. ``rule``: the id of the rule that it breaks."""

    def __init__(self, code: str, message: str, status: int | None = None, *, rule: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status or STATUS.get(code, 400)
        self.rule = rule

    @property
    def transient(self) -> bool:
        """True if the Marketplace has not judged the request, so that it may be sent again unchanged."""
        return self.status >= 500 or self.code == "ThrottlingException"


class AdminError(Exception):
    """A wrong use of the admin interface, answered with ``status``."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
