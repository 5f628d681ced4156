"""The protocol."""

from marketplace_local.rule_book.rule import Rule

WIRE = (
    Rule("P01", "A request is signed.", "AWS Signature Version 4", "api:signed_region"),
    Rule(
        "P02",
        "It is signed for aws-marketplace, whichever of the two services is asked.",
        "botocore model, metadata: signingName",
        "api:signed_region",
    ),
    Rule(
        "P03",
        "Other operations are unknown.",
        "AWS JSON 1.1 protocol: X-Amz-Target",
        "api:known_operation",
    ),
    Rule("P04", "A body that is not JSON is a SerializationException.", "AWS JSON 1.1 protocol", "api:parsed"),
    Rule("P05", "NaN and Infinity are not JSON.", "RFC 8259", "api:_no_constant"),
    Rule("P06", "A member has the JSON type of its shape.", "botocore model; AWS JSON 1.1 protocol", "model:_TYPES"),
    Rule(
        "P07", "A timestamp is a time that exists.", "AWS JSON 1.1 protocol: epoch seconds", "model:_LATEST_TIMESTAMP"
    ),
    Rule("P08", "null is absent.", "AWS JSON 1.1 protocol", "model:violations"),
    Rule(
        "P09",
        "The metering service is disabled in Regions that do not have it, for ResolveCustomer too.",
        "botocore model, DisabledApiException; API reference, Region support",
        "rules.regions:metering_region",
    ),
    Rule(
        "P10",
        "An error names its class in __type and in x-amzn-errortype.",
        "AWS JSON 1.1 protocol",
        "api:_refused",
    ),
    Rule(
        "P11",
        "Server errors have status 500, all others that the model names 400.",
        "botocore model: InternalServiceErrorException is a fault",
        "errors:STATUS",
    ),
)
