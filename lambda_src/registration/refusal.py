"""Why a registration is refused: faults of Marketplace and of our stores as answers, and what a log may say of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from ledger.subscribers import SubscriberBusy
from ledger.transaction import is_unavailable
from marketplace.faults import Fault
from runtime.api_error import ApiError
from runtime.http_api import LATER

_NOTHING_LOST = "Please try again in a moment; nothing is lost."
START_AGAIN = "Please open your subscription in AWS Marketplace and choose to set up your account again."


class Faulty(ApiError):
    """Behind it is a fault of Marketplace or of a store of ours; carried for the log."""

    def __init__(self, fault: Fault, status: int, code: str, message: str, field: str | None = None) -> None:
        """field: of the request, that it is about. A 503 asks to send the same request again."""
        super().__init__(
            status,
            code,
            message,
            {"field": field} if field else None,
            LATER if status == 503 else None,
            {"fault": fault.code, "scope": fault.scope},
        )
        self.fault = fault


class Misconfigured(ApiError):
    """Nobody can register until a person mends the listing, the stage or what its function may do."""


def marketplace_refused(fault: Fault, *, about_token: bool) -> ApiError:
    """What an error of Marketplace means to a buyer. about_token: the call was ResolveCustomer."""
    if about_token and fault.code == "ExpiredTokenException" and fault.scope == "request":
        return Faulty(fault, 400, "expired_token", f"Your registration link has expired. {START_AGAIN}", "token")
    if about_token and fault.scope in ("request", "record"):
        return Faulty(fault, 400, "invalid_token", f"Your registration link is not valid. {START_AGAIN}", "token")
    if fault.retryable:
        return Faulty(fault, 503, "marketplace_busy", f"AWS Marketplace is busy. {_NOTHING_LOST}")
    message = "AWS Marketplace does not let us register you just now. Please try again later; nothing is lost."
    return Faulty(fault, 503, "marketplace_unavailable", message)


def store_unavailable(fault: Fault) -> ApiError:
    """A store of ours does not answer, or does not let us in."""
    return Faulty(fault, 503, "unavailable", f"This cannot be done just now. {_NOTHING_LOST}")


@contextmanager
def stores() -> Iterator[None]:
    """Inside, errors of the subscribers' table that pass by themselves become answers that ask to try again."""
    try:
        yield
    except SubscriberBusy:
        fault = Fault("transient", "SubscriberBusy")
        message = f"Your registration is being changed elsewhere. {_NOTHING_LOST}"
        raise Faulty(fault, 503, "busy", message) from None
    except Exception as error:
        if not is_unavailable(error):
            raise
        raise store_unavailable(Fault("unanswered", type(error).__name__)) from None


def is_misconfigured(error: ApiError) -> bool:
    """True where trying again cannot help: somebody has to mend the listing, the stage or the function's rights."""
    if isinstance(error, Faulty):
        return error.status >= 500 and not error.fault.retryable
    return isinstance(error, Misconfigured)
