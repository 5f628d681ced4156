"""Who is metered: one product a call, and one of two identities, never both.

legacy: request ``ProductCode`` + record ``CustomerIdentifier``. license: record ``CustomerAWSAccountId`` +
``LicenseArn`` and no ``ProductCode``. The short-lived third shape (``ProductCode`` + ``CustomerAWSAccountId``) is not
taken here.
"""

from marketplace_local.catalogue import Buyer, Catalogue, Product
from marketplace_local.errors import ApiError
from marketplace_local.rules.usage_record import BoundRecord, MeteringRequest, UsageRecord


def bind(request: MeteringRequest, catalogue: Catalogue) -> tuple[BoundRecord, ...]:
    """Each record with its buyer. Raises the ApiError of the first rule that a record breaks."""
    if request.product_code:
        no_license_beside_product_code(request)
        product_is_known(request.product_code, catalogue)
        return tuple(BoundRecord(r, legacy_buyer(request.product_code, r, catalogue)) for r in request.records)
    bound = tuple(BoundRecord(record, licensed_buyer(record, catalogue)) for record in request.records)
    one_product_per_call(bound)
    return bound


def no_license_beside_product_code(request: MeteringRequest) -> None:
    """With LicenseArn "do NOT include ProductCode at the request level" (botocore model, BatchMeterUsageRequest).

    AWS was seen to reject it for products with concurrent agreements (an integrator's report); the error class is
    undocumented.
    """
    if any(record.license_arn for record in request.records):
        raise ApiError("InvalidProductCodeException", "ProductCode and LicenseArn must not be sent together")


def product_is_known(product_code: str, catalogue: Catalogue) -> None:
    """botocore model, InvalidProductCodeException: it "does not match the product code used for publishing"."""
    if product_code not in catalogue.products:
        raise ApiError("InvalidProductCodeException", f"no product has the code {product_code}")


def legacy_buyer(product_code: str, record: UsageRecord, catalogue: Catalogue) -> Buyer:
    """The buyer with that CustomerIdentifier, of whatever product (another product's is not subscribed to this one)."""
    identifiers_are_supported(catalogue.products[product_code])
    identifier_without_account(record)
    return known_identifier(record, catalogue)


def identifiers_are_supported(product: Product) -> None:
    """botocore model: BatchMeterUsage "does not support CustomerIdentifier for new integrations"."""
    if product.integration == "license":
        raise ApiError("InvalidCustomerIdentifierException", "new products are metered by LicenseArn only")


def identifier_without_account(record: UsageRecord) -> None:
    """With a ProductCode a record names a CustomerIdentifier, and no account beside it.

    AWS's European sample sends ProductCode with CustomerAWSAccountId; the botocore model names LicenseArn with the
    latter ("Calls to BatchMeterUsage require"). The error class is undocumented.
    """
    if not record.customer_identifier or record.account_id:
        message = "with a ProductCode a record names a CustomerIdentifier and no account"
        raise ApiError("InvalidCustomerIdentifierException", message)


def known_identifier(record: UsageRecord, catalogue: Catalogue) -> Buyer:
    """botocore model, InvalidCustomerIdentifierException: "a CustomerIdentifier that does not exist".

    UsageRecordResult names an invalid identifier as a cause of CustomerNotSubscribed too; the exception, which rejects
    the batch, is the stricter reading.
    """
    buyer = catalogue.by_identifier.get(record.customer_identifier)
    if buyer is None:
        raise ApiError("InvalidCustomerIdentifierException", f"{record.customer_identifier} does not exist")
    return buyer


def licensed_buyer(record: UsageRecord, catalogue: Catalogue) -> Buyer:
    """The licence's buyer (botocore model, InvalidLicenseException: the ARN is valid and matches the customer)."""
    identifier_without_license(record)
    identifier_needs_product_code(record)
    buyer = known_license(record, catalogue)
    license_matches_account(record, buyer)
    licenses_are_supported(catalogue.products[buyer.product_code])
    return buyer


def identifier_without_license(record: UsageRecord) -> None:
    """One record is named one way: "CustomerIdentifier is not supported" beside licences (UsageRecord)."""
    if record.customer_identifier and record.license_arn:
        raise ApiError("InvalidCustomerIdentifierException", "CustomerIdentifier and LicenseArn exclude each other")


def identifier_needs_product_code(record: UsageRecord) -> None:
    """ProductCode "is required only for legacy integrations that use CustomerIdentifier" (BatchMeterUsageRequest)."""
    if record.customer_identifier:
        raise ApiError("InvalidProductCodeException", "a CustomerIdentifier needs the request's ProductCode")


def known_license(record: UsageRecord, catalogue: Catalogue) -> Buyer:
    """botocore model, InvalidLicenseException: "Ensure the LicenseArn is valid"; a record must name one."""
    buyer = catalogue.by_license.get(record.license_arn)
    if buyer is None:
        raise ApiError("InvalidLicenseException", "the LicenseArn is not valid")
    return buyer


def license_matches_account(record: UsageRecord, buyer: Buyer) -> None:
    """botocore model, InvalidLicenseException: it "matches the customer", whose account the record must name."""
    if buyer.account_id != record.account_id:
        raise ApiError("InvalidLicenseException", "the LicenseArn does not match the account")


def licenses_are_supported(product: Product) -> None:
    """A product is metered by licence only where it was integrated so (AWS skill: existing listings opt in)."""
    if product.integration == "legacy":
        raise ApiError("InvalidLicenseException", "the product is not integrated by licence")


def one_product_per_call(bound: tuple[BoundRecord, ...]) -> None:
    """botocore model, BatchMeterUsage: each request "is for only one product"; InvalidLicenseException: AWS skill."""
    if len({entry.buyer.product_code for entry in bound}) > 1:
        raise ApiError("InvalidLicenseException", "all records of one call must be of one product")


def dimension_of_product(entry: BoundRecord, product_code: str, catalogue: Catalogue) -> None:
    """The dimension is one of the product's usage dimensions, letter for letter.

    botocore model, InvalidUsageDimensionException; that it rejects the whole batch: AWS skill.
    """
    if entry.record.dimension not in catalogue.products[product_code].dimensions:
        message = f"{entry.record.dimension} is not a usage dimension of {product_code}"
        raise ApiError("InvalidUsageDimensionException", message)
