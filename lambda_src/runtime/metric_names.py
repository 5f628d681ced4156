"""Every metric that a function emits, by the room that emits it. Alarms name metrics from here only.

The namespace is ``YawlMarketplaceMetering/<stage>`` (``POWERTOOLS_METRICS_NAMESPACE``); the only dimension is
``service`` (``POWERTOOLS_SERVICE_NAME``), which is the room's name.
"""

from enum import StrEnum

NAMESPACE = "YawlMarketplaceMetering"


class RegistrationMetric(StrEnum):
    REGISTRATIONS = "Registrations"
    REGISTRATIONS_REFUSED = "RegistrationsRefused"
    #: Nobody can register until a person mends the listing, the stage or the function's rights: a wrong product code,
    #: access denied, a disabled API, a secret that cannot be read.
    REGISTRATIONS_MISCONFIGURED = "RegistrationsMisconfigured"


class SubscriptionMetric(StrEnum):
    NOTICES_APPLIED = "NoticesApplied"
    #: Kept, changed nothing: nobody here knows what they mean, or they are about the other integration's buyers.
    NOTICES_UNKNOWN = "NoticesUnknown"
    #: Kept, changed nothing: they lack what their meaning hangs on.
    NOTICES_UNREADABLE = "NoticesUnreadable"
    #: An end or a warning is kept until somebody is bound to its agreement.
    NOTICES_WAITING = "NoticesWaiting"
    #: Normal where the seller has several products.
    NOTICES_OF_ANOTHER_PRODUCT = "NoticesOfAnotherProduct"
    #: One of these that should have been ours: the stage's product code may be wrong.
    PRODUCT_CODE_DOUBTED = "ProductCodeDoubted"
    #: Of buyers who are none of the stage's test accounts.
    NOTICES_KEPT_OUT = "NoticesKeptOut"
    #: AWS Marketplace warns of a buyer: an advisory, or his card was not accepted.
    BUYER_WARNINGS = "BuyerWarnings"


class EntitlementMetric(StrEnum):
    ENTITLEMENTS_SYNCED = "EntitlementsSynced"
    NOTICES_UNKNOWN = "NoticesUnknown"
    NOTICES_UNREADABLE = "NoticesUnreadable"
    PRODUCT_CODE_DOUBTED = "ProductCodeDoubted"
    NOTICES_KEPT_OUT = "NoticesKeptOut"
    #: GetEntitlements is refused for the whole product: code, access, Region or credentials.
    PRODUCT_FAULTS = "ProductFaults"


class UsageMetric(StrEnum):
    EVENTS_RECORDED = "EventsRecorded"
    #: Taken back, while their hour was open.
    EVENTS_VOIDED = "EventsVoided"
    EVENTS_DUPLICATE = "EventsDuplicate"
    EVENTS_REFUSED = "EventsRefused"
    EVENTS_RETRY_LATER = "EventsRetryLater"
    #: What became of events from the queue; the names above count every verdict, whichever door gave it.
    QUEUED_EVENTS_RECORDED = "QueuedEventsRecorded"
    QUEUED_EVENTS_REFUSED = "QueuedEventsRefused"
    #: Put into the waiting queue, once again with every round.
    QUEUED_EVENTS_WAITING = "QueuedEventsWaiting"
    #: Waited for a day in vain: refused with the last reason.
    QUEUED_EVENTS_GAVE_UP = "QueuedEventsGaveUp"
    REQUESTS_REFUSED = "RequestsRefused"


class MeteringMetric(StrEnum):
    HOURS_SEALED = "HoursSealed"
    ZERO_RECORDS = "ZeroRecords"
    #: Hours past their seal time that cannot be sealed yet (identity or entitlements missing).
    HOURS_WAITING = "HoursWaiting"
    MARKETPLACE_CALLS = "MarketplaceCalls"
    LINES_BILLED = "LinesBilled"
    LINES_REJECTED = "LinesRejected"
    LINES_NOT_SENT = "LinesNotSent"
    #: Lines that ended otherwise than billed, counted when that happened.
    LINES_CONFLICT = "LinesConflict"
    LINES_EXPIRED = "LinesExpired"
    LINES_PRESUMED_ON_FILE = "LinesPresumedOnFile"
    #: More units than one line takes: the rest is billed with a later hour.
    LINES_CAPPED = "LinesCapped"
    #: Dimensions of which somebody left with a billed unit or more unbilled.
    REMAINDERS_UNBILLED = "RemaindersUnbilled"
    #: Hourly zeros that ended otherwise than billed: nothing is lost, nobody is woken.
    ZERO_LINES_FAILED = "ZeroLinesFailed"
    #: Sets of tags beyond what a line takes: billed, but shown without their tags.
    TAG_SETS_FOLDED = "TagSetsFolded"
    #: Lines that were not sent because their frozen allocations are gone.
    ALLOCATIONS_MISSING = "AllocationsMissing"
    PRODUCT_FAULTS = "ProductFaults"
    #: Two lines answered with one MeteringRecordId.
    SHARED_RECORD_IDS = "SharedMeteringRecordIds"
    #: Levels, read from the indexes at the end of every run.
    PENDING_HOURS = "PendingHours"
    OLDEST_PENDING_HOUR_AGE = "OldestPendingHourAgeSeconds"
    #: Seconds until the first pending hour can no longer be sent; a day where nothing is pending.
    NEAREST_DEADLINE = "NearestDeadlineSeconds"
    FAILED_LINES = "FailedLines"
    #: Pending with less than half of an ordinary window left: lines, units by dimension, and money at list prices.
    AT_RISK_LINES = "AtRiskLines"
    AT_RISK_UNITS = "AtRiskUnits"
    AT_RISK_MONEY = "AtRiskMoney"
    FAILED_UNITS = "FailedUnits"
    FAILED_MONEY = "FailedMoney"
    #: One per run that reached its report, and nought whenever somebody looks after leavers: many noughts in a row, and
    #: no one among them, are an alarm.
    RUNS_COMPLETED = "RunsCompleted"
    #: Who left, and is not metered to the end some time after Marketplace's grace; a level, read from the index.
    LEAVERS_OVERDUE = "LeaversOverdue"
    #: Final meterings that were not under way and had to be started (again).
    FINAL_METERINGS_RESTARTED = "FinalMeteringsRestarted"
