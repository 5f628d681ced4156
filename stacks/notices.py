"""Passes EventBridge events of AWS Marketplace on from us-east-1, where they arise, to a stage of another Region.

SNS needs nothing here: a queue in any Region can subscribe to Marketplace's topics.
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Arn, ArnComponents, Aws, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from runtime.metric_names import NAMESPACE
from stacks.constructs.alarms.bound import Alarms
from stacks.constructs.alarms.delivery import add_mail_alarms, add_rule_alarms
from stacks.constructs.alarms.queues import NOTICES_ABROAD, add_queue_alarm
from stacks.constructs.alarms.routes import AlarmRoutes
from stacks.constructs.queues.dead_letters import DeadLetters
from stacks.marketplace_events import DETAIL_TYPES, SOURCE
from stacks.stage import AlarmSettings


class NoticesStack(Stack):
    """Passes Marketplace's events on, with alarms for what it cannot pass on."""

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
        """The stack passes events of the pattern ``detail`` on; None passes all on.

        stage_account: the owner of the default bus in ``stage_region``. Another account has to let this one in.
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
                    # EventBridge must not use the role for a rule of another account.
                    assumed_by=iam.ServicePrincipal(
                        "events.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
                    ),
                ),
                dead_letter_queue=self.dead_letters,
            )
        )
        routes = AlarmRoutes(self, "Routes", page=alarms.page, ticket=alarms.ticket)
        bound = Alarms(scope=self, routes=routes, namespace=NAMESPACE)
        add_queue_alarm(bound, "DeadLettersAlarm", self.dead_letters, NOTICES_ABROAD)
        add_rule_alarms(bound.below("EventsAlarm"), [rule])
        add_mail_alarms(bound.below("Mail"))
