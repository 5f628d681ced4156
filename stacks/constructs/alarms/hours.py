"""Worries about time: hours grow old, a deadline comes near, usage is at risk.

All are levels that every run reads from the indexes, so that no crash hides them.
"""

from decimal import Decimal

from aws_cdk import Duration
from constructs import Construct

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.alarm import HOUR, Meaning
from stacks.constructs.alarms.room_alarms import RoomAlarms
from stacks.constructs.alarms.routes import Severity

#: an hourly run that sees less than this leaves somebody two hours at least. At the month's end, where AWS Marketplace
#: takes usage until 06:00 UTC on the 1st, that is from 03:00 on, long before the oldest hour's age says anything
LAST_HOURS = Duration.hours(3)
LOOK = "Look at the log of report and of seal-hours: the line 'hour waits' names the reason."

DEADLINE = Meaning(
    happened=f"An hour that is not billed has less than {int(LAST_HOURS.to_hours())} hours left until AWS Marketplace"
    " no longer takes it.",
    money="What is not billed by then is lost, by name.",
    look="Act now: look at the error of the latest run, then at the line 'hour waits' of seal-hours; mend it and start"
    " a run with {}.",
)
AT_RISK = Meaning(
    happened="Usage is unbilled with more than half of its time gone.",
    money="AWS Marketplace takes it until its deadline; after that it is lost.",
    look=f"Look at atRisk in the output of the latest run for the units by dimension. {LOOK}",
)
WAITING = Meaning(
    happened="Hours cannot be sealed, because the buyer's identity or entitlements are missing.",
    money="They are not billed until they are sealed, and end as expired at their deadline.",
    look="Look at GET /subscribers/{id} of the buyers that the line 'hour waits' of seal-hours names: is he registered,"
    " were his entitlements fetched.",
)


def add_hour_alarms(
    scope: Construct,
    room: RoomAlarms,
    *,
    ticket_at_hours: int,
    page_at_hours: int,
    page_at_money: Decimal | None,
    currency: str,
) -> None:
    """*_at_hours: age of the oldest pending hour. page_at_money: usage at risk, at list prices; None: no alarm."""
    for severity, hours in ((Severity.TICKET, ticket_at_hours), (Severity.PAGE, page_at_hours)):
        oldest = Meaning(
            happened=f"The oldest unbilled hour is {hours} hours old or more.",
            money="AWS Marketplace takes an hour for 24 hours; after that its usage is lost.",
            look=LOOK,
        )
        room.level(
            scope,
            MeteringMetric.OLDEST_PENDING_HOUR_AGE,
            oldest,
            severity,
            at_least=hours * 3600,
            id_=f"OldestPendingHour{severity}",
        )
    room.level(
        scope,
        MeteringMetric.NEAREST_DEADLINE,
        DEADLINE,
        Severity.PAGE,
        at_least=LAST_HOURS.to_seconds(),
        below=True,
    )
    room.level(scope, MeteringMetric.AT_RISK_LINES, AT_RISK, Severity.TICKET)
    if page_at_money is not None:
        worth = Meaning(
            happened=f"Usage worth {page_at_money} {currency} or more is unbilled with more than half of its time"
            " gone.",
            money=AT_RISK.money,
            look=AT_RISK.look,
        )
        room.level(scope, MeteringMetric.AT_RISK_MONEY, worth, Severity.PAGE, at_least=float(page_at_money))
    # the sealer counts them in every run that has hours to seal, and nobody counts nought where there are none: so they
    # are counts of the last hour, and not a level that would stay up on an idle stage
    room.count(scope, MeteringMetric.HOURS_WAITING, WAITING, Severity.TICKET, period=HOUR)
