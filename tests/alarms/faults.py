"""Every alarm with its fault and the minutes from the moment in which the fault shows until people are called.

A fault shows when its first value is counted: an execution fails, a message lies in a dead-letter queue, a run reads a
level that is too high. Where values are missing it shows as each entry says. The tests beside this file play each
fault; a number that is not true fails there. ``python -m tests.alarms.page`` writes docs/alarms.md from it.
"""

from fnmatch import fnmatchcase
from typing import NamedTuple


class Fault(NamedTuple):
    """happens: what goes wrong, in a few words. minutes: until people are called."""

    happens: str
    minutes: int


#: By the alarms' names. The first pattern that matches counts.
FAULTS: dict[str, Fault] = {
    "ApiFaults": Fault("the API answers requests with faults, three or more and over 1 %", 10),
    "ApiRegistrationFaults": Fault("two requests to register are answered with a fault", 10),
    "ApiThrottled": Fault("the API refuses callers for their rate for ten minutes", 11),
    "ApiUnavailable": Fault("the API answers 503 for ten minutes", 20),
    "FunctionsregistrationErrors": Fault("registration fails once", 13),
    "Functions*Errors": Fault("a function fails in each of three tries within three minutes", 16),
    "Functions*Throttles*": Fault("Lambda refuses to run a function", 13),
    "MeteringRunFailed": Fault("an execution of the hourly workflow fails", 10),
    "MeteringRunTimedOut": Fault("an execution takes longer than 55 minutes", 10),
    "MeteringRunAborted": Fault("somebody stops an execution", 3),
    "MeteringRunDidNotHappen": Fault("no run begins ten minutes after its hour", 56),
    "MeteringOldestPendingHourTicket": Fault(
        "a run finds an hour that has waited for `oldestPendingHourTicketHours`", 3
    ),
    "MeteringOldestPendingHourPage": Fault("a run finds an hour that has waited for `oldestPendingHourPageHours`", 3),
    "MeteringNearestDeadline": Fault("a run finds an hour with less than three hours left", 3),
    "MeteringAtRiskLines": Fault("a run finds usage with less than half of its time left", 3),
    "MeteringAtRiskMoney": Fault("a run finds as much money at risk as `atRiskMoneyPage`", 3),
    "MeteringUnusualHours": Fault("an hour is far above what its customer usually uses", 3),
    "MeteringHeldLines": Fault("a run finds a line of an unusual hour on hold", 3),
    "MeteringPaused": Fault("a run finds a pause that is older than an hour", 3),
    "MeteringHoursWaiting": Fault("an hour cannot be sealed, since its entitlements are missing", 3),
    "MeteringLinesConflict": Fault("Marketplace answers DuplicateRecord to a line's first attempt", 3),
    "MeteringLinesExpired": Fault("a line's deadline passes", 3),
    "MeteringLinesPresumedOnFile": Fault("an answer is lost, and the next one is DuplicateRecord", 3),
    "MeteringLinesCapped": Fault("an hour has more units than a line takes", 3),
    "MeteringTagSetsFolded": Fault("an hour has more sets of tags than a line takes", 3),
    "MeteringAllocationsMissing": Fault("the sealed split of a line is gone", 3),
    "MeteringHoursNotConserved": Fault("an hour's sums do not add up when it is settled", 3),
    "MeteringLinesRejected": Fault("Marketplace rejects one line", 3),
    "MeteringProductFaults": Fault("Marketplace refuses every call", 3),
    "MeteringSharedRecordIds": Fault("two lines get one MeteringRecordId", 3),
    "MeteringFailedLines": Fault("a run finds a failed line that no person has resolved", 3),
    "FinalMeteringFailed": Fault("an execution of final metering fails", 10),
    "FinalMeteringTimedOut": Fault("an execution of final metering takes longer than 26 hours", 10),
    "FinalMeteringAborted": Fault("somebody stops an execution of final metering", 3),
    "FinalMeteringNoLook": Fault("three reports of look-after-leavers in a row are missing", 10),
    "FinalMeteringLeaversOverdue": Fault("a buyer is not cancelled 70 minutes after its end", 3),
    "FinalMeteringRestarted": Fault("look-after-leavers finds a leaver without an execution", 3),
    "FinalMeteringRemaindersUnbilled": Fault("a cancelled buyer has a whole unit left", 3),
    "FinalMeteringStreamTooOld": Fault("changes of subscribers have waited for ten minutes", 13),
    "ProductRegistrationsMisconfigured": Fault("Marketplace refuses ResolveCustomer", 3),
    "ProductEntitlements": Fault("Marketplace refuses GetEntitlements", 3),
    "ProductCodeMisnamed": Fault("a notice of another product comes by the product's topic", 3),
    "ProductCodeDoubted": Fault("a notice of another product comes while no buyer is active", 3),
    "NoticesUnknown": Fault("a notice has an unknown action", 3),
    "NoticesUnreadable": Fault("a notice is no JSON", 3),
    "NoticesWaiting": Fault("an agreement ends whose licence is unknown", 3),
    "NoticesLost": Fault("the hourly search finds a start that no notice has told", 3),
    "NoticesBuyerWarned": Fault("AWS issues an advisory for a buyer", 3),
    "Notices*DeadLetters": Fault("a notice lies in a dead-letter queue", 10),
    "TellingWebhooksRefused": Fault("the app's receiver answers three webhooks with 404", 3),
    "*TooOld": Fault("a message has waited too long in its queue", 13),
    "UsageQueue*DeadLetters": Fault("a message of usage lies in a dead-letter queue", 10),
    "UsageQueueRefused": Fault("refused usage lies in its queue", 3),
    "MailDeadLettersNotEmpty": Fault("a mail about a buyer lies in the dead-letter queue", 3),
    "*DeadLettersNotEmpty": Fault("what Scheduler, a stream or a function gave up lies in a dead-letter queue", 3),
    "FailedLinesNotEmpty": Fault("the copy of a failed line lies in its queue", 3),
    "EventsLost1": Fault("EventBridge cannot deliver an event of Marketplace", 3),
    "AccessLogEventsLost1": Fault("EventBridge cannot deliver the event of an access log", 3),
    "StartsLost": Fault("Scheduler loses a start of the hourly workflow or of look-after-leavers", 3),
    "StartsFails": Fault("Scheduler fails to start them three times", 3),
    "AuditsLost": Fault("Scheduler loses a call of the conservation audit", 3),
    "AuditsFails": Fault("Scheduler fails to call it three times", 3),
    "ReconciliationsLost": Fault("Scheduler loses a call of the functions that compare the ledger with AWS's books", 3),
    "ReconciliationsFails": Fault("Scheduler fails to call them three times", 3),
    "EngineCallsLost": Fault("Scheduler loses a call of the engines' functions", 3),
    "EngineCallsFails": Fault("Scheduler fails to call them three times", 3),
    "Mail*Undelivered": Fault("SNS cannot deliver an e-mail", 3),
    "StoreFaults*": Fault("DynamoDB answers with 5xx, and a function fails with it", 5),
    "StoreCanary": Fault("DynamoDB does not answer, and two functions fail", 5),
    "StoreThrottled*": Fault("DynamoDB throttles a table for ten minutes", 20),
    "ArchiveBackupFailuresNotEmpty": Fault("a backup of a table, or its copy to another vault, fails", 3),
    "ArchiveConservationFindings": Fault("the daily audit finds an event whose hour is missing", 3),
    "ReconciliationLinesLost": Fault("CloudTrail does not have a line that may have been billed", 3),
    "ReconciliationForeignCalls": Fault("somebody else meters a customer of ours", 3),
    "ReconciliationFindings": Fault("CloudTrail shows another quantity than the ledger", 3),
    "ReconciliationOverdue": Fault("a call finds its last whole comparison 26 hours old", 3),
    "EnginesWithoutPoll": Fault("an engine was not read for its `silenceMinutes`", 3),
    "EnginesOldestGoodPoll": Fault("an engine was not read for `oldestPendingHourPageHours`", 3),
    "EnginesWithoutAnnouncement": Fault("an engine in mode `push-only` announced nothing for its `silenceMinutes`", 3),
    "EnginesNoLook": Fault("three reports of look-after-engines in a row are missing", 10),
    "EnginesFaults": Fault("an engine has another database", 3),
    "EnginesAuditDifferences": Fault("an engine's statistics differ from our count", 3),
    "EnginesCasesWithoutRow": Fault("a listed case has had no row for an hour", 3),
    "EnginesClockOff": Fault("three readings find a wrong clock", 3),
    "EnginesPollsFailed": Fault("the twelfth reading of an hour fails", 3),
    "EnginesOldestUnsent": Fault("found usage has waited for an hour to be sent", 3),
    "EnginesNotAnnounced": Fault("twenty starts were not announced", 3),
    "EnginesAnnouncementsRefused": Fault("the twentieth announcement with a wrong secret comes", 3),
    "EnginesAccessLogsRefused": Fault("an access log has a line that cannot be read", 3),
    "EnginesUnattributed": Fault("usage without a customer lies in its queue", 3),
    "Engines*DeadLetters": Fault("a message of engines' usage lies in a dead-letter queue", 10),
}


def fault_of(alarm: str) -> Fault:
    """The entry for an alarm. Raises LookupError if there is none."""
    for pattern, fault in FAULTS.items():
        if fnmatchcase(alarm, pattern):
            return fault
    raise LookupError(f"tests/alarms/faults.py has no entry for the alarm {alarm}")
