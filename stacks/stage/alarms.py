"""Who is told of what, as a stage file says it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from stacks.stage.section import TOPIC_ARN, Section


@dataclass(frozen=True, kw_only=True)
class AlarmSettings:
    """Who is told, by severity: e-mail addresses and SNS topic ARNs; and how old the oldest pending hour may get.

    AWS accepts an hour for 24 h (BatchMeterUsage), so the pager must go long before that. page_at_money: usage at risk,
    at list prices, from which somebody is woken whatever its age.
    """

    page: tuple[str, ...]
    ticket: tuple[str, ...]
    ticket_at_hours: int
    page_at_hours: int
    page_at_money: Decimal | None = None


def read_alarms(section: Section, regions: Iterable[str]) -> AlarmSettings:
    """regions: those in which alarms are made. Raises StageError."""
    alarms = AlarmSettings(
        page=section.routes("page"),
        ticket=section.routes("ticket"),
        ticket_at_hours=section.number("oldestPendingHourTicketHours", 2, 22),
        page_at_hours=section.number("oldestPendingHourPageHours", 2, 22),
        page_at_money=section.amount("atRiskMoneyPage", remedy="set it to an amount, for example 500, or leave it out"),
    )
    for key, routes in (("page", alarms.page), ("ticket", alarms.ticket)):
        # an alarm reaches topics of its own Region only; e-mail goes through a topic made beside it
        topics = [arn["region"] for arn in map(TOPIC_ARN.fullmatch, routes) if arn]
        for region in regions:
            if routes and len(topics) == len(routes) and region not in topics:
                raise section.fault(
                    key, f"reaches nobody in {region}", "add a topic of that Region or an e-mail address"
                )
    section.close()
    return alarms
