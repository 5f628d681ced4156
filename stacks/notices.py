"""Only where the stage lives elsewhere: EventBridge events of AWS Marketplace arise in us-east-1 and are passed on.

SNS needs nothing here: a queue in any Region can be subscribed to Marketplace's topics.
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Arn, ArnComponents, Aws, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.alarms.dead_letters import NOTICES_ABROAD
from stacks.constructs.alarms.delivery import MailAlarms, RuleAlarm
from stacks.constructs.alarms.queues import DeadLetterAlarm
from stacks.constructs.alarms.routes import AlarmRoutes, Severity
from stacks.constructs.dead_letters import DeadLetters
from stacks.marketplace_events import DETAIL_TYPES, SOURCE
from stacks.stage import AlarmSettings


class NoticesStack(Stack):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage_region: str,
        detail: Mapping[str, Any] | None,
        alarms: AlarmSettings,
        stage_account: str = Aws.ACCOUNT_ID,
        **kwargs: Any,
    ) -> None:
        """detail: the pattern of the events to pass on, None for all.

        stage_account: whose default bus in ``stage_region`` is told; another one has to let this account in.
        """
        super().__init__(scope, id_, **kwargs)
        bus = Arn.format(
            ArnComponents(
                partition=Aws.PARTITION,
                service="events",
                region=stage_region,
                account=stage_account,
                resource="event-bus",
                resource_name="default",
            )
        )
        self.dead_letters = DeadLetters(self, "DeadLetters").queue
        rule = events.Rule(
            self,
            "Events",
            description=f"licences and agreements of AWS Marketplace buyers, to {stage_region}",
            event_pattern=events.EventPattern(source=[SOURCE], detail_type=list(DETAIL_TYPES), detail=detail),
        )
        rule.add_target(
            targets.EventBus(
                events.EventBus.from_event_bus_arn(self, "StageBus", bus),
                role=iam.Role(
                    self,
                    "PassOn",
                    # of this account only: EventBridge must not take the role for a rule of somebody else's
                    assumed_by=iam.ServicePrincipal(
                        "events.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
                    ),
                ),
                dead_letter_queue=self.dead_letters,
            )
        )
        routes = AlarmRoutes(self, "Routes", page=alarms.page, ticket=alarms.ticket)
        DeadLetterAlarm(
            self,
            "DeadLettersAlarm",
            queue=self.dead_letters,
            means=NOTICES_ABROAD,
            routes=routes,
            severity=Severity.PAGE,
        )
        RuleAlarm(self, "EventsAlarm", rules=[rule], routes=routes)
        MailAlarms(self, "Mail", routes=routes)
