"""One record an hour."""

from marketplace_local.rule_book.rule import Disagreement, Rule

_DEDUPE = "rules.deduplication:"

DEDUPLICATION = (
    Rule(
        "D01",
        "First write wins: another quantity is DuplicateRecord, changes nothing and is not billed.",
        "botocore model, UsageRecordResult; AWS skill",
        _DEDUPE + "verdict",
    ),
    Rule(
        "D02",
        "Two moments of one hour share a slot; two hours do not.",
        "User guide, SaaS subscriptions; botocore model, MeterUsage",
        "rules.usage_record:hour_of",
    ),
    Rule("D03", "Each dimension has slots of its own.", "botocore model, UsageRecordResult", _DEDUPE + "key_of"),
    Rule("D04", "Two licences of one account have slots of their own.", "AWS skill", _DEDUPE + "key_of"),
    Rule(
        "D05",
        "Deduplication is per Region: an hour sent to two Regions is billed twice.",
        "AWS skill",
        _DEDUPE + "key_of",
        Disagreement(
            "AWS skill: per Region. Other sources are silent.",
            "Both are accepted and billed.",
            "A Region that changes overcharges the buyer.",
        ),
    ),
    Rule(
        "D06",
        "Legacy buyers are told apart by CustomerIdentifier.",
        "botocore model, UsageRecordResult: same customer",
        _DEDUPE + "key_of",
    ),
    Rule(
        "D07",
        "An hour sent by ProductCode and by LicenseArn is billed twice.",
        "botocore model, BatchMeterUsageRequest.ProductCode",
        _DEDUPE + "key_of",
    ),
    Rule(
        "D08",
        "An identical resend is Success with the first MeteringRecordId, and bills nothing.",
        "botocore model, BatchMeterUsage: identical requests are idempotent",
        _DEDUPE + "verdict",
        Disagreement(
            "botocore model: idempotent. AWS skill: it comes back as DuplicateRecord, harmless.",
            "Both, by the setting identicalResend; Success unless it is set.",
            "Success hides that two lines of a seller's fell into one slot; DuplicateRecord looks like a lost line "
            "(D09). Protocol tests run both.",
        ),
    ),
    Rule(
        "D09",
        "By the other reading an identical resend is DuplicateRecord.",
        "AWS skill",
        _DEDUPE + "verdict",
    ),
    Rule(
        "D10",
        "Quantities are compared by value, whichever field carried them: 17 = 17.0 = 17.00.",
        "botocore model, UsageRecord.QuantityAsDecimal",
        _DEDUPE + "identical",
    ),
    Rule("D11", "A quantity of 0 takes the hour's slot.", "AWS skill", _DEDUPE + "verdict"),
    Rule(
        "D12",
        "The same quantity with other allocations is DuplicateRecord.",
        "undocumented; botocore model, BatchMeterUsage and UsageRecordResult",
        _DEDUPE + "identical",
        Disagreement(
            "botocore model: DuplicateRecord needs a different quantity; idempotent are identical requests. This is "
            "neither.",
            "DuplicateRecord.",
            "Allocations that are computed anew for a resend look like a lost line.",
        ),
    ),
    Rule(
        "D13",
        "Allocations in another order, of equal values, are identical.",
        "botocore model, UsageAllocations: each is told by its tags",
        _DEDUPE + "shares_of",
    ),
    Rule(
        "D14",
        "Within one request too the first record wins.",
        "AWS skill: first write wins",
        _DEDUPE + "verdict",
        Disagreement(
            "No source speaks of two records of one slot in a request.",
            "They are judged one after the other.",
            "The second is lost with a verdict; a refusal would tell at once.",
        ),
    ),
    Rule(
        "D15",
        "A record that was not honoured takes no slot.",
        "botocore model, UsageRecordResult: not honored",
        _DEDUPE + "verdict",
    ),
    Rule(
        "D16",
        "Not subscribed is answered before duplicate.",
        "undocumented",
        _DEDUPE + "verdict",
        Disagreement(
            "No source gives the order.",
            "CustomerNotSubscribed, also for a record that is on file.",
            "It hides that the record was billed.",
        ),
    ),
)
