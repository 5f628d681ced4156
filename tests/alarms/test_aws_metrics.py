"""What AWS's services count of a fault calls people: functions, runs, queues, tables, the API, delivery."""

from collections.abc import Callable

import pytest

from tests.alarms.life import Life, Ordinary
from tests.alarms.proof import prove
from tests.synthesized import Assembly

#: The minute in which faults begin, and for how long they last.
BEGINS, LASTS = 200, 60
Play = Callable[[Life, int], int]
PLAYS: dict[str, Play] = {}


def plays(*alarms: str) -> Callable[[Play], Play]:
    """The function records this fault from a minute on, and returns when it shows."""

    def registered(play: Play) -> Play:
        PLAYS.update(dict.fromkeys(alarms, play))
        return play

    return registered


# --- functions --------------------------------------------------------------------------------------------------------


def failing(function: str) -> Play:
    """Every call fails; a caller repeats it twice within three minutes, and comes back every five minutes."""

    def play(life: Life, begins: int) -> int:
        for first in range(begins, begins + LASTS, 5):
            for minute in (first, first + 1, first + 3):
                life.invoked(function, minute, errors=1)
        return begins

    return play


#: By the names of their alarms. A buyer tries to register once.
FUNCTIONS = (
    *("registration", "subscriber-api", "subscription-notices", "entitlement-notices", "usage", "usage-queue"),
    *("tell-people", "access", "buyer-usage", "usage-page"),
    *("put-zero-records", "find-due-hours", "seal-hours", "plan-batches", "submit-batch", "settle-hours", "report"),
    *("find-final-hours", "refuse-usage", "end-subscription", "start-final-metering", "look-after-leavers"),
    *("tell-events", "send-webhooks"),
    *("archive-changes", "audit-conservation", "reconcile-calls", "reconcile-usage", "reconcile-invoices"),
    "search-agreements",
    *("reconcile-engine", "engine-gateway", "look-after-engines", "read-access-log"),
)
for name in FUNCTIONS:
    plays(f"Functions{name.replace('-', '')}Errors")(failing(name))


@plays("FunctionsregistrationErrors")
def one_buyer_cannot_register(life: Life, begins: int) -> int:
    life.invoked("registration", begins, errors=1)
    return begins


def refused(function: str, times: int) -> Play:
    def play(life: Life, begins: int) -> int:
        for minute in range(begins, begins + LASTS):
            life.invoked(function, minute, throttles=times)
        return begins

    return play


plays("FunctionssubmitbatchThrottles")(refused("submit-batch", 300))
plays("FunctionsThrottles1")(refused("registration", 10))
plays("FunctionsThrottles2")(refused("settle-hours", 10))
plays("FunctionsThrottles3")(refused("reconcile-calls", 10))
plays("FunctionsThrottles4")(refused("read-access-log", 10))


# --- runs -------------------------------------------------------------------------------------------------------------


def ended(machine: str, metric: str) -> Play:
    def play(life: Life, begins: int) -> int:
        life.executions(machine, metric, begins)
        return begins

    return play


for part, machine in (("MeteringRun", "HourlyMeteringMachine"), ("FinalMetering", "FinalMeteringMachine")):
    for end in ("Failed", "TimedOut", "Aborted"):
        plays(f"{part}{end}")(ended(machine, f"Executions{end}"))


# --- queues -----------------------------------------------------------------------------------------------------------


def in_queue(queue: str, **messages: int) -> Play:
    def play(life: Life, begins: int) -> int:
        life.queue(queue, range(begins - 100, begins))
        life.queue(queue, range(begins, begins + LASTS), **messages)
        return begins

    return play


for name, queue in {
    "NoticesSubscriptionDeadLetters": "SubscriptionQueueDeadLettersQueue",
    "NoticesEntitlementDeadLetters": "EntitlementQueueDeadLettersQueue",
    "UsageQueueUsageDeadLetters": "UsageQueueDeadLettersQueue",
    "UsageQueueWaitingDeadLetters": "UsageQueueWaitingDeadLettersQueue",
    "UsageQueueRefused": "UsageQueueRefused",
    "ScheduleDeadLettersNotEmpty": "ScheduleDeadLettersQueue",
    "LeavingDeadLettersNotEmpty": "StartFinalMeteringDeadLettersQueue",
    "LookDeadLettersNotEmpty": "LookAfterLeaversDeadLettersQueue",
    "MailDeadLettersNotEmpty": "MailsQueueDeadLettersQueue",
    "FailedLinesNotEmpty": "FailedLinesQueue",
    "ArchiveDeadLettersNotEmpty": "StreamsDeadLettersQueue",
    "ArchiveAuditsDeadLettersNotEmpty": "AuditsDeadLettersQueue",
    "ArchiveBackupFailuresNotEmpty": "BackupsFailuresQueue",
    "ReconciliationDeadLettersNotEmpty": "ReconciliationsDeadLettersQueue",
    "TellingChangesDeadLettersNotEmpty": "ChangesDeadLettersQueue",
    "TellingBalancesDeadLettersNotEmpty": "BalancesDeadLettersQueue",
    "TellingWebhooksDeadLettersNotEmpty": "WebhooksDeadLettersQueue",
    "EnginesUsageDeadLetters": "EngineUsageDeadLettersQueue",
    "EnginesAccessLogDeadLetters": "AccessLogsDeadLettersQueue",
    "EnginesCallsDeadLettersNotEmpty": "CallsDeadLettersQueue",
    "EnginesUnattributed": "EngineUsageUnattributed",
}.items():
    plays(name)(in_queue(queue, visible=1))

for name, (queue, seconds) in {
    "NoticesSubscriptionTooOld": ("SubscriptionQueue", 900),
    "NoticesEntitlementTooOld": ("EntitlementQueue", 900),
    "UsageQueueUsageTooOld": ("UsageQueue", 900),
    "UsageQueueWaitingTooOld": ("UsageQueueWaiting", 3600),
    "TellingChangesTooOld": ("ChangesQueue", 600),
    "TellingWebhooksTooOld": ("WebhooksQueue", 3600),
    "EnginesUsageTooOld": ("EngineUsageQueue", 900),
    "EnginesAccessLogTooOld": ("AccessLogsQueue", 3600),
}.items():
    plays(name)(in_queue(queue, age=seconds))


def stream_is_not_read(function: str, seconds: int) -> Play:
    def play(life: Life, begins: int) -> int:
        for minute in range(begins, begins + LASTS):
            life.iterator_age(function, minute, seconds * 1000)
        return begins

    return play


plays("FinalMeteringStreamTooOld")(stream_is_not_read("start-final-metering", 600))
plays("ArchiveStreamsTooOld")(stream_is_not_read("archive-changes", 7200))
plays("TellingBalancesTooOld")(stream_is_not_read("tell-events", 3600))


# --- the API ----------------------------------------------------------------------------------------------------------


def answered(**answer: str) -> Play:
    def play(life: Life, begins: int) -> int:
        for minute in range(begins - 60, begins):
            life.answered(minute, times=20)
        for minute in range(begins, begins + LASTS):
            life.answered(minute, times=5, **answer)
        return begins

    return play


plays("ApiFaults")(answered(status="502", error="INTEGRATION_FAILURE"))
plays("ApiUnavailable")(answered(status="503"))
plays("ApiThrottled")(answered(status="429", error="THROTTLED"))


@plays("ApiRegistrationFaults")
def two_buyers_cannot_register_beside_much_usage(life: Life, begins: int) -> int:
    for minute in range(begins - 60, begins + LASTS):
        life.answered(minute, times=200)
    for path in ("/register", "/registrations"):
        life.answered(begins, "500", "-", path)
    return begins


# --- delivery ---------------------------------------------------------------------------------------------------------


def undelivered(part: str) -> Play:
    def play(life: Life, begins: int) -> int:
        (first, *_) = [rule for rule in life.rules if part in rule]
        life.rule(first, "FailedInvocations", begins)
        return begins

    return play


plays("EventsLost1")(undelivered("SubscriptionQueue"))
plays("AccessLogEventsLost1")(undelivered("AccessLogs"))


def not_started(stack: str, metric: str, times: int) -> Play:
    def play(life: Life, begins: int) -> int:
        life.schedules(stack, metric, begins, times)
        return begins

    return play


for prefix, stack in {
    "Starts": "Metering",
    "EngineCalls": "Yawl",
    "Audits": "Archive",
    "Reconciliations": "Audit",
}.items():
    plays(f"{prefix}Lost")(not_started(stack, "InvocationsFailedToBeSentToDeadLetterCount", 1))
    plays(f"{prefix}Fails")(not_started(stack, "TargetErrorCount", 3))


def mail_lost(topic: str) -> Play:
    def play(life: Life, begins: int) -> int:
        life.mail_failed(topic, begins)
        return begins

    return play


plays("MailPageUndelivered")(mail_lost("RoutesPageMail"))
plays("MailTicketUndelivered")(mail_lost("RoutesTicketMail"))


# --- the store --------------------------------------------------------------------------------------------------------

TABLES = {
    "Subscribers": "yawl-subscribers",
    "UsageEvents": "yawl-usage-events",
    "MeteringRecords": "yawl-metering-records",
    "MeteringState": "yawl-metering-state",
    "Notices": "yawl-notices",
    "Engines": "yawl-engines",
}


def table_fails(table: str) -> Play:
    """Its 5xx alone call nobody: a function that fails with it is the second witness."""

    def play(life: Life, begins: int) -> int:
        for minute in range(begins, begins + LASTS):
            life.table(table, "SystemErrors", minute, 10, "Query")
            life.invoked("seal-hours", minute, errors=1)
        return begins

    return play


def table_throttles(table: str) -> Play:
    def play(life: Life, begins: int) -> int:
        for minute in range(begins, begins + LASTS):
            life.table(table, "ThrottledRequests", minute, 30)
        return begins

    return play


for part, table in TABLES.items():
    plays(f"StoreFaults{part}")(table_fails(table))
    plays(f"StoreThrottled{part}")(table_throttles(table))


@plays("StoreCanary")
def store_does_not_answer(life: Life, begins: int) -> int:
    """DynamoDB counts nothing; the function that reads it by the clock fails, and so does another."""
    for minute in range(begins, begins + LASTS):
        life.invoked("look-after-leavers", minute, errors=1)
        life.invoked("seal-hours", minute, errors=1)
    return begins


# --- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alarm", PLAYS)
def test_people_are_called(alarm: str, priced: Assembly) -> None:
    life = Life(priced)
    prove(life, alarm, shows=PLAYS[alarm](life, BEGINS))


@pytest.mark.parametrize("took", [1, 5, 9])
def test_a_missed_run_pages_within_75_minutes_of_its_hour(took: int, priced: Assembly, ordinary: Ordinary) -> None:
    """The fault shows when the run should have begun: ten minutes after its hour. took: minutes of the run before."""
    life, missed = Life(priced), 10
    ordinary.live(life, range(14 * 60), runs=lambda hour: hour < missed, took=took)
    called = life.judged(range(60, 14 * 60)).of("MeteringStopped")[0]
    assert missed * 60 + 10 < called <= missed * 60 + 75
    if took == 9:
        prove(life, "MeteringRunDidNotHappen", shows=missed * 60 + 10, begins=60, limit=65)


@pytest.mark.parametrize("alarm", ["FinalMeteringNoLook", "EnginesNoLook"])
def test_a_look_that_does_not_happen_pages_ten_minutes_after_a_quarter_of_an_hour(
    alarm: str, priced: Assembly, ordinary: Ordinary
) -> None:
    """The fault shows when three looks in a row are missing."""
    life, last = Life(priced), 300
    ordinary.live(life, range(last + 1))
    prove(life, alarm, shows=last + 15, begins=60)


PLAYED = {*PLAYS, "MeteringRunDidNotHappen", "FinalMeteringNoLook", "EnginesNoLook"}
