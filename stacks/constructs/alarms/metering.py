"""Worries about money: a run did not come to its end, hours grow old, lines ended other than billed."""

from decimal import Decimal

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.alarms.hours import add_hour_alarms
from stacks.constructs.alarms.lines import add_line_alarms
from stacks.constructs.alarms.room_alarms import RoomAlarms
from stacks.constructs.alarms.runs import add_run_alarms
from stacks.constructs.alarms.symptoms import Symptoms


class MeteringAlarms(Construct):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        workflow: sfn.IStateMachine,
        room: RoomAlarms,
        symptoms: Symptoms,
        ticket_at_hours: int,
        page_at_hours: int,
        page_at_money: Decimal | None,
        currency: str,
    ) -> None:
        """room: where the workflow's functions emit. *_at_hours: age of the oldest pending hour.

        page_at_money: usage at risk, at list prices in that currency, that wakes somebody; None: no such alarm.
        """
        super().__init__(scope, id_)
        add_run_alarms(self, room, workflow, symptoms)
        add_hour_alarms(
            self,
            room,
            ticket_at_hours=ticket_at_hours,
            page_at_hours=page_at_hours,
            page_at_money=page_at_money,
            currency=currency,
        )
        add_line_alarms(self, room)
