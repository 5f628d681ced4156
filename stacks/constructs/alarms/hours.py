"""Alarms of time: hours grow old, a deadline comes near, usage is at risk.

Every run reads these levels from the indexes, so that no crash hides them.
"""

from decimal import Decimal

from aws_cdk import Duration

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.bound import HOUR, Alarms
from stacks.constructs.alarms.message import Page, Ticket

#: An hourly run that sees less time than this leaves people two hours at least. At the month's end, when AWS
#: Marketplace takes usage until 06:00 UTC on the 1st, it calls from 02:50 on, before the oldest hour's age does.
LAST_HOURS = Duration.hours(3)
WAITS = "for the line 'hour waits', which names the reason."
AT_RISK = {
    "money": "AWS Marketplace takes this usage until its deadline. After that it is lost.",
    "look": "Look at atRisk in the output of the latest execution of the state machine HourlyMetering for the units by"
    f" dimension, then in the log group of seal-hours {WAITS}",
}


def add_hour_alarms(
    alarms: Alarms, *, ticket_at_hours: int, page_at_hours: int, page_at_money: Decimal | None, currency: str
) -> None:
    """Call when hours wait too long, or too much usage is at risk.

    ticket_at_hours, page_at_hours: age of the oldest pending hour. page_at_money: usage at risk, at list prices in
    ``currency``; None makes no alarm of it.
    """
    for message, hours in ((Ticket, ticket_at_hours), (Page, page_at_hours)):
        alarms.level(
            MeteringMetric.OLDEST_PENDING_HOUR_AGE,
            message(
                happened=f"The oldest pending hour is {hours} hours old or more.",
                money="AWS Marketplace takes an hour for 24 hours. After that its usage is lost.",
                look=f"Look in the log groups of report and seal-hours {WAITS}",
            ),
            at_least=hours * 3600,
            id_=f"OldestPendingHour{message.severity}",
        )
    alarms.level(
        MeteringMetric.NEAREST_DEADLINE,
        Page(
            happened=f"AWS Marketplace will refuse a pending hour in less than {int(LAST_HOURS.to_hours())} hours.",
            money="Usage that is not billed by then is lost.",
            look="Act now: look at the error of the latest execution of the state machine HourlyMetering, then in the"
            " log group of seal-hours for the line 'hour waits'. Correct the cause and start an execution with the"
            " input {}.",
        ),
        at_least=LAST_HOURS.to_seconds(),
        below=True,
    )
    alarms.level(
        MeteringMetric.AT_RISK_LINES,
        Ticket(happened="Usage is still unbilled after more than half of its time.", **AT_RISK),
    )
    if page_at_money is not None:
        alarms.level(
            MeteringMetric.AT_RISK_MONEY,
            Page(
                happened=f"Usage worth {page_at_money} {currency} or more is still unbilled after more than half of"
                " its time.",
                **AT_RISK,
            ),
            at_least=float(page_at_money),
        )
    alarms.level(
        MeteringMetric.PAUSED_FOR,
        Ticket(
            happened="An operator paused the sending of lines more than an hour ago, for customers or for the whole"
            " stage.",
            money="Paused hours are not billed, and AWS Marketplace refuses each of them after its deadline, within 24"
            " hours.",
            look="Look at bin/ops pauses: for whom, since when and why. End what is no longer needed with bin/ops"
            " resume.",
        ),
        at_least=Duration.hours(1).to_seconds(),
        id_="Paused",
    )
    # seal-hours counts these only in runs that have hours to seal, so a level would stay up on an idle stage.
    alarms.count(
        MeteringMetric.HOURS_WAITING,
        HOUR,
        Ticket(
            happened="The function seal-hours cannot seal an hour, because the buyer's identity or entitlements are"
            " missing.",
            money="The hour is not billed until it is sealed, and expires at its deadline.",
            look="Look in the log group of seal-hours for the line 'hour waits', then at GET /subscribers/{id} of the"
            " buyer that it names: has it finished its registration, and does it have entitlements.",
        ),
    )
