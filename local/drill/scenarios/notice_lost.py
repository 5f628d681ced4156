"""A buyer's notice fails five times, because Marketplace refuses GetEntitlements, and ends in the dead letters."""

import json

from local.drill.drilling import Drilling
from local.drill.scenario import Course, Scenario
from local.stage import STAGE
from marketplace_local import notices

ALWAYS = 1_000


def play(drilling: Drilling, course: Course) -> None:
    stage = drilling.stage
    course.buyers = drilling.arrive(2)
    legacy = next(buyer for buyer in course.buyers if buyer.integration == "legacy")
    sqs = stage.cloud.seller.client("sqs")
    queue = stage.outputs[f"YawlMetering-{STAGE}-Doors"]["EntitlementQueueUrl"]
    # SQS waits by this machine's clock until it delivers a message that failed again.
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    drilling.fault()
    stage.marketplace.arm("error", operation="GetEntitlements", error="AccessDeniedException", times=ALWAYS)
    topic = notices.entitlement_topic(stage.product_code)
    notice = notices.entitlement_notice(legacy.customer_identifier, stage.product_code)
    envelope = notices.sns_envelope(notice, topic, message_id=f"lost-{drilling.minute}", at=drilling.now)
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(envelope))
    drilling.use(course.buyers)
    course.at_stake = drilling.units([legacy])["pending"]
    drilling.wait(lambda: drilling.depth("Doors", "EntitlementDeadLettersUrl") == 1, "the notice is a dead letter")
    course.minutes = drilling.paged(SCENARIO.alarm, within=30)
    drilling.operator.follow(SCENARIO.page, "look")
    stage.marketplace.clear_faults()
    drilling.operator.follow(SCENARIO.page, "redrive")
    drilling.wait(lambda: drilling.depth("Doors", "EntitlementDeadLettersUrl") == 0, "the dead letters are empty")
    drilling.wait(lambda: drilling.depth("Doors", "EntitlementQueueUrl") == 0, "the notice is applied")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "360"})
    drilling.until_metered()


SCENARIO = Scenario(
    name="notice-lost",
    happens="a notice fails five times and is a dead letter",
    alarm="NoticesDead",
    page="notices-dead",
    play=play,
)
