"""What a BatchMeterUsage request must look like."""

from marketplace_local.rule_book.rule import Disagreement, Rule

_BOUND = "model:constraint"
_NEEDED = "model:required"
_FORM = "rules.request_form:"

FORM = (
    Rule("F01", "A request has UsageRecords.", "botocore model, BatchMeterUsageRequest", _NEEDED),
    Rule("F02", "A request has at most 25 records; none is allowed.", "botocore model, UsageRecordList", _BOUND),
    Rule("F03", "ProductCode has at most 255 characters.", "botocore model, ProductCode", _BOUND),
    Rule("F04", "ProductCode consists of letters, digits and -/=:_.@ only.", "botocore model, ProductCode", _BOUND),
    Rule("F05", "A record has a Timestamp.", "botocore model, UsageRecord", _NEEDED),
    Rule("F06", "A record has a Dimension.", "botocore model, UsageRecord", _NEEDED),
    Rule("F07", "Dimension has 1 to 255 characters, of any kind.", "botocore model, UsageDimension", _BOUND),
    Rule("F08", "CustomerAWSAccountId consists of digits.", "botocore model, CustomerAWSAccountId", _BOUND),
    Rule("F09", "CustomerAWSAccountId has at most 255 characters.", "botocore model, CustomerAWSAccountId", _BOUND),
    Rule("F10", "CustomerIdentifier has at most 255 characters.", "botocore model, CustomerIdentifier", _BOUND),
    Rule(
        "F11",
        "LicenseArn is a whole ARN.",
        "botocore model, LicenseArn",
        _BOUND,
        Disagreement(
            "User guide, EventBridge: the example of a licence event prints the ARN without `arn:`. botocore model: "
            "the pattern begins with it.",
            "Without `arn:` it is refused.",
            "An ARN passed on from an event rejects the whole batch.",
        ),
    ),
    Rule("F12", "Quantity is 0 to 2,147,483,647.", "botocore model, UsageQuantity", _BOUND),
    Rule(
        "F13",
        "QuantityAsDecimal has up to 10 digits and 6 decimals (so at most 17 characters): no sign, exponent or leading "
        "zero.",
        "botocore model, UsageQuantityAsDecimalString",
        _BOUND,
        Disagreement(
            "AWS skill and vendors: whole numbers only. botocore 1.44.1 and later: decimals too.",
            "Both fields are taken: the older texts are superseded.",
            "1.5 and 1.50 are one quantity: only a comparison by value tells a conflict (D10).",
        ),
    ),
    Rule(
        "F14",
        "A record carries Quantity or QuantityAsDecimal, not both; else the entire request fails.",
        "botocore model, UsageRecord.QuantityAsDecimal",
        _FORM + "one_quantity_field",
    ),
    Rule(
        "F15",
        "Without either the quantity is 0.",
        "botocore model, UsageRecord.Quantity",
        "rules.usage_record:quantity_text",
    ),
    Rule(
        "F16",
        "UsageAllocations are 1 to 2,500 a record.",
        "botocore model, UsageAllocations",
        _BOUND,
    ),
    Rule("F17", "AllocatedUsageQuantity is 0 to 2,147,483,647.", "botocore model, AllocatedUsageQuantity", _BOUND),
    Rule(
        "F18",
        "AllocatedUsageQuantityAsDecimal has the form of QuantityAsDecimal.",
        "botocore model, AllocatedUsageQuantityAsDecimalString",
        _BOUND,
    ),
    Rule(
        "F19",
        "Each allocation carries exactly one quantity, of the record's own kind.",
        "botocore model, UsageAllocation; InvalidUsageAllocationsException",
        _FORM + "allocations_are_of_the_records_kind",
    ),
    Rule(
        "F20",
        "The allocations sum to the record's quantity, exactly and by value.",
        "botocore model, UsageRecord.UsageAllocations; InvalidUsageAllocationsException",
        _FORM + "allocations_add_up",
    ),
    Rule(
        "F21",
        "Each allocation has a tag set of its own; one at most has none.",
        "botocore model, MeterUsageRequest.UsageAllocations",
        _FORM + "tag_sets_are_unique",
        Disagreement(
            "botocore model: said of MeterUsage; of BatchMeterUsage nothing is said.",
            "It holds for BatchMeterUsage too.",
            "The whole batch is refused where leniency would take it.",
        ),
    ),
    Rule(
        "F22",
        "An allocation has 1 to 5 tags, or no Tags member.",
        "botocore model, TagList; InvalidTagException",
        _BOUND,
    ),
    Rule("F23", "A tag has a Key and a Value.", "botocore model, Tag", _NEEDED),
    Rule("F24", "A tag's Key has 1 to 100 characters.", "botocore model, TagKey", _BOUND),
    Rule(
        "F25",
        "A tag's Value has 1 to 256 characters.",
        "botocore model, TagValue",
        _BOUND,
        Disagreement(
            'botocore model, Tag.Value: "The value can be empty or null". botocore model, TagValue: at least 1.',
            "An empty or missing value is refused.",
            "It rejects the batch.",
        ),
    ),
    Rule(
        "F26",
        "Tags consist of letters, digits, space and + - = . _ : / @.",
        "botocore model, TagKey and TagValue",
        _FORM + "tags_are_plain",
        Disagreement(
            "botocore model: the pattern holds an unescaped ` -=`, a range that lets more pass than it names.",
            "Only the characters that it names pass.",
            "A comma in a tag rejects the batch.",
        ),
    ),
    Rule(
        "F27",
        "A key stands once in an allocation.",
        "undocumented; botocore model, Tag: a key is a category",
        _FORM + "tag_keys_do_not_repeat",
        Disagreement("No source says so.", "A repeated key is refused.", "It rejects the batch."),
    ),
    Rule(
        "F28",
        "A broken tag is InvalidTagException.",
        "botocore model, InvalidTagException",
        _FORM + "request_fits_model",
        Disagreement(
            "AWS skill: TooManyTagsException. botocore model: no such error exists.",
            "InvalidTagException.",
            "Code that waits for the skill's error class does not recognise it.",
        ),
    ),
    Rule(
        "F29",
        "A request is under 1 MB.",
        "botocore model, BatchMeterUsage",
        _FORM + "request_under_one_megabyte",
        Disagreement(
            "1 MB is 1,000,000 or 1,048,576 bytes; neither is said, nor the error class.",
            "1,000,000 bytes are too large.",
            "Less fits into a call.",
        ),
    ),
)
