"""Who an hour is billed to: the two integrations of AWS Marketplace, and the key under which usage is kept.

**license**: ``CustomerAWSAccountId`` + ``LicenseArn`` on each record and no ``ProductCode`` on the request (all new
products since 2026-06-01). **legacy**: ``CustomerIdentifier`` on each record and ``ProductCode`` on the request. The
two deduplicate apart, so an hour sent both ways is billed twice (botocore model of BatchMeterUsage); an identity is
therefore one or the other, never both. Everything here is pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Integration = Literal["license", "legacy"]
#: A stage's setting; ``mixed`` is a product in migration: legacy where Marketplace still gives a CustomerIdentifier.
IntegrationSetting = Literal["license", "legacy", "mixed"]

#: What may be a billing key: it stands in URLs, table keys and log lines.
BILLING_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
#: An ARN as BatchMeterUsage takes it (botocore model, shape LicenseArn).
_SENDABLE_ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:[A-Za-z0-9][A-Za-z0-9_/.-]{0,62}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9_/.-]{0,63}"
    r":[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,1023}"
)


class IdentityError(ValueError):
    """Marketplace gave identifiers that no billing identity can be made of, or a setting that contradicts them."""


@dataclass(frozen=True, kw_only=True)
class BillingIdentity:
    """One buyer as BatchMeterUsage names it; ``complete`` is the way to make one.

    license_arn: the form to send, as ResolveCustomer or GetEntitlements gave it.
    """

    integration: Integration
    product_code: str
    customer_identifier: str | None = None
    license_arn: str | None = None
    account_id: str | None = None

    @classmethod
    def complete(
        cls,
        *,
        integration: Integration,
        product_code: str | None,
        customer_identifier: str,
        license_arn: str | None,
        account_id: str | None,
    ) -> "BillingIdentity | None":
        """The identity of a stored subscriber (its billing key and facts); None while a fact is missing to send it."""
        if not product_code:
            return None
        if integration == "legacy":
            return cls(integration="legacy", product_code=product_code, customer_identifier=customer_identifier)
        if not is_sendable(license_arn) or not account_id:
            return None
        return cls(integration="license", product_code=product_code, license_arn=license_arn, account_id=account_id)

    @property
    def billing_key(self) -> str:
        """The subscriber's key: the legacy CustomerIdentifier, or the licence's trailing id."""
        return _billing_key(self.customer_identifier) if self.integration == "legacy" else license_id(self.license_arn)

    @property
    def frozen(self) -> dict[str, str]:
        """The identity as a sealed record keeps it; ``from_frozen`` reads it back."""
        fields = {
            "integration": self.integration,
            "productCode": self.product_code,
            "customerIdentifier": self.customer_identifier,
            "licenseArn": self.license_arn,
            "customerAWSAccountId": self.account_id,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_frozen(cls, frozen: Mapping[str, str]) -> "BillingIdentity":
        """The identity of a sealed record. Raises KeyError for one that was sealed without, and is never sent."""
        return cls(
            integration="license" if frozen["integration"] == "license" else "legacy",
            product_code=frozen["productCode"],
            customer_identifier=frozen.get("customerIdentifier"),
            license_arn=frozen.get("licenseArn"),
            account_id=frozen.get("customerAWSAccountId"),
        )

    def record_fields(self) -> dict[str, str]:
        """The identity's fields of a ``UsageRecord``."""
        if self.integration == "legacy":
            return {"CustomerIdentifier": _present(self.customer_identifier, "CustomerIdentifier")}
        return {
            "CustomerAWSAccountId": _present(self.account_id, "CustomerAWSAccountId"),
            "LicenseArn": _present(self.license_arn, "LicenseArn"),
        }

    def request_fields(self) -> dict[str, str]:
        """The identity's fields of the request: ``ProductCode`` for legacy only (with a LicenseArn it bills twice)."""
        return {"ProductCode": self.product_code} if self.integration == "legacy" else {}

    @property
    def batch_key(self) -> str:
        """Records with one key may share a request: one product, one shape of identity."""
        return f"{self.integration}:{self.product_code}"


def resolved_identity(
    setting: str,
    *,
    product_code: str,
    customer_identifier: str | None,
    license_arn: str | None,
    account_id: str | None,
) -> BillingIdentity:
    """The identity that ResolveCustomer's answer means under the stage's integration setting.

    ResolveCustomer returns a LicenseArn for legacy products too, so only the setting tells; ``mixed`` takes legacy
    where a CustomerIdentifier came. Raises IdentityError where the answer lacks what the integration needs.
    """
    if setting not in ("license", "legacy", "mixed"):
        raise IdentityError("the integration setting is license, legacy or mixed")
    if setting == "legacy" or (setting == "mixed" and customer_identifier):
        identity = BillingIdentity(
            integration="legacy", product_code=product_code, customer_identifier=customer_identifier
        )
    else:
        identity = BillingIdentity(
            integration="license", product_code=product_code, license_arn=license_arn, account_id=account_id
        )
        _present(account_id, "CustomerAWSAccountId")
    if not identity.billing_key:
        raise IdentityError("Marketplace gave no identifier")
    return identity


def license_id(license_arn: str | None) -> str:
    """The trailing id of a licence ARN, ``l-…`` or ``lic-…``: the same for every form in which AWS prints it.

    ``arn:aws:license-manager::123456789012:license:l-1``, ``…:license/lic-1`` and, in EventBridge's License events,
    ``aws:license-manager:us-east-1:123456789012:l-1`` without ``arn:``. Raises IdentityError where there is none.
    """
    trailing = re.split(r"[:/]", license_arn or "")[-1]
    if not re.match(r"l(ic)?-", trailing):
        raise IdentityError("a licence ARN ends in an id that begins with l- or lic-")
    return _billing_key(trailing)


def is_sendable(license_arn: str | None) -> bool:
    """True for the form that an API gave; an event's form without ``arn:`` is not what BatchMeterUsage takes."""
    return license_arn is not None and _SENDABLE_ARN.fullmatch(license_arn) is not None


def _billing_key(identifier: str | None) -> str:
    if not identifier or not BILLING_KEY.fullmatch(identifier):
        raise IdentityError("an identifier is missing or holds characters that no URL should")
    return identifier


def _present(value: str | None, name: str) -> str:
    if not value:
        raise IdentityError(f"this identity has no {name}")
    return value
