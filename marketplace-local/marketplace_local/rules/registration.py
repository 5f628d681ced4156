"""Registration tokens and what ResolveCustomer answers for one."""

from dataclasses import dataclass
from typing import Any

from marketplace_local.catalogue import Buyer
from marketplace_local.errors import ApiError

#: user guide, SaaS customer onboarding: the token is valid for 4 hours and may be used again until then
TOKEN_SECONDS = 4 * 3600


@dataclass(frozen=True)
class Token:
    """A registration token: whose it is, when it was made (epoch seconds)."""

    buyer: Buyer
    issued_at: float


def token_is_known(token: Token | None) -> Token:
    """botocore model, InvalidTokenException: "Registration token is invalid"."""
    if token is None:
        raise ApiError("InvalidTokenException", "Registration token is invalid.")
    return token


def token_is_fresh(token: Token, now: float, lasts: float = TOKEN_SECONDS) -> None:
    """botocore model, ExpiredTokenException; ``lasts`` seconds, 4 hours by the user guide, however often it is used."""
    if now >= token.issued_at + lasts:
        raise ApiError("ExpiredTokenException", "The submitted registration token has expired.")


def resolved(buyer: Buyer) -> dict[str, Any]:
    """The answer: CustomerIdentifier "is not populated" for new integrations; the agreement is in ``Metadata``
    (botocore model, ResolveCustomerResult, Metadata).
    """
    answer: dict[str, Any] = {
        "CustomerAWSAccountId": buyer.account_id,
        "ProductCode": buyer.product_code,
        "LicenseArn": buyer.license_arn,
        "Metadata": {"AgreementId": buyer.agreement_id},
    }
    if buyer.customer_identifier:
        answer["CustomerIdentifier"] = buyer.customer_identifier
    return answer
