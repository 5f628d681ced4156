"""Only where the stage lives elsewhere: EventBridge events of AWS Marketplace arise in us-east-1 and are passed on.

SNS needs nothing here: a queue in any Region can be subscribed to Marketplace's topics.
"""

from typing import Any

from aws_cdk import Arn, ArnComponents, Aws, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.constructs.alarms.queues import DeadLetterAlarm
from stacks.constructs.alarms.routes import AlarmRoutes, Severity
from stacks.constructs.dead_letters import DeadLetters
from stacks.marketplace_events import DETAIL_TYPES, SOURCE
from stacks.stage.alarms import AlarmSettings


class NoticesStack(Stack):
    def __init__(self, scope: Construct, id_: str, *, stage_region: str, alarms: AlarmSettings, **kwargs: Any) -> None:
        super().__init__(scope, id_, **kwargs)
        bus = Arn.format(
            ArnComponents(
                partition=Aws.PARTITION,
                service="events",
                region=stage_region,
                account=Aws.ACCOUNT_ID,
                resource="event-bus",
                resource_name="default",
            )
        )
        self.dead_letters = DeadLetters(self, "DeadLetters").queue
        rule = events.Rule(
            self,
            "Events",
            description=f"licences and agreements of AWS Marketplace buyers, to {stage_region}",
            event_pattern=events.EventPattern(source=[SOURCE], detail_type=list(DETAIL_TYPES)),
        )
        rule.add_target(
            targets.EventBus(
                events.EventBus.from_event_bus_arn(self, "StageBus", bus), dead_letter_queue=self.dead_letters
            )
        )
        DeadLetterAlarm(
            self,
            "DeadLettersAlarm",
            queue=self.dead_letters,
            what="EventBridge notices of AWS Marketplace",
            routes=AlarmRoutes(self, "Routes", page=alarms.page, ticket=alarms.ticket),
            severity=Severity.PAGE,
        )
