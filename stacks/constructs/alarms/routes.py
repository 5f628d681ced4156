"""Where an alarm goes, by severity."""

from collections.abc import Sequence

from aws_cdk import Stack, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge
from stacks.constructs.alarms.message import Severity

MAIL_REASON = "no person takes a lost e-mail from a queue; the alarm itself stays visible in CloudWatch"


class AlarmRoutes(Construct):
    """The destinations of each severity: e-mail addresses, through a topic made here, and ARNs of existing SNS topics.

    Alarms of a severity without destinations only change colour in the console.

    The topics made here are not encrypted, unless ``constructs.encryption`` puts the stage's own key on them. The texts
    of alarms name no buyer, and there is no third way: SNS's own key (``alias/aws/sns``) does not let CloudWatch
    publish, and its policy cannot be changed, so that every alarm would be lost in silence (AWS re:Post, "How do I
    configure a CloudWatch alarm to use an encrypted SNS topic"). docs/operations.md says what a key's policy has to
    allow.

    mail: the topics made here, by severity. told: the alarms that call, by severity.
    """

    def __init__(self, scope: Construct, id_: str, *, page: Sequence[str], ticket: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self.mail: dict[Severity, sns.Topic] = {}
        self.told: dict[Severity, list[cloudwatch.AlarmBase]] = {severity: [] for severity in Severity}
        self._actions = {
            Severity.PAGE: self._topics(Severity.PAGE, page),
            Severity.TICKET: self._topics(Severity.TICKET, ticket),
        }

    def reaches(self, severity: Severity) -> bool:
        """Whether the severity has a destination."""
        return bool(self._actions[severity])

    def send(self, alarm: cloudwatch.AlarmBase, severity: Severity) -> None:
        """Let the alarm call when it goes off and when it is over."""
        self.told[severity].append(alarm)
        for topic in self._actions[severity]:
            action = actions.SnsAction(topic)
            alarm.add_alarm_action(action)
            alarm.add_ok_action(action)

    def _topics(self, severity: Severity, routes: Sequence[str]) -> list[sns.ITopic]:
        region = Stack.of(self).region
        arns = [route for route in routes if route.startswith("arn:")]
        mails = [route for route in routes if not route.startswith("arn:")]
        topics = [
            sns.Topic.from_topic_arn(self, f"{severity}Topic{number}", arn)
            for number, arn in enumerate(arns)
            # An alarm reaches topics of its own Region only.
            if Token.is_unresolved(region) or arn.split(":")[3] == region
        ]
        if mails:
            topic = sns.Topic(self, f"{severity}Mail", enforce_ssl=True)
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[topic.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
                )
            )
            for mail in mails:
                subscription = topic.add_subscription(subscriptions.EmailSubscription(mail))
                acknowledge(subscription, {"Serverless-SNSRedrivePolicy": MAIL_REASON})
            topics.append(topic)
            self.mail[severity] = topic
        return topics
