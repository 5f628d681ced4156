"""What is answered, and how often one may ask."""

from marketplace_local.rule_book.rule import Disagreement, Rule

ANSWERS = (
    Rule(
        "A01",
        "Each result echoes its record as it was sent.",
        "botocore model, UsageRecordResult.UsageRecord",
        "metering:_meter",
    ),
    Rule(
        "A02",
        "Each accepted record has a MeteringRecordId of its own.",
        "botocore model, UsageRecordResult.MeteringRecordId",
        "metering:metering_record_id",
    ),
    Rule(
        "A03",
        "A record that is not Success has no MeteringRecordId.",
        "undocumented; botocore model, UsageRecordResult",
        "metering:_meter",
        Disagreement(
            "The member is optional; nobody says when it is there.",
            "With Success only.",
            "A DuplicateRecord does not tell which record holds the slot.",
        ),
    ),
    Rule(
        "A04",
        "UnprocessedRecords are bare records as they were sent; they are not on file.",
        "botocore model, BatchMeterUsageResult.UnprocessedRecords",
        "metering:batch_meter_usage",
    ),
    Rule(
        "A05",
        "Quantities are kept exactly, to 10 digits and 6 decimals.",
        "botocore model, UsageQuantityAsDecimalString",
        "rules.usage_record:UsageRecord.of",
    ),
    Rule(
        "A06",
        "A refused request processes no record, not even those before the bad one.",
        "botocore model, UsageRecord.QuantityAsDecimal; AWS skill",
        "metering:batch_meter_usage",
    ),
    Rule(
        "A07",
        "Results and UnprocessedRecords are both there, empty or not.",
        "botocore model, BatchMeterUsageResult",
        "metering:_as_told",
    ),
    Rule(
        "A08",
        "Times go over the wire as seconds since the epoch.",
        "botocore model, metadata: JSON 1.1, timestamps without a format",
        "metering:_meter",
    ),
    Rule(
        "T01",
        "BatchMeterUsage takes 10 calls a second.",
        "AWS Marketplace endpoints and quotas",
        "call_rate:QUOTA",
    ),
    Rule(
        "T02",
        "The quota counts any second, not those of the clock's face.",
        "undocumented",
        "call_rate:CallRate.take",
        Disagreement(
            "The page names requests a second and nothing more.",
            "No second, wherever it begins, has more than 10; there is no burst.",
            "Ten calls at the end of a second and ten at the beginning of the next are throttled.",
        ),
    ),
    Rule(
        "T03",
        "Each Region has a quota of its own.",
        "AWS Marketplace endpoints and quotas: per account and Region",
        "call_rate:CallRate.take",
    ),
    Rule(
        "T04",
        "A throttled call does nothing at all.",
        "botocore model, ThrottlingException",
        "api:_refuse_whole_service",
    ),
    Rule(
        "T05",
        "GetEntitlements takes 20 calls a second.",
        "AWS Marketplace endpoints and quotas",
        "call_rate:QUOTA",
    ),
)
