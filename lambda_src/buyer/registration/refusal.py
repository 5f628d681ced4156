"""Why a registration is refused: errors of AWS Marketplace and of our stores as answers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ledger.subscribers import SubscriberBusy
from ledger.transaction import is_unavailable
from marketplace.faults import Fault
from runtime.api_error import ApiError
from runtime.http_api import LATER

_NOTHING_LOST = "Please try again in a moment; nothing is lost."
START_AGAIN = "Please open your subscription in AWS Marketplace and choose to set up your account again."


class Misconfigured(ApiError):
    """Trying again cannot help: a person has to mend the listing, the stage or the function's rights."""


def marketplace_refused(fault: Fault, *, about_token: bool) -> ApiError:
    """The answer to a buyer after an error of Marketplace. about_token: the call was ResolveCustomer."""
    cause, field = _cause(fault), {"field": "token"}
    if about_token and fault.code == "ExpiredTokenException" and fault.scope == "request":
        message = f"Your registration link has expired. {START_AGAIN}"
        return ApiError(400, "expired_token", message, field, cause=cause)
    if about_token and fault.scope in ("request", "record"):
        message = f"Your registration link is not valid. {START_AGAIN}"
        return ApiError(400, "invalid_token", message, field, cause=cause)
    if fault.retryable:
        message = f"AWS Marketplace is busy. {_NOTHING_LOST}"
        return ApiError(503, "marketplace_busy", message, headers=LATER, cause=cause)
    message = "AWS Marketplace does not let us register you at the moment. Please try again later; nothing is lost."
    return Misconfigured(503, "marketplace_unavailable", message, headers=LATER, cause=cause)


def store_unavailable(fault: Fault) -> ApiError:
    """The answer where a store of ours does not answer, or does not let the function in (then Misconfigured)."""
    kind = ApiError if fault.retryable else Misconfigured
    message = f"Registration is not possible at the moment. {_NOTHING_LOST}"
    return kind(503, "unavailable", message, headers=LATER, cause=_cause(fault))


@contextmanager
def stores() -> Iterator[None]:
    """A context in which passing errors of our tables become answers that ask the buyer to try again.

    Raises ApiError busy for SubscriberBusy, and ApiError unavailable (``store_unavailable``) if DynamoDB cannot answer.
    Other errors pass through it.
    """
    try:
        yield
    except SubscriberBusy:
        message = f"Your registration is being changed elsewhere. {_NOTHING_LOST}"
        cause = _cause(Fault("transient", "SubscriberBusy"))
        raise ApiError(503, "busy", message, headers=LATER, cause=cause) from None
    except Exception as error:
        if not is_unavailable(error):
            raise
        raise store_unavailable(Fault("unanswered", type(error).__name__)) from None


def _cause(fault: Fault) -> Mapping[str, str]:
    return {"fault": fault.code, "scope": fault.scope}
