"""Both workflows, what starts them, and their alarms."""

from decimal import Decimal

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs

from ledger.tables import SUBSCRIBERS
from stacks.constructs.alarms.final_metering import add_final_metering_alarms
from stacks.constructs.alarms.hours import add_hour_alarms
from stacks.constructs.alarms.runs import add_run_alarms
from stacks.constructs.storage.table import LedgerTable
from stacks.constructs.workflows.final_starts import StartBySchedule, StartOnStream
from stacks.constructs.workflows.final_states import FinalFunctions, FinalStates
from stacks.constructs.workflows.hourly_states import HourlyStates
from stacks.constructs.workflows.hourly_turn import HourlyFunctions
from stacks.constructs.workflows.schedule import WorkflowSchedule
from stacks.constructs.workflows.workflow import Workflow
from tests.stacks.constructs.conftest import Foreign


def test_the_hourly_workflow_its_schedule_and_its_alarms(foreign: Foreign) -> None:
    functions = HourlyFunctions(*(foreign.function(name) for name in HourlyFunctions._fields))
    workflow = Workflow(
        foreign.stack,
        "Hourly",
        chain=HourlyStates(foreign.stack, "States", functions=functions, submit_concurrency=3).chain,
        functions=functions,
        timeout=Duration.minutes(55),
        environment=foreign.environment,
    )
    workflow.allow_to_hand_over()
    WorkflowSchedule(foreign.stack, "Schedule", workflow=workflow, minute=25)
    alarms = foreign.alarms(page=("arn:aws:sns:us-east-1:111122223333:page",)).below("Alarms").of(functions.report)
    add_run_alarms(alarms, workflow.machine)
    add_hour_alarms(alarms, ticket_at_hours=3, page_at_hours=6, page_at_money=Decimal("99.5"), currency="EUR")
    schedules = {schedule["ScheduleExpression"] for schedule in foreign.resources("AWS::Scheduler::Schedule")}
    assert "cron(25 * * * ? *)" in schedules
    money = {alarm["MetricName"]: alarm for alarm in foreign.resources("AWS::CloudWatch::Alarm")}["AtRiskMoney"]
    assert money["Threshold"] == 99.5
    assert "99.5 EUR" in money["AlarmDescription"]
    assert money["Dimensions"] == [{"Name": "service", "Value": "theirs"}]


def test_final_metering_its_starts_and_its_alarms(foreign: Foreign) -> None:
    functions = FinalFunctions(*(foreign.function(name) for name in FinalFunctions._fields))
    workflow = Workflow(
        foreign.stack,
        "Final",
        chain=FinalStates(foreign.stack, "States", functions=functions).chain,
        functions=functions,
        timeout=Duration.hours(26),
        environment=foreign.environment,
    )
    starter, watcher = foreign.function("starter"), foreign.function("watcher")
    subscribers = LedgerTable(foreign.stack, "Buyers", declaration=SUBSCRIBERS, physical_name="buyers", protect=False)
    StartOnStream(
        foreign.stack,
        "Start",
        subscribers=subscribers,
        starter=starter,
        machine=workflow.machine,
        changes=sqs.Queue(foreign.stack, "Changes"),
    )
    StartBySchedule(foreign.stack, "Look", watcher=watcher, machine=workflow.machine)
    alarms = foreign.alarms().below("Alarms").of(watcher)
    add_final_metering_alarms(alarms, workflow.machine, stream_reader=starter)
    (mapping,) = foreign.resources("AWS::Lambda::EventSourceMapping")
    assert mapping["EventSourceArn"]["Fn::GetAtt"][1] == "StreamArn"
    assert mapping["FilterCriteria"]["Filters"][0]["Pattern"] == '{"eventName":["INSERT","MODIFY"]}'
    assert len(foreign.resources("AWS::CloudWatch::Alarm")) == 8
