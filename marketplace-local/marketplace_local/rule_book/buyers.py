"""Registration (ResolveCustomer) and what a buyer holds (GetEntitlements)."""

from marketplace_local.rule_book.rule import Disagreement, Rule

_TOKEN = "rules.registration:"  # noqa: S105
_HELD = "rules.entitlements:"

REGISTRATION = (
    Rule(
        "R01",
        "A legacy buyer is resolved with a CustomerIdentifier.",
        "botocore model, ResolveCustomerResult",
        _TOKEN + "resolved",
    ),
    Rule(
        "R02",
        "For new integrations CustomerIdentifier is not populated.",
        "botocore model, ResolveCustomer",
        _TOKEN + "resolved",
    ),
    Rule(
        "R03",
        "Metadata holds the AgreementId.",
        "botocore model, Metadata",
        _TOKEN + "resolved",
    ),
    Rule(
        "R04",
        "Account, product code and LicenseArn are answered whatever the integration.",
        "botocore model, ResolveCustomerResult; AWS skill",
        _TOKEN + "resolved",
    ),
    Rule(
        "R05",
        "A registration token expires after 4 hours.",
        "User guide, SaaS customer onboarding; AWS skill",
        _TOKEN + "token_is_fresh",
        Disagreement(
            "The same page, security paragraph: about one hour; third parties: 60 minutes, one use. Its note and AWS "
            "skill: 4 hours.",
            "4 hours unless the setting tokenMinutes says otherwise.",
            "The setting tries the shorter life; a token is to be resolved at once in either.",
        ),
    ),
    Rule(
        "R06",
        "Until then it may be used again, with the same answer.",
        "User guide, SaaS customer onboarding",
        "api:resolve_customer",
        Disagreement(
            "botocore model, ExpiredTokenException: a resubmitted token may have expired. User guide: reusable.",
            "Reusable.",
            "A form that is sent twice registers twice: the seller must tell.",
        ),
    ),
    Rule("R07", "Any other token is invalid.", "botocore model, InvalidTokenException", _TOKEN + "token_is_known"),
    Rule(
        "R08", "An empty token is invalid.", "botocore model, NonEmptyString; InvalidTokenException", "model:constraint"
    ),
)

ENTITLEMENTS = (
    Rule("E01", "ProductCode is needed.", "botocore model, GetEntitlementsRequest", "model:required"),
    Rule(
        "E02",
        "An unknown ProductCode is InvalidParameterException.",
        "botocore model, InvalidParameterException",
        _HELD + "product_is_known",
        Disagreement(
            "No source says whether it is an error or an empty answer.",
            "An error.",
            "Nothing is known of any buyer, instead of nobody being entitled.",
        ),
    ),
    Rule(
        "E03",
        "Only the product's entitlements are answered.",
        "botocore model, GetEntitlements",
        _HELD + "entitlements",
    ),
    Rule(
        "E04",
        "Filters by CUSTOMER_IDENTIFIER and CUSTOMER_AWS_ACCOUNT_ID exclude each other.",
        "botocore model, GetEntitlementsRequest.Filter",
        _HELD + "filters_are_exclusive",
    ),
    Rule("E05", "Values of one filter are unioned.", "botocore model, GetEntitlementsRequest.Filter", _HELD + "passes"),
    Rule("E06", "Filters are intersected.", "botocore model, GetEntitlementsRequest.Filter", _HELD + "passes"),
    Rule("E07", "Other filter names are invalid.", "botocore model, GetEntitlementFilterName", "model:constraint"),
    Rule("E08", "A filter has at least one value.", "botocore model, FilterValueList", "model:constraint"),
    Rule("E09", "MaxResults is 1 to 25.", "botocore model, PageSizeInteger", "model:constraint"),
    Rule(
        "E10",
        "Without MaxResults a page has 25 entries; NextToken leads to the rest.",
        "botocore model, PageSizeInteger",
        _HELD + "LARGEST_PAGE",
        Disagreement("The default is undocumented.", "25.", "Whoever reads one page only misses the rest."),
    ),
    Rule(
        "E11",
        "An empty page may carry a NextToken (setting emptyPages).",
        "botocore model, GetEntitlementsResult.NextToken",
        _HELD + "page",
    ),
    Rule(
        "E12",
        "A NextToken that was never issued is invalid.",
        "botocore model, InvalidParameterException",
        _HELD + "_position",
    ),
    Rule(
        "E13",
        "A NextToken goes with the request that it was made for.",
        "undocumented",
        _HELD + "token_fits_request",
        Disagreement(
            "No source says so.", "Another product or filter is refused.", "Paging breaks where it is careless."
        ),
    ),
    Rule(
        "E14",
        "An entitlement that expired is no longer answered.",
        "botocore model, Entitlement.ExpirationDate",
        _HELD + "is_expired",
        Disagreement(
            'botocore model: "minimum date through which" it stays valid. When it disappears is not said.',
            "At that moment.",
            "Access and allowance end without a day's grace.",
        ),
    ),
    Rule(
        "E15",
        "After an agreement's end nothing is answered for it.",
        "User guide, SaaS contracts",
        _HELD + "has_ended",
        Disagreement(
            "When exactly is not said.", "At once.", "The final hour is metered without the contract's allowance."
        ),
    ),
    Rule(
        "E16", "The value stands in the member of its kind, alone.", "botocore model, EntitlementValue", _HELD + "_wire"
    ),
    Rule(
        "E17",
        "CustomerIdentifier is answered for legacy buyers only.",
        "botocore model, ResolveCustomerResult",
        _HELD + "_wire",
    ),
    Rule(
        "E18",
        "The service answers in us-east-1 only (and in one Region of each other partition).",
        "AWS Marketplace entitlement Regions",
        "rules.regions:entitlement_region",
    ),
)
