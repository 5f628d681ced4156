"""When usage is taken, and from whom."""

from marketplace_local.rule_book.rule import Disagreement, Rule

_WINDOW = "rules.window:"

TIME_WINDOW = (
    Rule(
        "W01",
        "Usage is not taken 24 hours after it, or later.",
        "botocore model, BatchMeterUsage",
        _WINDOW + "under_24_hours_old",
        Disagreement(
            "User guide, code examples: 1 hour; older botocore models and vendors: 6 hours. botocore 1.43.39 and "
            "later: 24 hours.",
            "24 hours: the older texts are superseded.",
            "At 24 hours to the second it is too late.",
        ),
    ),
    Rule(
        "W02",
        "The age is counted from the start of the hour that the timestamp lies in.",
        "an integrator's observation",
        _WINDOW + "counted_from",
        Disagreement(
            'botocore model: 24 hours "after an event". An integrator saw the older limit measured by whole hours.',
            "From the hour's start.",
            "A record inside its hour (an activation) expires up to an hour earlier.",
        ),
    ),
    Rule(
        "W03",
        "Usage of the future is out of bounds.",
        "botocore model, TimestampOutOfBoundsException; AWS skill: TimestampInFuture",
        _WINDOW + "not_in_the_future",
        Disagreement(
            "No source gives an allowance for skewed clocks.", "None.", "A clock that is ahead rejects the batch."
        ),
    ),
    Rule(
        "W04",
        "Usage of the previous month is taken until 06:00 UTC on the 1st, then rejected however young it is.",
        "botocore model, BatchMeterUsage",
        _WINDOW + "previous_month_until_six",
        Disagreement(
            "A vendor: 00:00 UTC of the month's last day. Older pages: no such limit. botocore model: 06:00 UTC on the "
            "1st.",
            "06:00 UTC on the 1st, to the second.",
            "18 hours of the last day are lost that an ordinary day would still take.",
        ),
    ),
    Rule(
        "W05",
        "The month's grace does not lengthen the 24 hours.",
        "botocore model, BatchMeterUsage",
        _WINDOW + "under_24_hours_old",
        Disagreement(
            'botocore model: "We accept usage records for the previous billing month until 06:00 UTC", which can be '
            "read as the whole month.",
            "Both limits hold.",
            "Usage of the month that is older than 24 hours is lost.",
        ),
    ),
    Rule(
        "W06",
        "One timestamp out of bounds rejects the whole batch.",
        "botocore model, TimestampOutOfBoundsException",
        "metering:batch_meter_usage",
    ),
    Rule(
        "W07",
        "Usage before the licence's activation rejects the batch.",
        "botocore model, InvalidLicenseException; UsageRecord.Timestamp",
        _WINDOW + "not_before_activation",
    ),
    Rule(
        "W08",
        "Usage between two agreements of a licence rejects the batch.",
        "botocore model, InvalidLicenseException",
        _WINDOW + "not_before_activation",
    ),
    Rule(
        "W09",
        "Legacy usage from before the subscription is not honoured.",
        "User guide, SaaS subscriptions",
        _WINDOW + "began_before",
    ),
    Rule(
        "W10",
        "A buyer whose agreement has not begun is not subscribed; once it has, the same record passes.",
        "botocore model, UsageRecordResult; AWS skill",
        _WINDOW + "subscribed",
    ),
    Rule(
        "W11",
        "After the end of an agreement final records are taken for one hour.",
        "User guide, SaaS notifications and EventBridge",
        _WINDOW + "END_GRACE_SECONDS",
        Disagreement(
            "Older user guide: Purchase Agreement Ended opens the hour and License Deprovisioned closes it. AWS skill "
            "and current page: License Deprovisioned opens it.",
            "The hour begins at the agreement's end, whichever notice tells of it.",
            "A notice that comes late leaves less than an hour.",
        ),
    ),
    Rule(
        "W12",
        "An hour after the end the buyer is not subscribed, whatever the usage's hour.",
        "User guide, SaaS notifications: unsubscribe-success",
        _WINDOW + "END_GRACE_SECONDS",
    ),
    Rule(
        "W13",
        "A buyer whose account is suspended is not subscribed.",
        "botocore model, UsageRecordResult",
        _WINDOW + "is_suspended",
    ),
    Rule(
        "W15",
        "In the final hour usage from after the end is taken too.",
        "AWS skill: the last flush holds the running hour",
        _WINDOW + "subscribed",
        Disagreement(
            'AWS skill: the running hour is flushed last. botocore model, InvalidLicenseException: "within the license '
            'activation period".',
            "Both, by the setting usageAfterEnd; it is taken unless it is set.",
            "Refused, it rejects the batch; taken, the buyer pays for usage after the end.",
        ),
    ),
    Rule(
        "W16",
        "By the other reading usage of a licence from after its end rejects the batch.",
        "botocore model, InvalidLicenseException",
        _WINDOW + "not_after_end",
    ),
    Rule(
        "W14",
        "Errors of the request come before verdicts: a bad record beside one that is not subscribed rejects both.",
        "botocore model, BatchMeterUsage",
        "metering:batch_meter_usage",
    ),
)
