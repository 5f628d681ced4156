"""Whether notices and alarms reach anybody: subscriptions that are confirmed, topics that are there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from botocore.exceptions import ClientError

from deploy.line import Line, green, red, yellow
from deploy.reader import code_of, is_denied
from deploy.stage_there import StageThere
from stacks.stage import Stage

#: SNS says so instead of an ARN (API reference, Subscription)
PENDING = "PendingConfirmation"
DELETED = "Deleted"


def subscription_line(name: str, attributes: Mapping[str, str] | None) -> Line:
    """attributes: of GetSubscriptionAttributes; None where there is no such subscription any more."""
    about = f"subscription {name}"
    again = "delete it in SNS and deploy again: notices of buyers do not come"
    if attributes is None:
        return red(about, "is not there any more", again)
    if attributes.get("PendingConfirmation") == "true":
        return red(about, "is not confirmed", again)
    return green(about, f"to {attributes.get('TopicArn', '').rsplit(':', 1)[-1]} is confirmed")


def subscription_lines(there: StageThere) -> Iterator[Line]:
    for subscription in there.of_type("AWS::SNS::Subscription"):
        region = subscription.name.split(":")[3] if subscription.name.startswith("arn:") else subscription.region
        if not subscription.name.startswith("arn:"):
            # by e-mail, not confirmed: told with the alarm routes
            continue
        try:
            answer = there.reader.ask(
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
    """subscriptions: of all the stage's topics in that Region. Who stands in both lists has two."""
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


def e_mail_route_lines(there: StageThere) -> Iterator[Line]:
    by_region: dict[str, list[Mapping[str, str]]] = {}
    for topic in there.of_type("AWS::SNS::Topic"):
        answer = there.reader.ask("sns", "list_subscriptions_by_topic", region=topic.region, TopicArn=topic.name)
        by_region.setdefault(topic.region, []).extend(answer["Subscriptions"])
    if there.of_type("AWS::CloudWatch::Alarm"):
        for region in there.target.regions:
            yield from e_mail_lines(there.stage, region, by_region.get(region, []))


def topic_route_line(arn: str, code: str | None, *, denied: bool = False) -> Line:
    """code: of SNS's refusal; None if it answered."""
    about = f"alarm route {arn}"
    if code is None:
        return green(about, "is a topic that is there")
    if not denied:
        return red(about, f"is no topic ({code}): alarms do not reach it", "correct it in the stage file's [alarms]")
    return yellow(
        about,
        "may not be looked at by these credentials",
        "see that it is there and that its policy lets cloudwatch.amazonaws.com publish",
    )


def topic_route_lines(there: StageThere, routes: Iterable[str]) -> Iterator[Line]:
    """Of topics that exist already, which can be asked before the first deployment, too."""
    for arn in dict.fromkeys(route for route in routes if route.startswith("arn:")):
        try:
            there.reader.ask("sns", "get_topic_attributes", region=arn.split(":")[3], TopicArn=arn)
        except ClientError as failure:
            yield topic_route_line(arn, code_of(failure), denied=is_denied(failure))
        else:
            yield topic_route_line(arn, None)


def no_route_lines(stage: Stage) -> Iterator[Line]:
    """A live stage without somebody to wake is refused when its file is read; another one is told."""
    for key, routes in (("page", stage.alarms.page), ("ticket", stage.alarms.ticket)):
        if not routes:
            yield yellow(f"alarms.{key}", "is empty: its alarms only change colour", "name somebody before it is live")


def route_lines(there: StageThere) -> Iterator[Line]:
    stage = there.stage
    yield from no_route_lines(stage)
    yield from topic_route_lines(there, (*stage.alarms.page, *stage.alarms.ticket))
    yield from e_mail_route_lines(there)
