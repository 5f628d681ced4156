"""Registration tokens and what ResolveCustomer answers for one."""

from dataclasses import dataclass
from typing import Any

from marketplace_local.catalogue import Buyer
from marketplace_local.errors import ServiceError

TOKEN_SECONDS = 4 * 3600


@dataclass(frozen=True)
class Token:
    """A registration token: its buyer, and when it was issued (epoch seconds)."""

    buyer: Buyer
    issued_at: float


def token_is_known(token: Token | None) -> Token:
    """Rule R07: the token. Raises InvalidTokenException if there is none."""
    if token is None:
        raise ServiceError("InvalidTokenException", "Registration token is invalid.", rule="R07")
    return token


def token_is_fresh(token: Token, now: float, lifetime: float = TOKEN_SECONDS) -> None:
    """Rule R05. Raises ExpiredTokenException if the token is older than ``lifetime`` (seconds)."""
    if now >= token.issued_at + lifetime:
        raise ServiceError("ExpiredTokenException", "The submitted registration token has expired.", rule="R05")


def resolved(buyer: Buyer) -> dict[str, Any]:
    """The answer of ResolveCustomer for a buyer (R01 to R04)."""
    answer: dict[str, Any] = {
        "CustomerAWSAccountId": buyer.account_id,
        "ProductCode": buyer.product_code,
        "LicenseArn": buyer.license_arn,
        "Metadata": {"AgreementId": buyer.agreement_id},
    }
    if buyer.customer_identifier:
        answer["CustomerIdentifier"] = buyer.customer_identifier
    return answer
