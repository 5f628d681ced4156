"""Every metric that a function emits, by the service that emits it. Alarms name metrics from here only.

The namespace is ``YawlMarketplaceMetering/<stage>`` (``POWERTOOLS_METRICS_NAMESPACE``); the only dimension is
``service`` (``POWERTOOLS_SERVICE_NAME``). A function's service is its room, ``usage`` or ``metering``; but the room
``buyer`` holds three, ``registration``, ``subscription`` and ``entitlement``, whose names were alarmed before the room.
"""

from enum import StrEnum

NAMESPACE = "YawlMarketplaceMetering"


class RegistrationMetric(StrEnum):
    """Metrics of the service ``registration``: buyers that registered, and refused registrations."""

    REGISTRATIONS = "Registrations"
    REGISTRATIONS_REFUSED = "RegistrationsRefused"
    #: No buyer can register until a person mends the listing, the stage or the function's rights: a wrong product code,
    #: access denied, a disabled API, a secret that cannot be read.
    REGISTRATIONS_MISCONFIGURED = "RegistrationsMisconfigured"


class SubscriptionMetric(StrEnum):
    """Metrics of the service ``subscription``: how its notices ended, and warnings about buyers."""

    NOTICES_APPLIED = "NoticesApplied"
    #: Notices that are kept and changed nothing: their meaning is unknown, or they are about the other integration.
    NOTICES_UNKNOWN = "NoticesUnknown"
    #: Notices that are kept and changed nothing, because they lack a field that is needed.
    NOTICES_UNREADABLE = "NoticesUnreadable"
    #: Ends and warnings that are kept until a subscriber is bound to their agreement.
    NOTICES_WAITING = "NoticesWaiting"
    #: Notices of another product: normal where the seller has several.
    NOTICES_OF_ANOTHER_PRODUCT = "NoticesOfAnotherProduct"
    #: Notices of another product that should have been ours: the stage's product code may be wrong.
    PRODUCT_CODE_DOUBTED = "ProductCodeDoubted"
    #: Notices of buyers that are none of the stage's test accounts.
    NOTICES_KEPT_OUT = "NoticesKeptOut"
    #: AWS Marketplace warns of a buyer: an advisory, or a card that was not accepted.
    BUYER_WARNINGS = "BuyerWarnings"


class EntitlementMetric(StrEnum):
    """Metrics of the service ``entitlement``: how its notices ended, and fetched entitlements."""

    ENTITLEMENTS_SYNCED = "EntitlementsSynced"
    NOTICES_UNKNOWN = "NoticesUnknown"
    NOTICES_UNREADABLE = "NoticesUnreadable"
    PRODUCT_CODE_DOUBTED = "ProductCodeDoubted"
    NOTICES_KEPT_OUT = "NoticesKeptOut"
    #: GetEntitlements is refused for the whole product: code, access, Region or credentials.
    PRODUCT_FAULTS = "ProductFaults"


class UsageMetric(StrEnum):
    """Metrics of the service ``usage``: the verdicts on reported events, by API and queue."""

    EVENTS_RECORDED = "EventsRecorded"
    #: Events that were voided while their hour was open.
    EVENTS_VOIDED = "EventsVoided"
    EVENTS_DUPLICATE = "EventsDuplicate"
    #: Verdicts ``refused``, by API and queue. Not among them: requests that cannot be read (RequestsRefused) and events
    #: that waited in vain (QueuedEventsGaveUp; their last verdict is an EventsRetryLater). A void that came before its
    #: event counts again in each round of its waiting.
    EVENTS_REFUSED = "EventsRefused"
    #: Verdicts ``retry_later``: a queued event counts again in each round of its waiting.
    EVENTS_RETRY_LATER = "EventsRetryLater"
    #: Verdicts on events from the queue; the names above count the verdicts of API and queue alike.
    QUEUED_EVENTS_RECORDED = "QueuedEventsRecorded"
    QUEUED_EVENTS_REFUSED = "QueuedEventsRefused"
    #: Events put into the waiting queue, counted again in every round.
    QUEUED_EVENTS_WAITING = "QueuedEventsWaiting"
    #: Events that waited for a day in vain and were refused with the last reason.
    QUEUED_EVENTS_GAVE_UP = "QueuedEventsGaveUp"
    #: Requests and messages that cannot be read, whatever the number of their events.
    REQUESTS_REFUSED = "RequestsRefused"


class MeteringMetric(StrEnum):
    """Metrics of the service ``metering``: how hours and lines end, and the levels that its report reads."""

    HOURS_SEALED = "HoursSealed"
    ZERO_RECORDS = "ZeroRecords"
    #: Hours past their seal time that cannot be sealed yet (identity or entitlements missing).
    HOURS_WAITING = "HoursWaiting"
    #: Hours that a check of their sums has stopped, see ledger.conservation: nothing wrong was stored or sent.
    HOURS_NOT_CONSERVED = "HoursNotConserved"
    MARKETPLACE_CALLS = "MarketplaceCalls"
    LINES_BILLED = "LinesBilled"
    LINES_REJECTED = "LinesRejected"
    LINES_NOT_SENT = "LinesNotSent"
    #: Lines that ended otherwise than billed, counted when they end.
    LINES_CONFLICT = "LinesConflict"
    LINES_EXPIRED = "LinesExpired"
    LINES_PRESUMED_ON_FILE = "LinesPresumedOnFile"
    #: More units than one line takes: the rest is billed with a later hour.
    LINES_CAPPED = "LinesCapped"
    #: Dimensions of which a cancelled customer has a billed unit or more left unbilled.
    REMAINDERS_UNBILLED = "RemaindersUnbilled"
    #: Hourly zeros that ended otherwise than billed: nothing is lost, so no alarm.
    ZERO_LINES_FAILED = "ZeroLinesFailed"
    #: Sets of tags that were too many for their line: billed, but shown without their tags.
    TAG_SETS_FOLDED = "TagSetsFolded"
    #: Lines that were not sent because their frozen allocations are gone.
    ALLOCATIONS_MISSING = "AllocationsMissing"
    PRODUCT_FAULTS = "ProductFaults"
    #: Two lines answered with one MeteringRecordId.
    SHARED_RECORD_IDS = "SharedMeteringRecordIds"
    #: Levels that the report reads from the indexes at the end of every run.
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
    #: Each run that reached its report adds 1, each look after cancelled customers adds 0. An alarm watches for zeros
    #: without a 1 among them.
    RUNS_COMPLETED = "RunsCompleted"
    #: Cancelled customers whose final metering is overdue after Marketplace's grace; a level, read from the index.
    LEAVERS_OVERDUE = "LeaversOverdue"
    #: Final meterings that were not running and had to be started (again).
    FINAL_METERINGS_RESTARTED = "FinalMeteringsRestarted"
