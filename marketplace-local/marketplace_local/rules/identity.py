"""The buyers of a request: one product a call, and one of two identities, never both.

legacy: request ``ProductCode`` and record ``CustomerIdentifier``. license: record ``CustomerAWSAccountId`` and
``LicenseArn``, no ``ProductCode``.
"""

from marketplace_local.catalogue import Buyer, Catalogue, Product
from marketplace_local.errors import ServiceError
from marketplace_local.rules.usage_record import BoundRecord, MeteringRequest, UsageRecord


def bind(request: MeteringRequest, catalogue: Catalogue) -> tuple[BoundRecord, ...]:
    """Each record with its buyer. Raises the error of the first rule that a record breaks."""
    if request.product_code:
        no_license_beside_product_code(request)
        product_is_known(request.product_code, catalogue)
        return tuple(BoundRecord(r, legacy_buyer(request.product_code, r, catalogue)) for r in request.records)
    bound = tuple(BoundRecord(record, licensed_buyer(record, catalogue)) for record in request.records)
    one_product_per_call(bound)
    return bound


def no_license_beside_product_code(request: MeteringRequest) -> None:
    """Rule I03. Raises InvalidProductCodeException if a record has a LicenseArn beside the request's ProductCode."""
    if any(record.license_arn for record in request.records):
        raise ServiceError(
            "InvalidProductCodeException", "ProductCode and LicenseArn must not be sent together", rule="I03"
        )


def product_is_known(product_code: str, catalogue: Catalogue) -> None:
    """Rule I01. Raises InvalidProductCodeException if no product has the code."""
    if product_code not in catalogue.products:
        raise ServiceError("InvalidProductCodeException", f"no product has the code {product_code}", rule="I01")


def legacy_buyer(product_code: str, record: UsageRecord, catalogue: Catalogue) -> Buyer:
    """The buyer with that CustomerIdentifier, of any product: another product's is not subscribed (I14).

    Raises the error of the first rule that the record breaks.
    """
    identifiers_are_supported(catalogue.products[product_code])
    identifier_without_account(record)
    return known_identifier(record, catalogue)


def identifiers_are_supported(product: Product) -> None:
    """Rule I04. Raises InvalidCustomerIdentifierException if the product is integrated by licence only."""
    if product.integration == "license":
        raise ServiceError(
            "InvalidCustomerIdentifierException", "new products are metered by LicenseArn only", rule="I04"
        )


def identifier_without_account(record: UsageRecord) -> None:
    """Rule I07. Raises InvalidCustomerIdentifierException if the identifier is missing or an account is named too."""
    if not record.customer_identifier or record.account_id:
        message = "with a ProductCode a record names a CustomerIdentifier and no account"
        raise ServiceError("InvalidCustomerIdentifierException", message, rule="I07")


def known_identifier(record: UsageRecord, catalogue: Catalogue) -> Buyer:
    """Rule I06: the buyer of the identifier. Raises InvalidCustomerIdentifierException if there is none."""
    buyer = catalogue.by_identifier.get(record.customer_identifier)
    if buyer is None:
        raise ServiceError(
            "InvalidCustomerIdentifierException", f"{record.customer_identifier} does not exist", rule="I06"
        )
    return buyer


def licensed_buyer(record: UsageRecord, catalogue: Catalogue) -> Buyer:
    """The buyer of the record's licence. Raises the error of the first rule that the record breaks."""
    identifier_without_license(record)
    identifier_needs_product_code(record)
    buyer = known_license(record, catalogue)
    license_matches_account(record, buyer)
    licenses_are_supported(catalogue.products[buyer.product_code])
    return buyer


def identifier_without_license(record: UsageRecord) -> None:
    """Rule I08. Raises InvalidCustomerIdentifierException if the record names an identifier and a licence."""
    if record.customer_identifier and record.license_arn:
        raise ServiceError(
            "InvalidCustomerIdentifierException", "CustomerIdentifier and LicenseArn exclude each other", rule="I08"
        )


def identifier_needs_product_code(record: UsageRecord) -> None:
    """Rule I02. Raises InvalidProductCodeException if a record has an identifier, as the request has no ProductCode."""
    if record.customer_identifier:
        raise ServiceError(
            "InvalidProductCodeException", "a CustomerIdentifier needs the request's ProductCode", rule="I02"
        )


def known_license(record: UsageRecord, catalogue: Catalogue) -> Buyer:
    """Rule I09: the buyer of the licence. Raises InvalidLicenseException if there is none."""
    buyer = catalogue.by_license.get(record.license_arn)
    if buyer is None:
        raise ServiceError("InvalidLicenseException", "the LicenseArn is not valid", rule="I09")
    return buyer


def license_matches_account(record: UsageRecord, buyer: Buyer) -> None:
    """Rule I10. Raises InvalidLicenseException if the licence is another account's."""
    if buyer.account_id != record.account_id:
        raise ServiceError("InvalidLicenseException", "the LicenseArn does not match the account", rule="I10")


def licenses_are_supported(product: Product) -> None:
    """Rule I05. Raises InvalidLicenseException if the product is not integrated by licence."""
    if product.integration == "legacy":
        raise ServiceError("InvalidLicenseException", "the product is not integrated by licence", rule="I05")


def one_product_per_call(bound: tuple[BoundRecord, ...]) -> None:
    """Rule I11. Raises InvalidLicenseException if the buyers are of several products."""
    if len({entry.buyer.product_code for entry in bound}) > 1:
        raise ServiceError("InvalidLicenseException", "all records of one call must be of one product", rule="I11")


def dimension_of_product(entry: BoundRecord, product_code: str, catalogue: Catalogue) -> None:
    """Rules I12, I13. Raises InvalidUsageDimensionException if the product is not metered by the dimension."""
    if entry.record.dimension not in catalogue.products[product_code].dimensions:
        message = f"{entry.record.dimension} is not a usage dimension of {product_code}"
        raise ServiceError("InvalidUsageDimensionException", message, rule="I12")
