"""The identity that an hour is billed to: taken from the subscriber at sealing, frozen with the lines."""

from collections.abc import Mapping

from ledger.subscriber import Subscriber
from marketplace.billing_identity import BillingIdentity


def identity_of(subscriber: Subscriber, product_code: str) -> BillingIdentity | None:
    """The subscriber's billing identity; None while a fact is missing to send it (account id or licence)."""
    return BillingIdentity.complete(
        integration=subscriber.integration,
        product_code=subscriber.product_code or product_code,
        customer_identifier=subscriber.customer_identifier,
        license_arn=subscriber.license_arn,
        account_id=subscriber.account_id,
    )


def frozen_identity(identity: BillingIdentity) -> dict[str, str]:
    """As a sealed record keeps it."""
    fields = {
        "integration": identity.integration,
        "productCode": identity.product_code,
        "customerIdentifier": identity.customer_identifier,
        "licenseArn": identity.license_arn,
        "customerAWSAccountId": identity.account_id,
    }
    return {name: value for name, value in fields.items() if value is not None}


def thawed_identity(frozen: Mapping[str, str]) -> BillingIdentity:
    """The identity of a sealed record. Raises KeyError for a record that was sealed without one (never to be sent)."""
    return BillingIdentity(
        integration="license" if frozen["integration"] == "license" else "legacy",
        product_code=frozen["productCode"],
        customer_identifier=frozen.get("customerIdentifier"),
        license_arn=frozen.get("licenseArn"),
        account_id=frozen.get("customerAWSAccountId"),
    )
