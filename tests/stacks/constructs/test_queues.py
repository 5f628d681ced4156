"""Queues, their alarms, and what a company's key and another account's events add."""

from decimal import Decimal

from aws_cdk import Duration

from stacks.constructs.alarms.delivery import add_mail_alarms
from stacks.constructs.alarms.queues import START, add_queue_alarm
from stacks.constructs.alarms.usage_queue import add_usage_queue_alarms
from stacks.constructs.encryption import encrypt
from stacks.constructs.event_access import accept_events
from stacks.constructs.monthly_budget import MonthlyBudget
from stacks.constructs.queues.dead_letters import DeadLetters
from stacks.constructs.queues.notice_queue import NoticeQueue
from stacks.constructs.queues.usage_queue import UsageQueue
from tests.stacks.conftest import KEY
from tests.stacks.constructs.conftest import Foreign


def test_notice_queue(foreign: Foreign) -> None:
    queue = NoticeQueue(foreign.stack, "Notices", consumer=foreign.function(), batch_size=5)
    queue.subscribe_to({"Topic": "arn:aws:sns:us-east-1:287250355862:somebody"})
    queue.receive_events("Events", source="foreign.source", detail_types=["Something Happened"], description="x")
    (mapping,) = foreign.resources("AWS::Lambda::EventSourceMapping")
    assert mapping["BatchSize"] == 5
    (rule,) = foreign.resources("AWS::Events::Rule")
    assert rule["EventPattern"] == {"source": ["foreign.source"], "detail-type": ["Something Happened"]}


def test_usage_queue_and_its_alarms(foreign: Foreign) -> None:
    queues = UsageQueue(foreign.stack, "Usage", consumer_timeout=Duration.seconds(7), retry_after=Duration.seconds(11))
    queues.feed(foreign.function())
    alarms = foreign.alarms()
    late = add_usage_queue_alarms(alarms.below("Alarms"), queues)
    assert (len(late), [len(group.members) for group in alarms.symptoms.groups]) == (2, [2])
    deployed = foreign.resources("AWS::SQS::Queue")
    assert [queue["VisibilityTimeout"] for queue in deployed if "RedrivePolicy" in queue] == [42, 42]
    assert [queue["DelaySeconds"] for queue in deployed if "DelaySeconds" in queue] == [11]
    assert len(foreign.resources("AWS::Lambda::EventSourceMapping")) == 2
    assert len(foreign.resources("AWS::CloudWatch::Alarm")) == 5


def test_an_alarm_of_dead_letters_goes_to_an_address_whose_mail_is_watched(foreign: Foreign) -> None:
    alarms = foreign.alarms(page=("a@b.example",))
    add_queue_alarm(alarms, "Letters", DeadLetters(foreign.stack, "Dead").queue, START)
    add_mail_alarms(alarms.below("Mail"))
    made = {alarm["MetricName"]: alarm for alarm in foreign.resources("AWS::CloudWatch::Alarm")}
    assert len(made["ApproximateNumberOfMessagesVisible"]["AlarmActions"]) == 1
    assert len(made["NumberOfNotificationsFailed"]["AlarmActions"]) == 1


def test_a_key_a_budget_and_the_events_of_another_account(foreign: Foreign) -> None:
    queue = DeadLetters(foreign.stack, "Letters").queue
    queue.grant_send_messages(foreign.function())
    MonthlyBudget(foreign.stack, "Budget", us_dollars=Decimal("9.5"), notify=["a@vendor.com"], tag=("team", "x"))
    accept_events(foreign.stack, "Theirs", account="999988887777", source="their.source", name="Foreign")
    encrypt(foreign.stack, key_arn=KEY)
    (deployed,) = foreign.resources("AWS::SQS::Queue")
    assert deployed["KmsMasterKeyId"] == KEY
    (policy,) = foreign.resources("AWS::IAM::Policy")
    of_keys = [each for each in policy["PolicyDocument"]["Statement"] if each["Resource"] == KEY]
    assert [each["Action"] for each in of_keys] == [["kms:Decrypt", "kms:GenerateDataKey"]]
    (budget,) = foreign.resources("AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"]["Amount"] == 9.5
    (bus,) = foreign.resources("AWS::Events::EventBusPolicy")
    assert bus["Statement"]["Principal"] == {
        "AWS": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::999988887777:root"]]}
    }
