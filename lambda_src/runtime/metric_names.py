"""Every metric that a function emits, by the service that emits it. Alarms name metrics from here only.

The namespace is ``YawlMarketplaceMetering/<stage>`` (``POWERTOOLS_METRICS_NAMESPACE``); the only dimension is
``service`` (``POWERTOOLS_SERVICE_NAME``). A function's service is its room, ``usage`` or ``metering``; but the room
``buyer`` holds four: ``registration``, ``subscription`` and ``entitlement``, whose names were alarmed before the room,
and ``events``.
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
    #: Mails about buyers and to them that were handed to SNS or SES.
    MAILS_SENT = "MailsSent"
    #: Mails to buyers that SES does not take: the address, or the sender's identity.
    MAILS_REFUSED = "MailsRefused"


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
    #: Starts and ends that the search of agreements found, and that no notice had told.
    NOTICES_LOST = "NoticesLost"
    #: Agreements that the search looked at, and those that it could not work out: the next search tries again.
    AGREEMENTS_SEARCHED = "AgreementsSearched"
    AGREEMENTS_FAILED = "AgreementsFailed"
    #: Billing keys that were linked to the buyer's one before.
    KEYS_LINKED = "KeysLinked"
    #: AWS Marketplace warns of a buyer: an advisory, or a card that was not accepted.
    BUYER_WARNINGS = "BuyerWarnings"
    #: The vendor's app was refused: a hand-over that is not ours or was used before, or a link to a second account.
    HANDOVERS_REFUSED = "HandoversRefused"


class EntitlementMetric(StrEnum):
    """Metrics of the service ``entitlement``: how its notices ended, and fetched entitlements."""

    ENTITLEMENTS_SYNCED = "EntitlementsSynced"
    NOTICES_UNKNOWN = "NoticesUnknown"
    NOTICES_UNREADABLE = "NoticesUnreadable"
    PRODUCT_CODE_DOUBTED = "ProductCodeDoubted"
    NOTICES_KEPT_OUT = "NoticesKeptOut"
    #: GetEntitlements is refused for the whole product: code, access, Region or credentials.
    PRODUCT_FAULTS = "ProductFaults"


class EventMetric(StrEnum):
    """Metrics of the service ``events``: what the vendor's app is told."""

    #: Events that were sent to the bus, and to the FIFO queues where there are any.
    EVENTS_TOLD = "EventsTold"
    WEBHOOKS_DELIVERED = "WebhooksDelivered"
    #: Tries that the app's receiver answered with a status that more tries will hardly change: 4xx, but not 408, 409,
    #: 425 and 429; and redirects, which are not followed.
    WEBHOOKS_REFUSED = "WebhooksRefused"
    #: All other tries that failed: no connection, no answer in time, busy, or an error of the receiver.
    WEBHOOKS_UNANSWERED = "WebhooksUnanswered"


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
    #: What these lines bill: units by dimension (the metric has a dimension ``dimension``), and money at list prices.
    UNITS_BILLED = "UnitsBilled"
    MONEY_BILLED = "MoneyBilled"
    LINES_REJECTED = "LinesRejected"
    LINES_NOT_SENT = "LinesNotSent"
    #: Lines that ended otherwise than billed, counted when they end.
    LINES_CONFLICT = "LinesConflict"
    LINES_EXPIRED = "LinesExpired"
    LINES_PRESUMED_ON_FILE = "LinesPresumedOnFile"
    #: More units than one line takes: the rest is billed with a later hour.
    LINES_CAPPED = "LinesCapped"
    #: Hours that were sealed with a line far above the customer's usual.
    UNUSUAL_HOURS = "UnusualHours"
    #: Lines of such hours that wait for a person; a level that the report reads from the index.
    HELD_LINES = "HeldLines"
    #: Dimensions of which a cancelled customer has a billed unit or more left unbilled.
    REMAINDERS_UNBILLED = "RemaindersUnbilled"
    #: Balances that went to the next billing key of a buyer that stays (a renewal, a replacement, a migration).
    BALANCES_MOVED = "BalancesMoved"
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
    #: Customers whose lines an operator has paused (the whole stage counts as one), and for how long the oldest pause
    #: has stood.
    PAUSED_CUSTOMERS = "PausedCustomers"
    PAUSED_FOR = "PausedForSeconds"
    #: Each run that reached its report adds 1, each look after cancelled customers adds 0. An alarm watches for zeros
    #: without a 1 among them.
    RUNS_COMPLETED = "RunsCompleted"
    #: Cancelled customers whose final metering is overdue after Marketplace's grace; a level, read from the index.
    LEAVERS_OVERDUE = "LeaversOverdue"
    #: Final meterings that were not running and had to be started (again).
    FINAL_METERINGS_RESTARTED = "FinalMeteringsRestarted"


class ReconcileMetric(StrEnum):
    """Metrics of the service ``reconcile``: what comparing the ledger with other books found."""

    #: Lines that may have been billed and that CloudTrail shows as billed, or as certainly not billed.
    LINES_FOUND_ON_FILE = "LinesFoundOnFile"
    LINES_LOST = "LinesLost"
    #: Findings that were opened, all kinds.
    FINDINGS = "Findings"
    #: Among them calls of somebody else who metered a customer of ours.
    FOREIGN_CALLS = "ForeignCalls"
    #: Open findings, by book: levels, read from the index.
    OPEN_FINDINGS_CALLS = "OpenFindingsCalls"
    OPEN_FINDINGS_USAGE = "OpenFindingsUsage"
    OPEN_FINDINGS_INVOICES = "OpenFindingsInvoices"
    #: Hours, days and months that were compared.
    PERIODS_COMPARED = "PeriodsCompared"
    #: Seconds since a comparison last had nothing left to do: a level, the worst of the books counts.
    RECONCILIATION_AGE = "ReconciliationAgeSeconds"


class YawlMetric(StrEnum):
    """Metrics of the service ``yawl``: announcements of engines, what their logs held, and how the engines are."""

    #: Announcements whose secret was right, of every kind.
    ANNOUNCEMENTS_RECEIVED = "AnnouncementsReceived"
    #: Among them those whose action is none that we know.
    ANNOUNCEMENTS_UNKNOWN = "AnnouncementsUnknown"
    #: Among them those that cannot be read: too large, no form, a field too long, given twice or missing.
    ANNOUNCEMENTS_UNREADABLE = "AnnouncementsUnreadable"
    #: Among them starts of cases, each kept as a hint. The engine may announce a start twice.
    STARTS_ANNOUNCED = "StartsAnnounced"
    #: Requests for an engine that the stage lacks or that only its log reports, or with a wrong secret.
    ANNOUNCEMENTS_REFUSED = "AnnouncementsRefused"
    #: Case starts that were committed to be billed, each once: worklets too, and those without a customer.
    STARTS_FOUND = "StartsFound"
    #: Among them those for which no customer was found; they are in the queue of unattributed usage.
    STARTS_UNATTRIBUTED = "StartsUnattributed"
    #: Participants that were counted for the first time in their month.
    USERS_FOUND = "UsersFound"
    POLLS_GOOD = "PollsGood"
    #: Readings of an engine's log that ended with a fault; the next one finds what this one did not.
    POLLS_FAILED = "PollsFailed"
    #: Announced starts whose case the log did not know an hour later, as after a failed launch. Nothing is billed.
    PUSHES_WITHOUT_CASE = "PushesWithoutCase"
    #: Starts in the log of an engine in mode ``log`` that no announcement named two minutes later. They are billed.
    #: Those of an engine's first reading, which may be older than its registration, are left out.
    STARTS_NOT_ANNOUNCED = "StartsNotAnnounced"
    #: Specifications and days for which the engine's statistics and our count of starts differ.
    AUDIT_DIFFERENCES = "AuditDifferences"
    #: Polls of an engine whose clock is more than two minutes away from ours.
    ENGINE_CLOCK_OFF = "EngineClockOff"
    #: Listed cases that have had no row of their start in the log for an hour. Nothing is billed.
    CASES_WITHOUT_ROW = "CasesWithoutRow"
    ACCESS_LOGS_READ = "AccessLogsRead"
    #: Access logs that cannot be read, or not in whole: lines of another form, or calls by a host that no engine lists.
    #: A notice that comes again counts again.
    ACCESS_LOGS_REFUSED = "AccessLogsRefused"
    #: Levels that look-after-engines reads, over all engines of the stage; 0 where all is well.
    #: Engines that have another database than the one that we know, until a person raises their epoch.
    ENGINE_FAULTS = "EngineFaults"
    #: Engines without a good poll for longer than their ``silenceMinutes``.
    ENGINES_WITHOUT_POLL = "EnginesWithoutPoll"
    #: Engines in mode ``push-only`` without an announcement for longer than their ``silenceMinutes``.
    ENGINES_WITHOUT_ANNOUNCEMENT = "EnginesWithoutAnnouncement"
    #: Seconds since the last good poll of the engine that has waited longest for one.
    OLDEST_GOOD_POLL_AGE = "OldestGoodPollAgeSeconds"
    #: Age of the oldest usage in the outbox, in seconds: found, but not yet in its queue.
    OLDEST_UNSENT_AGE = "OldestUnsentAgeSeconds"


class ArchiveMetric(StrEnum):
    """Metrics of the service ``archive``: changes that were archived, and what the audit of the archive found."""

    #: Lines that were written to the archive. A batch that is delivered again counts again.
    CHANGES_ARCHIVED = "ChangesArchived"
    #: Customers whose events, counters, lines and balances of a day were compared.
    CUSTOMERS_AUDITED = "CustomersAudited"
    #: Differences that the audit found and stored; a level of each audited part of a day, 0 where all is well.
    CONSERVATION_FINDINGS = "ConservationFindings"
