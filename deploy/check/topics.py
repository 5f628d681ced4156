"""The topics of Marketplace's notices: a subscription to one that is not there fails the deployment."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from deploy.line import Line, green, red, yellow
from deploy.reader import code_of, is_denied
from deploy.stage_there import StageThere
from marketplace.regions import NOTICES_REGION
from stacks.marketplace_events import notice_topic
from stacks.stage import Stage


def topics_of(stage: Stage) -> list[str]:
    """ARNs that the stage's queues are subscribed to (``stacks.doors``)."""
    if "sns" not in stage.notices or not stage.takes_notices:
        return []
    topics = [notice_topic("subscription", stage.product_code)]
    return [*topics, notice_topic("entitlement", stage.product_code)] if stage.has_contracts else topics


def topic_line(arn: str, code: str | None, *, denied: bool = False) -> Line:
    """code: of SNS's refusal of GetTopicAttributes; None if it answered.

    To strangers SNS answers the same whether a topic is there or not, and Marketplace lets a seller subscribe and
    nothing else. So only an answer and NotFound say something.
    """
    about = f"notice topic {arn.rsplit(':', 1)[-1]}"
    if code is None:
        return green(about, "is there, and lets this account in")
    if code == "NotFound":
        return red(
            about,
            "is not there: the deployment would fail at its subscription",
            'correct productCode, or take "sns" out of notices if the product has no topics',
        )
    why = "SNS tells a reader nothing of it" if denied else "SNS does not answer"
    return yellow(
        about,
        f"{why} ({code}): whether it can be subscribed to is known when it is",
        "see that the portal names this topic, and that this is the publishing account: nobody else may subscribe",
    )


def topic_lines(there: StageThere) -> Iterator[Line]:
    topics = topics_of(there.stage)
    if not topics:
        why = (
            "notices come by EventBridge"
            if there.stage.takes_notices
            else "nobody's notices are taken before it is live"
        )
        yield green("notice topics", f"none is needed: {why}")
    for arn in topics:
        try:
            there.reader.ask("sns", "get_topic_attributes", region=NOTICES_REGION, TopicArn=arn)
        except ClientError as failure:
            yield topic_line(arn, code_of(failure), denied=is_denied(failure))
        else:
            yield topic_line(arn, None)
