"""The roles of the people who operate a stage: operator-read sees, operator-repair changes what ``ops`` changes.

Neither may delete a table's items (but for the mark of a pause), scan a table, or change what the audit trail holds
(but for closing a finding).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

from aws_cdk import Aws, CfnOutput, CrossStackReferences, Duration, Fn, ReferenceStrength, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ledger import tables
from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.functions.access import Access, allowed
from stacks.data import DataStack
from stacks.doors import DoorsStack
from stacks.events import EventsStack
from stacks.metering import MeteringStack
from stacks.stage import Operators, Stage
from stacks.yawl import YawlStack

#: Longer than a repair, and short enough that a role that was taken away ends within a working day.
SESSION = Duration.hours(4)

#: The stacks whose outputs the commands look up.
#: A queue's name has 80 characters, of which CloudFormation leaves some 30 to the stack's.
LONGEST_PREFIX = 30
LOOKED_UP = ("Doors", "Events", "Metering", "Yawl", "Audit", "Archive")

#: What ``ops adjust`` asks AWS Marketplace's Agreement API.
ADJUSTMENTS = ("ListAgreementInvoiceLineItems", "BatchCreateBillingAdjustmentRequest")

ANY_RESOURCE_REASON = (
    "DescribeAlarms returns composite alarms only to a caller who may see all alarms (CloudWatch API reference), and"
    " agreement actions know no resources (Service Authorization Reference, AWS Marketplace)"
)
NAMES_REASON = "the rest of the name is made by a deployment, by the start of an execution or with a log stream"


class OperatorsStack(Stack):
    """The two roles. It stands alone, so that a stage gives rights to people without touching what meters."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        who: Operators,
        stage: Stage,
        data: DataStack,
        doors: DoorsStack,
        metering: MeteringStack,
        yawl: YawlStack | None,
        events: EventsStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        # The longest ARN here is a queue's: 38 characters and a name of at most 80. By its own estimate of 150, CDK
        # would make managed policies, which a company's CloudFormation role may not make.
        self.node.set_context("@aws-cdk/aws-iam.arnSizeEstimate", 120)
        self._events = events
        # Roles of people must not keep what they look at from being renamed or removed.
        CrossStackReferences.of(self).consume(ReferenceStrength.WEAK)
        self.add_stack_dependency(metering)
        self._stage, self._data, self._doors, self._metering, self._yawl = stage, data, doors, metering, yawl
        self.read = self._role("OperatorRead", (*who.read, *who.repair), "sees what a stage did, by ops")
        self._allow_reading(self.read)
        if who.repair:
            self.repair = self._role("OperatorRepair", who.repair, "repairs a stage, by ops")
            self._allow_reading(self.repair)
            self._allow_repairs(self.repair)

    def _role(self, id_: str, principals: Iterable[str], description: str) -> iam.Role:
        taken_by = iam.CompositePrincipal(*(iam.ArnPrincipal(arn) for arn in dict.fromkeys(principals)))
        role = iam.Role(self, id_, assumed_by=taken_by, description=description, max_session_duration=SESSION)
        CfnOutput(self, f"{id_}RoleArn", value=role.role_arn)
        return role

    # --- what reading commands ask ------------------------------------------------------------------------------------

    def _allow_reading(self, role: iam.Role) -> None:
        data, metering = self._data, self._metering
        _grant(
            role,
            gets=(data.metering_records, data.usage_events, data.state),
            batch_gets=(data.metering_records,),
            queries=(
                data.metering_records,
                data.state,
                data.audit,
                data.audit.index(tables.OPEN_FINDINGS_INDEX),
                data.subscribers.index(tables.STATUS_INDEX),
                data.metering_records.index(tables.PENDING_INDEX),
                data.metering_records.index(tables.FAILED_INDEX),
            ),
        )
        # DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control": with Select in the
        # condition a request has to name its attributes, and each of them has to be in the list.
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["dynamodb:GetItem"],
                resources=[data.subscribers.arn],
                conditions={
                    "ForAllValues:StringEquals": {"dynamodb:Attributes": list(tables.SUBSCRIBER_FACTS)},
                    "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
                },
            )
        )
        # By the beginning of their names, which is the stack's: a role's inline policies have 10,240 characters, and
        # all ARNs of queues would be a third of them. CloudFormation shortens long names, so the beginning is short,
        # too.
        queues = f"YawlMetering-{self._stage.name}-"[:LONGEST_PREFIX]
        self._allow_names(role, "sqs:GetQueueAttributes", "sqs", _as_they_are(f"{queues}*"))
        _allow(role, ["states:ListExecutions"], [metering.hourly.machine.state_machine_arn])
        # By the output that has the name: the finding is acknowledged by its text.
        name = Fn.get_stack_output(metering.stack_name, "StateMachineName", region=metering.region)
        text = {"StackName": metering.stack_name, "Region": metering.region, "OutputName": "StateMachineName"}
        said = json.dumps({"Fn::GetStackOutput": text}, separators=(",", ":"))
        self._allow_names(role, "states:DescribeExecution", "states", {f"execution:{name}:*": f"execution:{said}:*"})
        log_group = f"/yawl-metering/{self._stage.name}/submit-batch"
        # The group, and its streams.
        _allow(role, ["logs:FilterLogEvents"], [self._named("logs", f"log-group:{log_group}")])
        self._allow_names(role, "logs:FilterLogEvents", "logs", _as_they_are(f"log-group:{log_group}:*"))
        stacks = [f"stack/YawlMetering-{self._stage.name}-{name}/*" for name in LOOKED_UP]
        self._allow_names(role, "cloudformation:DescribeStacks", "cloudformation", _as_they_are(*stacks))
        _allow(role, ["cloudwatch:DescribeAlarms"], ["*"])
        acknowledge(role, {"AwsSolutions-IAM5[Resource::*]": ANY_RESOURCE_REASON})

    def _allow_names(self, role: iam.Role, action: str, service: str, names: Mapping[str, str]) -> None:
        """Allow an action on resources of this account and Region whose names end in what only AWS knows.

        names: each as the policy has it, and as the finding about it writes it.
        """
        _allow(role, [action], [self._named(service, name) for name in names])
        region, account = (
            f"<AWS::{name}>" if Token.is_unresolved(value) else value
            for name, value in (("Region", self.region), ("AccountId", self.account))
        )
        for said in names.values():
            arn = f"arn:<AWS::Partition>:{service}:{region}:{account}:{said}"
            acknowledge(role, {f"AwsSolutions-IAM5[Resource::{arn}]": NAMES_REASON})

    def _named(self, service: str, name: str) -> str:
        return f"arn:{Aws.PARTITION}:{service}:{self.region}:{self.account}:{name}"

    # --- what repairs change ------------------------------------------------------------------------------------------

    def _allow_repairs(self, role: iam.Role) -> None:
        data = self._data
        _grant(
            role,
            batch_gets=(data.usage_events,),
            checks=(data.subscribers,),
            updates=(data.metering_records, data.state, data.usage_events),
            # Entries are added, and none is ever changed.
            puts=(data.audit,),
        )
        # A finding is closed by these attributes, which no entry of what a person did has.
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["dynamodb:UpdateItem"],
                resources=[data.audit.arn],
                conditions={"ForAllValues:StringEquals": {"dynamodb:Attributes": list(tables.CLOSES_FINDING)}},
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["dynamodb:DeleteItem"],
                resources=[data.state.arn],
                conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [tables.PAUSED]}},
            )
        )
        _allow(role, ["sqs:ReceiveMessage", "sqs:DeleteMessage"], [taken.queue_arn for taken, _ in self._redriven()])
        # Usage that cannot be sent again is shown at once to whoever comes next.
        usage = self._doors.usage_queue
        left = (usage.dead_letters, usage.waiting_dead_letters, usage.refused)
        _allow(role, ["sqs:ChangeMessageVisibility"], [queue.queue_arn for queue in left])
        _allow(role, ["sqs:SendMessage"], list(dict.fromkeys(to.queue_arn for _, to in self._redriven())))
        # The requests of ``ops adjust``; agreement actions know no resources (Service Authorization Reference).
        _allow(role, [f"aws-marketplace:{call}" for call in ADJUSTMENTS], ["*"])

    def _redriven(self) -> Iterable[tuple[sqs.IQueue, sqs.IQueue]]:
        """The queues from which ``ops redrive`` takes messages, each with the one to which it sends them."""
        doors, yawl = self._doors, self._yawl
        usage = doors.usage_queue
        # Usage goes to the waiting queue, whose messages name the sender of their events.
        for source in (usage.dead_letters, usage.waiting_dead_letters, usage.refused):
            yield source, usage.waiting
        for notices in (doors.subscription_queue, doors.entitlement_queue):
            yield notices.dead_letters, notices.queue
        for told in (self._events.changes, self._events.webhooks):
            if told:
                yield told.dead_letters, told.queue
        if yawl:
            yield yawl.usage.dead_letters, yawl.usage.queue
            if yawl.access_logs:
                yield yawl.access_logs.dead_letters, yawl.access_logs.queue


def _as_they_are(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _grant(role: iam.Role, **access: Unpack[Access]) -> None:
    for actions, arns in allowed(access):
        _allow(role, actions, arns)


def _allow(role: iam.Role, actions: Sequence[str], arns: Sequence[str]) -> None:
    role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(dict.fromkeys(arns))))
