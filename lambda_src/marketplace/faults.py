"""What an error of AWS Marketplace means: every error of the two service models, and of AWS in general, as a Fault.

What matters most is whether AWS *answered*. An error answer says that nothing was done. Without an answer (5xx,
timeout, broken connection) Marketplace may have taken the records, and only the identical request may follow.
"""

from typing import Any, Literal, NamedTuple

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as BrokenConnection
from botocore.parsers import ResponseParserError

#: What an error is about.
#: record: one of the records (or the arguments) is wrong; alone it would fail, and without it the others would pass.
#: product: nothing can be sent for the whole product until a person mends access, product code, Region or credentials.
#: transient: answered, nothing done, ask again later. unanswered: may have been done, ask again unchanged.
#: request: this one request is refused for good, for example a registration token that has expired.
Scope = Literal["record", "product", "transient", "unanswered", "request"]


class Fault(NamedTuple):
    """The meaning of an error that a call to AWS raised.

    scope: what is at fault. code: AWS's word for it. known: False where neither model nor list names the code.
    """

    scope: Scope
    code: str
    known: bool = True

    @property
    def answered(self) -> bool:
        """True if AWS answered, that is: nothing was done."""
        return self.scope != "unanswered"

    @property
    def retryable(self) -> bool:
        """True if the same request may pass later without a person mending anything."""
        return self.scope in ("transient", "unanswered")


#: Every error in the service models of meteringmarketplace and marketplace-entitlement (a test walks them).
MODELLED: dict[str, Scope] = {
    "InternalServiceErrorException": "unanswered",
    "ThrottlingException": "transient",
    "InvalidProductCodeException": "product",
    "DisabledApiException": "product",
    "InvalidEndpointRegionException": "product",
    "InvalidRegionException": "product",
    "PlatformNotSupportedException": "product",
    "InvalidPublicKeyVersionException": "product",
    "InvalidUsageDimensionException": "record",
    "InvalidTagException": "record",
    "InvalidUsageAllocationsException": "record",
    "InvalidCustomerIdentifierException": "record",
    "TimestampOutOfBoundsException": "record",
    "InvalidLicenseException": "record",
    "InvalidParameterException": "record",
    "CustomerNotEntitledException": "record",
    "DuplicateRequestException": "record",
    "IdempotencyConflictException": "record",
    "InvalidTokenException": "request",
    "ExpiredTokenException": "request",
}

#: Errors that any AWS service may answer with (AWS General Reference, "Common errors"), by the stem of their code.
GENERIC: dict[str, Scope] = {
    "AccessDenied": "product",
    "UnrecognizedClient": "product",
    "ExpiredToken": "product",
    "InvalidSignature": "product",
    "SignatureDoesNotMatch": "product",
    "IncompleteSignature": "product",
    "MissingAuthenticationToken": "product",
    "InvalidClientTokenId": "product",
    "InvalidAccessKeyId": "product",
    "NotAuthorized": "product",
    "OptInRequired": "product",
    "UnknownOperation": "product",
    "RequestExpired": "product",
    "Validation": "record",
    "Serialization": "record",
    "RequestEntityTooLarge": "record",
    "Throttl": "transient",
    "TooManyRequests": "transient",
    "RequestLimitExceeded": "transient",
    "LimitExceeded": "transient",
    "SlowDown": "transient",
    "ServiceUnavailable": "unanswered",
    "InternalFailure": "unanswered",
    "InternalServer": "unanswered",
    "InternalError": "unanswered",
    "RequestTimeout": "unanswered",
}

#: The call of STS that comes before Marketplace's, where the product is another account's (``marketplace.seller``).
ASSUME_ROLE = "AssumeRole"


class SellerRoleUnanswered(BotoCoreError):
    """STS did not answer when the seller's role was to be assumed. Marketplace was not asked."""

    fmt = "STS did not answer: {reason}"


_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, NoRegionError)


def classify(error: Exception) -> Fault:
    """What an exception of boto3 means. Raises TypeError for one that is not botocore's: that is a bug, not a fault."""
    if isinstance(error, ClientError):
        fault = _answered(error)
        return _before_the_call(fault) if error.operation_name == ASSUME_ROLE else fault
    code = type(error).__name__
    if isinstance(error, ParamValidationError):
        return Fault("record", code)
    if isinstance(error, SellerRoleUnanswered):
        return Fault("transient", code)
    if isinstance(error, _CREDENTIALS):
        return Fault("product", code)
    if isinstance(error, HTTPClientError | BrokenConnection | ResponseParserError):
        return Fault("unanswered", code)
    if isinstance(error, BotoCoreError):
        return Fault("unanswered", code, known=False)
    raise TypeError(f"{code} is not an error of AWS") from error


def for_a_case(error: Exception) -> dict[str, str]:
    """What AWS Support asks for besides the code: ``message`` (its first 300 characters) and ``requestId`` of the
    answer. Empty where AWS did not answer."""
    if not isinstance(error, ClientError):
        return {}
    answer: dict[str, Any] = dict(error.response)
    found = {
        "message": answer.get("Error", {}).get("Message"),
        "requestId": answer.get("ResponseMetadata", {}).get("RequestId"),
    }
    return {name: str(value)[:300] for name, value in found.items() if value}


def _answered(error: ClientError) -> Fault:
    answer: dict[str, Any] = dict(error.response)
    code = str(answer.get("Error", {}).get("Code", ""))
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
    if code.startswith("ExpiredToken"):
        return Fault("request" if _is_registration_token(error) else "product", code)
    scope = MODELLED.get(code) or next((scope for stem, scope in GENERIC.items() if code.startswith(stem)), None)
    if status >= 500 and scope != "transient":
        return Fault("unanswered", code, known=scope is not None)
    if scope is not None:
        return Fault(scope, code)
    return Fault("product" if status in (401, 403) else "record", code, known=False)


def _before_the_call(fault: Fault) -> Fault:
    """The fault of an AssumeRole error. Marketplace was not asked, so nothing was done. An error that does not pass by
    itself (a denial, a wrong ARN, a Region that the seller has switched off) stops the whole product."""
    return fault._replace(scope="transient" if fault.retryable else "product")


def _is_registration_token(error: ClientError) -> bool:
    """ResolveCustomer's own ExpiredTokenException has the name of the general one for expired credentials.

    AWS words the latter "The security token included in the request is expired".
    """
    message = str(error.response.get("Error", {}).get("Message", ""))
    return error.operation_name == "ResolveCustomer" and "security token" not in message.lower()
