"""Whether notices and alarms reach people: confirmed subscriptions, existing topics."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from botocore.exceptions import ClientError

from deploy.aws import code_of, is_denied
from deploy.check.topics import refusal
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, green, red, yellow
from stacks.stage import Stage

#: SNS has these instead of an ARN (API reference, Subscription).
PENDING = "PendingConfirmation"
DELETED = "Deleted"


def subscription_line(name: str, attributes: Mapping[str, str] | None) -> Line:
    """Whether one subscription for notices is confirmed. attributes: from GetSubscriptionAttributes; None where the
    subscription is gone."""
    about = f"subscription {name}"
    again = "delete it in SNS and deploy again: notices of buyers do not come"
    if attributes is None:
        return red(about, "is not there any more", again)
    if attributes.get("PendingConfirmation") == "true":
        return red(about, "is not confirmed", again)
    return green(about, f"to {attributes.get('TopicArn', '').rsplit(':', 1)[-1]} is confirmed")


def subscription_lines(deployed: DeployedStage) -> Iterator[Line]:
    """A line for each subscription of the stage's queues to a topic of AWS Marketplace. Raises ClientError where SNS
    fails."""
    for subscription in deployed.of_type("AWS::SNS::Subscription"):
        if not subscription.name.startswith("arn:"):
            # An e-mail subscription that is not confirmed: the alarm routes report it.
            continue
        region = subscription.name.split(":")[3]
        try:
            answer = deployed.aws.ask(
                "sns", "get_subscription_attributes", region=region, SubscriptionArn=subscription.name
            )
        except ClientError as failure:
            if code_of(failure) != "NotFound":
                raise
            yield subscription_line(subscription.logical_id, None)
        else:
            if answer["Attributes"].get("Protocol") != "email":
                yield subscription_line(subscription.logical_id, answer["Attributes"])


def e_mail_lines(stage: Stage, region: str, subscriptions: Sequence[Mapping[str, str]]) -> Iterator[Line]:
    """A line for each address: whether it has confirmed. subscriptions: of all the stage's topics in that Region. An
    address in both lists has two."""
    wanted = Counter(route for route in (*stage.alarms.page, *stage.alarms.ticket) if not route.startswith("arn:"))
    for address, number in wanted.items():
        arns = [each["SubscriptionArn"] for each in subscriptions if each["Endpoint"] == address]
        pending = arns.count(PENDING)
        confirmed = sum(arn not in (PENDING, DELETED) for arn in arns)
        about = f"alarm route {address} in {region}"
        if confirmed >= number:
            yield green(about, "is confirmed")
        elif pending:
            yield red(
                about,
                "has not confirmed: alarms do not reach it",
                "press the link in the mail of AWS Notifications; where the mail is gone, ask for another one in SNS",
            )
        else:
            yield red(
                about,
                "is not subscribed: alarms do not reach it",
                f"run `make deploy STAGE={stage.name}`; if SNS dropped it unconfirmed, subscribe it there",
            )


def e_mail_route_lines(deployed: DeployedStage) -> Iterator[Line]:
    """The lines of the addresses in each Region with alarms; none before the alarms are deployed."""
    by_region: dict[str, list[Mapping[str, str]]] = {}
    for topic in deployed.of_type("AWS::SNS::Topic"):
        answer = deployed.aws.ask("sns", "list_subscriptions_by_topic", region=topic.region, TopicArn=topic.name)
        by_region.setdefault(topic.region, []).extend(answer["Subscriptions"])
    if deployed.of_type("AWS::CloudWatch::Alarm"):
        for region in deployed.target.regions:
            yield from e_mail_lines(deployed.stage, region, by_region.get(region, []))


def topic_route_line(arn: str, refused: ClientError | None) -> Line:
    """Whether one topic of the alarms' routes is there. refused: SNS's refusal to show the topic; None if it shows
    it."""
    about = f"alarm route {arn}"
    if refused is None:
        return green(about, "is a topic that is there")
    if not is_denied(refused):
        return red(
            about,
            f"is no topic ({code_of(refused)}): alarms do not reach it",
            "correct it in the stage file's [alarms]",
        )
    return yellow(
        about,
        "may not be looked at by these credentials",
        "see that it is there and that its policy lets cloudwatch.amazonaws.com publish",
    )


def topic_route_lines(deployed: DeployedStage, routes: Iterable[str]) -> Iterator[Line]:
    """A line for each route that is a topic; topics exist before the first deployment."""
    for arn in dict.fromkeys(route for route in routes if route.startswith("arn:")):
        yield topic_route_line(arn, refusal(deployed.aws, arn))


def no_route_lines(stage: Stage) -> Iterator[Line]:
    """A line for each empty list of routes. The reader of stage files has refused a live stage that pages no person
    already."""
    for key, routes in (("page", stage.alarms.page), ("ticket", stage.alarms.ticket)):
        if not routes:
            yield yellow(f"alarms.{key}", "is empty: its alarms only change colour", "name a person before it is live")


def route_lines(deployed: DeployedStage) -> Iterator[Line]:
    """Whether alarms reach a person: the stage's empty lists, its topics and its addresses."""
    stage = deployed.stage
    yield from no_route_lines(stage)
    yield from topic_route_lines(deployed, (*stage.alarms.page, *stage.alarms.ticket))
    yield from e_mail_route_lines(deployed)
