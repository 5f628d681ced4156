"""Who is metered, for which product and dimension."""

from marketplace_local.rule_book.rule import Disagreement, Rule

_ID = "rules.identity:"

IDENTITY = (
    Rule(
        "I01",
        "ProductCode names a product.",
        "botocore model, InvalidProductCodeException",
        _ID + "product_is_known",
    ),
    Rule(
        "I02",
        "A CustomerIdentifier needs the request's ProductCode.",
        "botocore model, BatchMeterUsageRequest.ProductCode",
        _ID + "identifier_needs_product_code",
    ),
    Rule(
        "I03",
        "ProductCode and LicenseArn are not sent together.",
        "botocore model, BatchMeterUsageRequest.ProductCode",
        _ID + "no_license_beside_product_code",
        Disagreement(
            "botocore model: both for one hour lead to duplicate billing. An integrator: AWS refuses the request.",
            "The request is refused, and an hour sent by both ways in two requests is billed twice (D07).",
            "Nothing of the batch is billed, however often it is sent; the mixture over time still overcharges.",
        ),
    ),
    Rule(
        "I04",
        "A new product takes no CustomerIdentifier.",
        "botocore model, BatchMeterUsage",
        _ID + "identifiers_are_supported",
    ),
    Rule(
        "I05",
        "A legacy product takes no LicenseArn.",
        "AWS skill: existing listings opt in",
        _ID + "licenses_are_supported",
        Disagreement(
            "ResolveCustomer answers a LicenseArn for legacy products too; nobody says that it cannot be metered.",
            "It is refused.",
            "Switching over before AWS did bills nothing.",
        ),
    ),
    Rule(
        "I06",
        "A CustomerIdentifier that does not exist rejects the batch.",
        "botocore model, InvalidCustomerIdentifierException",
        _ID + "known_identifier",
        Disagreement(
            "botocore model, UsageRecordResult: CustomerNotSubscribed for that record. "
            "InvalidCustomerIdentifierException: an error for the request.",
            "The error.",
            "24 good records are refused with it.",
        ),
    ),
    Rule(
        "I07",
        "With a ProductCode a record names no CustomerAWSAccountId.",
        "botocore model, ResolveCustomerResult.LicenseArn",
        _ID + "identifier_without_account",
        Disagreement(
            "AWS's European sample sends ProductCode with CustomerAWSAccountId. botocore model: calls require the "
            "account with the LicenseArn.",
            "The third shape is refused.",
            "It rejects the batch.",
        ),
    ),
    Rule(
        "I08",
        "One record is not named by CustomerIdentifier and LicenseArn.",
        "botocore model, UsageRecord.CustomerIdentifier",
        _ID + "identifier_without_license",
    ),
    Rule(
        "I09",
        "A licence record names a LicenseArn that exists.",
        "botocore model, InvalidLicenseException",
        _ID + "known_license",
    ),
    Rule(
        "I10",
        "The LicenseArn matches the CustomerAWSAccountId beside it.",
        "botocore model, InvalidLicenseException",
        _ID + "license_matches_account",
    ),
    Rule(
        "I11",
        "All records of a call are of one product.",
        "botocore model, BatchMeterUsage; AWS skill: InvalidLicenseException",
        _ID + "one_product_per_call",
    ),
    Rule(
        "I12",
        "The dimension is one of the product's usage dimensions; a contract dimension is none.",
        "botocore model, InvalidUsageDimensionException",
        _ID + "dimension_of_product",
    ),
    Rule("I13", "Dimensions are compared letter for letter.", "AWS skill", _ID + "dimension_of_product"),
    Rule(
        "I14",
        "A buyer of another product is not subscribed to this one.",
        "botocore model, UsageRecordResult",
        "rules.window:is_of_product",
    ),
    Rule(
        "I15",
        "A product has at most 200 usage and 200 contract dimensions.",
        "AWS Marketplace catalog quotas",
        "catalogue:Catalogue.add_product",
        Disagreement(
            "An older copy of the page: 24 an offer, 100 contract dimensions. The current one: 200 of each.",
            "200.",
            "One customer may need eight calls an hour.",
        ),
    ),
)
