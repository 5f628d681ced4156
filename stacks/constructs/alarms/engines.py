"""Alarms of the YAWL engines: silence, differences, faults, and usage that did not arrive or has no customer."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from runtime.metric_names import YawlMetric
from stacks.constructs.alarms.bound import FIVE_MINUTES, HOUR, MISSING, Alarms, sums_of
from stacks.constructs.alarms.message import Page, Ticket
from stacks.constructs.alarms.queues import add_queue_alarm, dead_letters, too_old, visible
from stacks.constructs.queues.engine_usage import EngineUsage
from stacks.constructs.queues.notice_queue import NoticeQueue
from stacks.constructs.workflows.regular_calls import RegularCalls

#: Usage recorded later than ten past the hour is billed in a later hour.
USAGE_WAITS = Duration.minutes(15)
#: Load balancers write every five minutes, and calls are billed by their own time.
LOGS_WAIT = Duration.hours(1)
#: A reading sends what it found within minutes; the next one sends what is left.
UNSENT = Duration.hours(1)
#: Failed readings in an hour while none of the engines is silent, or not yet.
OFTEN = 12
#: Starts of an hour that were not announced: more than an engine loses in a restart.
UNHEARD = 20
#: Refused announcements in an hour: more than a person who tries an address.
FORGED = 20
#: Readings in an hour that found a wrong clock; a slow answer may look like one.
WRONG_CLOCKS = 3
#: As for look-after-leavers, whose values are missing before the first deployment, too.
FIRST_LOOK = Duration.minutes(10)
USAGE, LOGS = "Messages of engines' usage", "Access logs of load balancers"


def add_engine_alarms(
    alarms: Alarms,
    *,
    usage: EngineUsage,
    access_logs: NoticeQueue | None,
    calls: RegularCalls,
    page_at_hours: int,
) -> list[cloudwatch.Alarm]:
    """Returns silent alarms of what waits for too long.

    page_at_hours: age of an engine's last good reading that pages, as for the oldest pending hour.
    """
    _silence(alarms, page_at_hours)
    _faults(alarms)
    _announcements(alarms)
    # The function hides a message for a while whenever it has looked at it, so both numbers count.
    in_flight = usage.unattributed.metric_approximate_number_of_messages_not_visible(
        period=FIVE_MINUTES, statistic="Maximum"
    )
    (waiting,) = sums_of([visible(usage.unattributed), in_flight])
    alarms.add(
        "Unattributed",
        waiting,
        Ticket(
            happened="An engine that several customers share has usage for which the stage file names no customer.",
            money="It is not billed until it has one, and after 30 days it is refused as too old.",
            look="Look at launchedBy, specification and why in the queue EngineUsageUnattributed. Name the customer in"
            " attribution.customers and deploy: look-after-engines attributes what waits.",
        ),
    )
    add_queue_alarm(
        alarms,
        "CallsDeadLetters",
        calls.dead_letters,
        Ticket(
            happened="EventBridge Scheduler could not invoke reconcile-engine or look-after-engines, and put the call"
            " into a dead-letter queue.",
            money="Nothing is lost if the next call works: it reads what this one did not.",
            look="Look at the message in the dead-letter queue of Calls for the error, and at the schedules' roles.",
        ),
    )
    dead = [dead_letters(alarms, "UsageDeadLetters", usage.dead_letters, USAGE)]
    late = [too_old(alarms, "UsageTooOld", usage.queue, USAGE, USAGE_WAITS)]
    if access_logs:
        dead.append(dead_letters(alarms, "AccessLogDeadLetters", access_logs.dead_letters, LOGS))
        late.append(too_old(alarms, "AccessLogTooOld", access_logs.queue, LOGS, LOGS_WAIT))
        alarms.count(
            YawlMetric.ACCESS_LOGS_REFUSED,
            HOUR,
            Ticket(
                happened="An access log of a load balancer cannot be read, or holds lines of another form, or calls by"
                " a host that no engine lists.",
                money="These calls and their bytes are not billed.",
                look="Look in the log group of read-access-log for the object's key, and for the reason or the numbers"
                " 'unreadable' and 'unmatched'. A missing host belongs into accessLogs.hosts.",
            ),
        )
    alarms.group(
        "Dead",
        dead,
        Page(
            happened="A message of engines' usage, or the notice of an access log, failed in every try, and SQS put it"
            " into a dead-letter queue.",
            money="Its usage is not recorded and will not be billed. SQS keeps the message for 14 days.",
            look="Look in the log groups of usage-queue and read-access-log. Repair what fails, then redrive the"
            " dead-letter queues of EngineUsage and AccessLogs.",
        ),
    )
    return late


def _silence(alarms: Alarms, page_at_hours: int) -> None:
    alarms.level(
        YawlMetric.ENGINES_WITHOUT_POLL,
        Ticket(
            happened="The log of a YAWL engine has not been read for longer than its silenceMinutes.",
            money="Nothing is lost yet: the next reading finds what was started, and late usage is billed in a later"
            " hour.",
            look="Look in the log group of reconcile-engine for the engine and its fault: it is down, its address or"
            " the client account's password is wrong, or the function's network does not reach it.",
        ),
        id_="WithoutPoll",
    )
    alarms.level(
        YawlMetric.OLDEST_GOOD_POLL_AGE,
        Page(
            happened=f"The log of a YAWL engine has not been read for {page_at_hours} hours.",
            money="What it started since then waits. AWS Marketplace takes a cancelled buyer's last hours for one hour"
            " only, and on the 1st the month before until 06:00 UTC; usage that is found later is lost or late.",
            look="Look in the log group of reconcile-engine for the engine and its fault. If the engine is to stay"
            " away, take it out of the stage file and deploy.",
        ),
        id_="OldestGoodPoll",
        at_least=page_at_hours * 3600,
    )
    alarms.level(
        YawlMetric.ENGINES_WITHOUT_ANNOUNCEMENT,
        Ticket(
            happened="A YAWL engine in mode push-only has announced nothing for longer than its silenceMinutes.",
            money="Nobody reads its log, so what it started meanwhile is not billed, now or later.",
            look="Look whether the engine runs and still lists our address among its services (getYAWLServices). If"
            " such a pause is usual, raise silenceMinutes.",
        ),
        id_="WithoutAnnouncement",
    )
    silence = alarms.silent(
        "NoLook",
        alarms.metric(YawlMetric.ENGINES_WITHOUT_POLL, "SampleCount", FIVE_MINUTES),
        "The function look-after-engines has not reported for a quarter of an hour.",
        below=True,
        missing=MISSING.BREACHING,
    )
    alarms.group(
        "Unwatched",
        [silence],
        Ticket(
            happened="The function look-after-engines has not reported for 25 minutes: it does not run, or does not"
            " finish.",
            money="Engines are still read, but a silent one goes unnoticed, and usage without a customer is not"
            " attributed.",
            look="Look in the log group of look-after-engines, and at its schedule and the dead-letter queue of Calls.",
        ),
        wait=FIRST_LOOK,
    )


def _faults(alarms: Alarms) -> None:
    alarms.level(
        YawlMetric.ENGINE_FAULTS,
        Ticket(
            happened="A YAWL engine has another database: a case that we know is gone from its log, or in mode"
            " push-only its case numbers have begun again.",
            money="Its log is no longer read, and nothing more of it is billed until you act: under the same epoch new"
            " cases would pass for old ones. In mode push-only they do, and are not billed.",
            look="Look whether the database was made anew, and only then raise the engine's epoch in the stage file. If"
            " it was not, or an older copy of it was restored, see docs/yawl.md, Another database: under another epoch"
            " its cases are billed again.",
        ),
        id_="Faults",
    )
    alarms.count(
        YawlMetric.AUDIT_DIFFERENCES,
        HOUR,
        Ticket(
            happened="For a specification and a day, a YAWL engine's own statistics and our count of started cases"
            " differ.",
            money="Cases may be unbilled, or billed that the engine no longer knows.",
            look="Look in the log group of reconcile-engine for the line 'audit difference', which has both numbers.",
        ),
    )
    alarms.count(
        YawlMetric.CASES_WITHOUT_ROW,
        HOUR,
        Ticket(
            happened="A YAWL engine lists a case that has had no row of its start in the log for an hour.",
            money="Such a case is not billed, since nobody knows when it started.",
            look="Look in the log group of reconcile-engine for the line 'cases without row', which has the engine. The"
            " cases stand under 'waiting' in its item 'poll' of the table yawl-engines; look for the account that"
            " launched them, and at the engine's own log.",
        ),
    )
    alarms.count(
        YawlMetric.ENGINE_CLOCK_OFF,
        HOUR,
        Ticket(
            happened="The clock of a YAWL engine is more than two minutes away from ours.",
            money="Its cases are billed by its own time, which may be another hour.",
            look="Look in the log group of reconcile-engine for the line 'engine clock off', which has the engine and"
            " the difference. Set its clock by a time server.",
        ),
        id_="ClockOff",
        at_least=WRONG_CLOCKS,
    )
    alarms.count(
        YawlMetric.POLLS_FAILED,
        HOUR,
        Ticket(
            happened=f"Readings of YAWL engines' logs failed {OFTEN} times or more in an hour.",
            money="Nothing is lost: each reading finds what the ones before did not. An engine that stays unread has"
            " an alarm of its own.",
            look="Look in the log group of reconcile-engine for the engines and their faults.",
        ),
        at_least=OFTEN,
    )
    alarms.level(
        YawlMetric.OLDEST_UNSENT_AGE,
        Ticket(
            happened="Usage that was found in a YAWL engine's log has waited for an hour to be sent to its queue.",
            money="Nothing is lost: it is stored with its ids. Until it is sent it is not billed.",
            look="Look in the log group of reconcile-engine for what fails, and at the rights and the policy of the"
            " queue EngineUsage.",
        ),
        id_="OldestUnsent",
        at_least=UNSENT.to_seconds(),
    )


def _announcements(alarms: Alarms) -> None:
    alarms.count(
        YawlMetric.STARTS_NOT_ANNOUNCED,
        HOUR,
        Ticket(
            happened=f"YAWL engines in mode log started {UNHEARD} cases or more in an hour that they did not announce.",
            money="Nothing is lost: they are billed by the engine's log.",
            look="Look whether the engine still lists our address among its services (getYAWLServices), and whether its"
            " machine reaches it: make engine-register tries both. To do without announcements set mode = log-only.",
        ),
        id_="NotAnnounced",
        at_least=UNHEARD,
    )
    alarms.count(
        YawlMetric.ANNOUNCEMENTS_REFUSED,
        HOUR,
        Ticket(
            happened=f"Announcements came for an unknown engine or with a wrong secret, {FORGED} or more in an hour.",
            money="Nothing of them counts. An engine that announces with an old secret is billed by its log alone; in"
            " mode push-only it is not billed.",
            look="Look in the log group that ends in /api-access at the sourceIp of /yawl/v1/{engineId}/{secret}. If it"
            " is an engine of yours, register its address anew; else refuse the sender in your firewall.",
        ),
        at_least=FORGED,
    )
