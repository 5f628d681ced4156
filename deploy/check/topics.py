"""The topics of Marketplace's notices: a subscription to a missing one fails the deployment."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from deploy.aws import Aws, code_of, is_denied
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, green, red, yellow
from stacks.marketplace_events import notice_topic
from stacks.stage import Stage


def topics_of(stage: Stage) -> list[str]:
    """The ARNs that the stage's queues subscribe to (``stacks.doors``)."""
    if not stage.takes_notices:
        return []
    with_topics = [product for product in stage.products if "sns" in stage.notices[product.code]]
    return [
        notice_topic(kind, product.code)
        for product in with_topics
        for kind in (("subscription", "entitlement") if product.has_contracts else ("subscription",))
    ]


def refusal(aws: Aws, arn: str) -> ClientError | None:
    """SNS's refusal to show the topic; None if it shows it."""
    try:
        aws.ask("sns", "get_topic_attributes", region=arn.split(":")[3], TopicArn=arn)
    except ClientError as failure:
        return failure
    return None


def topic_line(arn: str, refused: ClientError | None) -> Line:
    """Whether a topic of AWS Marketplace can be subscribed to. refused: SNS's refusal to show the topic; None if it
    shows it.

    SNS refuses strangers alike whether a topic exists or not, and Marketplace lets a seller subscribe only. So nothing
    but an answer and NotFound is certain.
    """
    about = f"notice topic {arn.rsplit(':', 1)[-1]}"
    if refused is None:
        return green(about, "is there, and lets this account in")
    if code_of(refused) == "NotFound":
        return red(
            about,
            "is not there: the deployment would fail at its subscription",
            'correct productCode, or take "sns" out of notices if the product has no topics',
        )
    why = "SNS tells a reader nothing of it" if is_denied(refused) else "SNS does not answer"
    return yellow(
        about,
        f"{why} ({code_of(refused)}): only the deployment shows whether it can be subscribed to",
        "see that the portal names this topic, and that this is the publishing account: nobody else may subscribe",
    )


def topic_lines(deployed: DeployedStage) -> Iterator[Line]:
    """A line for each topic of AWS Marketplace that the stage subscribes to; one that says why where it needs none."""
    topics = topics_of(deployed.stage)
    if not topics:
        why = (
            "notices come by EventBridge"
            if deployed.stage.takes_notices
            else "nobody's notices are taken before it is live"
        )
        yield green("notice topics", f"none is needed: {why}")
    for arn in topics:
        yield topic_line(arn, refusal(deployed.aws, arn))
