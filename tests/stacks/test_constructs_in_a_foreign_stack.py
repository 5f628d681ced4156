"""Every construct works in a bare stack of somebody else: none needs a stage or a stack of this project."""

import ast
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ledger.tables import NOTICES, SUBSCRIBERS
from runtime.settings import SubscriberApiSettings
from stacks import synth
from stacks.node import use_pinned_node
from tests.synthesized import context

if TYPE_CHECKING:
    from stacks.constructs.function import RoomFunction

CONSTRUCTS = synth.ROOT / "stacks" / "constructs"
HANDLER = "def handle(event, context):\n    return event\n"


class Foreign:
    """A stack that knows neither account nor Region, and a source folder of its own."""

    def __init__(self, folder: Path) -> None:
        use_pinned_node()
        from aws_cdk import App, Stack

        from stacks.constructs.asset import FunctionAsset
        from stacks.constructs.environment import FunctionEnvironment
        from stacks.constructs.function import RUNTIME

        self.source = folder / "source"
        self.source.mkdir()
        (self.source / "room.py").write_text(HANDLER, encoding="utf-8")
        (self.source / "requirements.txt").write_text("", encoding="utf-8")
        self.app = App(context=context(), outdir=str(folder / "out"), analytics_reporting=False)
        self.stack: Stack = Stack(self.app, "Foreign")
        self.asset = FunctionAsset(source=self.source, runtime=RUNTIME)
        self.environment: FunctionEnvironment = FunctionEnvironment(
            metrics_namespace="Foreign",
            log_group_prefix="/foreign",
            log_retention_days=7,
            log_level="INFO",
        )

    def function(self, id_: str = "report") -> "RoomFunction":
        from aws_cdk import Duration

        from stacks.constructs.function import RoomFunction

        return RoomFunction(
            self.stack,
            id_,
            code=self.asset.code(),
            handler="room.handle",
            room="room",
            settings=SubscriberApiSettings(SUBSCRIBERS_TABLE="buyers"),
            environment=self.environment,
            description="foreign",
            timeout=Duration.seconds(30),
        )

    def resources(self, kind: str) -> list[dict[str, Any]]:
        folder = Path(self.app.synth().directory)
        template = json.loads((folder / "Foreign.template.json").read_text(encoding="utf-8"))
        return [entry.get("Properties", {}) for entry in template["Resources"].values() if entry["Type"] == kind]


@pytest.fixture
def foreign(tmp_path: Path) -> Foreign:
    return Foreign(tmp_path)


def test_table(foreign: Foreign) -> None:
    from stacks.constructs.table import LedgerTable

    table = LedgerTable(foreign.stack, "Buyers", declaration=SUBSCRIBERS, physical_name="buyers", protect=True)
    table.grant_read(foreign.function().function)
    with pytest.raises(ValueError, match="yawl-subscribers has no index NoSuch"):
        table.grant_query_index(foreign.function("other").function, name="NoSuch")
    (deployed,) = foreign.resources("AWS::DynamoDB::Table")
    assert deployed["TableName"] == "buyers"
    assert len(deployed["GlobalSecondaryIndexes"]) == len(SUBSCRIBERS.indexes)


def test_function(foreign: Foreign) -> None:
    foreign.function().allow_marketplace("BatchMeterUsage")
    (deployed,) = foreign.resources("AWS::Lambda::Function")
    assert deployed["Environment"]["Variables"] == {
        "SUBSCRIBERS_TABLE": "buyers",
        "POWERTOOLS_SERVICE_NAME": "room",
        "POWERTOOLS_METRICS_NAMESPACE": "Foreign",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    (group,) = foreign.resources("AWS::Logs::LogGroup")
    assert group == {"LogGroupName": "/foreign/report", "RetentionInDays": 7}


def test_notice_queue(foreign: Foreign) -> None:
    from stacks.constructs.notice_queue import NoticeQueue

    queue = NoticeQueue(foreign.stack, "Notices", consumer=foreign.function(), batch_size=5)
    queue.subscribe_to("Topic", topic_arn="arn:aws:sns:us-east-1:287250355862:somebody")
    queue.receive_events("Events", source="foreign.source", detail_types=["Something Happened"], description="x")
    (mapping,) = foreign.resources("AWS::Lambda::EventSourceMapping")
    assert mapping["BatchSize"] == 5
    (rule,) = foreign.resources("AWS::Events::Rule")
    assert rule["EventPattern"] == {"source": ["foreign.source"], "detail-type": ["Something Happened"]}


def test_usage_queue_and_its_alarms(foreign: Foreign) -> None:
    from aws_cdk import Duration

    from stacks.constructs.alarms.routes import AlarmRoutes
    from stacks.constructs.alarms.symptoms import Symptoms
    from stacks.constructs.alarms.usage_queue import UsageQueueAlarms
    from stacks.constructs.usage_queue import UsageQueue

    queues = UsageQueue(foreign.stack, "Usage", consumer_timeout=Duration.seconds(7), retry_after=Duration.seconds(11))
    queues.feed(foreign.function())
    routes = AlarmRoutes(foreign.stack, "Routes", page=[], ticket=[])
    symptoms = Symptoms()
    alarms = UsageQueueAlarms(foreign.stack, "Alarms", queues=queues, symptoms=symptoms, routes=routes)
    assert (len(alarms.late), [len(group.members) for group in symptoms.groups]) == (2, [2])
    deployed = foreign.resources("AWS::SQS::Queue")
    assert [queue["VisibilityTimeout"] for queue in deployed if "RedrivePolicy" in queue] == [42, 42]
    assert [queue["DelaySeconds"] for queue in deployed if "DelaySeconds" in queue] == [11]
    assert len(foreign.resources("AWS::Lambda::EventSourceMapping")) == 2
    assert len(foreign.resources("AWS::CloudWatch::Alarm")) == 5


def test_session_secret(foreign: Foreign) -> None:
    from stacks.constructs.session_secret import SessionSecret

    SessionSecret(foreign.stack, "Sessions").grant_read(foreign.function().function)
    assert len(foreign.resources("AWS::SecretsManager::Secret")) == 1


def test_rest_api(foreign: Foreign) -> None:
    from stacks.constructs.rest_api import RestApi, Route

    RestApi(
        foreign.stack,
        "Api",
        name="foreign",
        environment=foreign.environment,
        requests_per_second=3,
        burst=30,
        routes=[
            Route(method="GET", path="/things/{id}", to=foreign.function()),
            Route(method="GET", path="/open/door", to=foreign.function("other"), public=True),
        ],
    )
    methods = foreign.resources("AWS::ApiGateway::Method")
    assert sorted(method["AuthorizationType"] for method in methods) == ["AWS_IAM", "NONE"]
    (stage,) = foreign.resources("AWS::ApiGateway::Stage")
    limits = {
        (entry["ResourcePath"], entry["HttpMethod"]): (entry["ThrottlingRateLimit"], entry["ThrottlingBurstLimit"])
        for entry in stage["MethodSettings"]
    }
    # a small stage's public routes get no more than the stage gives anybody
    assert limits == {("/*", "*"): (3, 30), ("/~1open~1door", "GET"): (3, 6)}


def test_workflow_and_schedule_and_alarms(foreign: Foreign) -> None:
    from stacks.constructs.alarms.metering import MeteringAlarms
    from stacks.constructs.alarms.room_alarms import RoomAlarms
    from stacks.constructs.alarms.routes import AlarmRoutes
    from stacks.constructs.alarms.symptoms import Symptoms
    from stacks.constructs.hourly_workflow import HourlyWorkflow, WorkflowFunctions
    from stacks.constructs.workflow_schedule import WorkflowSchedule

    names = WorkflowFunctions.__annotations__
    workflow = HourlyWorkflow(
        foreign.stack,
        "Hourly",
        functions=WorkflowFunctions(**{name: foreign.function(name) for name in names}),
        submit_concurrency=3,
        environment=foreign.environment,
    )
    WorkflowSchedule(foreign.stack, "Schedule", workflow=workflow, minute=25)
    routes = AlarmRoutes(foreign.stack, "Routes", page=["arn:aws:sns:us-east-1:111122223333:page"], ticket=[])
    symptoms = Symptoms()
    MeteringAlarms(
        foreign.stack,
        "Alarms",
        workflow=workflow.machine,
        room=RoomAlarms(namespace="Foreign", room="room", routes=routes),
        symptoms=symptoms,
        ticket_at_hours=3,
        page_at_hours=6,
        page_at_money=Decimal("99.5"),
        currency="EUR",
    )
    schedules = {schedule["ScheduleExpression"] for schedule in foreign.resources("AWS::Scheduler::Schedule")}
    assert "cron(25 * * * ? *)" in schedules
    money = {alarm["MetricName"]: alarm for alarm in foreign.resources("AWS::CloudWatch::Alarm")}["AtRiskMoney"]
    assert money["Threshold"] == 99.5
    assert "99.5 EUR" in money["AlarmDescription"]


def test_final_metering_and_its_alarms(foreign: Foreign) -> None:
    from stacks.constructs.alarms.final_metering import FinalMeteringAlarms
    from stacks.constructs.alarms.room_alarms import RoomAlarms
    from stacks.constructs.alarms.routes import AlarmRoutes
    from stacks.constructs.alarms.symptoms import Symptoms
    from stacks.constructs.final_metering import (
        FinalMeteringFunctions,
        FinalMeteringWorkflow,
        LookAfterLeavers,
        StartOnLeaving,
    )
    from stacks.constructs.table import LedgerTable

    names = FinalMeteringFunctions.__annotations__
    workflow = FinalMeteringWorkflow(
        foreign.stack,
        "Final",
        functions=FinalMeteringFunctions(**{name: foreign.function(name) for name in names}),
        environment=foreign.environment,
    )
    starter = foreign.function("starter")
    StartOnLeaving(
        foreign.stack,
        "Start",
        subscribers=LedgerTable(
            foreign.stack, "Buyers", declaration=SUBSCRIBERS, physical_name="buyers", protect=False
        ),
        starter=starter,
        machine=workflow.machine,
    )
    LookAfterLeavers(foreign.stack, "Look", watcher=foreign.function("watcher"), machine=workflow.machine)
    FinalMeteringAlarms(
        foreign.stack,
        "Alarms",
        workflow=workflow.machine,
        starter=starter.function,
        room=RoomAlarms(
            namespace="Foreign", room="room", routes=AlarmRoutes(foreign.stack, "Routes", page=[], ticket=[])
        ),
        symptoms=Symptoms(),
    )
    (mapping,) = foreign.resources("AWS::Lambda::EventSourceMapping")
    assert mapping["EventSourceArn"]["Fn::GetAtt"][1] == "StreamArn"
    assert len(foreign.resources("AWS::CloudWatch::Alarm")) == 8


def test_queue_alarm_with_a_mail_route_whose_mail_is_watched(foreign: Foreign) -> None:
    from stacks.constructs.alarms.dead_letters import START
    from stacks.constructs.alarms.delivery import MailAlarms
    from stacks.constructs.alarms.queues import DeadLetterAlarm
    from stacks.constructs.alarms.routes import AlarmRoutes, Severity
    from stacks.constructs.dead_letters import DeadLetters

    queue = DeadLetters(foreign.stack, "Dead").queue
    routes = AlarmRoutes(foreign.stack, "Routes", page=["a@b.example"], ticket=[])
    DeadLetterAlarm(foreign.stack, "Letters", queue=queue, means=START, routes=routes, severity=Severity.PAGE)
    MailAlarms(foreign.stack, "Mail", routes=routes)
    alarms = {alarm["MetricName"]: alarm for alarm in foreign.resources("AWS::CloudWatch::Alarm")}
    assert len(alarms["ApproximateNumberOfMessagesVisible"]["AlarmActions"]) == 1
    assert len(alarms["NumberOfNotificationsFailed"]["AlarmActions"]) == 1


def test_functions_and_the_store_they_share(foreign: Foreign) -> None:
    from stacks.constructs.alarms.functions import FunctionAlarms
    from stacks.constructs.alarms.routes import AlarmRoutes
    from stacks.constructs.alarms.store import StoreAlarms
    from stacks.constructs.alarms.symptoms import Symptoms

    symptoms = Symptoms()
    functions = FunctionAlarms(
        foreign.stack,
        "Functions",
        functions={f"f{number}": foreign.function(f"f{number}") for number in range(12)},
        refused_by_design={"f0": 7},
        symptoms=symptoms,
    )
    StoreAlarms(
        foreign.stack,
        "Store",
        tables={"One": "one", "Two": "two"},
        canary=functions.errors["f1"],
        symptoms=symptoms,
        routes=AlarmRoutes(foreign.stack, "Routes", page=[], ticket=[]),
    )
    alarms = foreign.resources("AWS::CloudWatch::Alarm")
    # a sum takes ten metrics at most
    assert sorted(len(alarm["Metrics"]) for alarm in alarms if "Metrics" in alarm) == [1, 1, 1, 1, 2, 11]
    assert len(foreign.resources("AWS::CloudWatch::CompositeAlarm")) == 3


def test_notice_and_product_alarms(foreign: Foreign) -> None:
    from stacks.constructs.alarms.notices import NoticeAlarms
    from stacks.constructs.alarms.product import ProductAlarms
    from stacks.constructs.alarms.room_alarms import RoomAlarms
    from stacks.constructs.alarms.routes import AlarmRoutes
    from stacks.constructs.alarms.symptoms import Symptoms
    from stacks.constructs.dead_letters import DeadLetters

    routes = AlarmRoutes(foreign.stack, "Routes", page=[], ticket=[])
    desk, agreements, contracts = (
        RoomAlarms(namespace="Foreign", room=room, routes=routes) for room in ("desk", "agreements", "contracts")
    )
    queue, dead = (DeadLetters(foreign.stack, name).queue for name in ("Some", "Dead"))
    symptoms = Symptoms()
    alarms = NoticeAlarms(
        foreign.stack,
        "Notices",
        subscriptions=agreements,
        entitlements=contracts,
        queues={"Some": (queue, dead)},
        symptoms=symptoms,
    )
    ProductAlarms(foreign.stack, "Product", registration=desk, subscriptions=agreements, entitlements=contracts)
    assert (len(alarms.late), len(symptoms.groups)) == (1, 1)
    made = foreign.resources("AWS::CloudWatch::Alarm")
    ours = [alarm for alarm in made if alarm.get("Namespace") == "Foreign"]
    assert {alarm["Dimensions"][0]["Value"] for alarm in ours} == {"desk", "agreements", "contracts"}


def test_api_and_delivery_alarms(foreign: Foreign) -> None:
    from aws_cdk import aws_events as events
    from aws_cdk import aws_scheduler as scheduler

    from stacks.constructs.alarms.api import ApiAlarms
    from stacks.constructs.alarms.delivery import RuleAlarm, ScheduleAlarms
    from stacks.constructs.alarms.routes import AlarmRoutes
    from stacks.constructs.alarms.symptoms import Symptoms
    from stacks.constructs.rest_api import RestApi, Route

    routes = AlarmRoutes(foreign.stack, "Routes", page=[], ticket=[])
    api = RestApi(
        foreign.stack,
        "Api",
        name="foreign",
        environment=foreign.environment,
        requests_per_second=3,
        burst=30,
        routes=[Route(method="GET", path="/things", to=foreign.function())],
    )
    ApiAlarms(
        foreign.stack,
        "ApiAlarms",
        api=api.api,
        access_log=api.access_log,
        namespace="Foreign",
        symptoms=Symptoms(),
        routes=routes,
    )
    pattern = events.EventPattern(source=["foreign.source"])
    rules = [events.Rule(foreign.stack, f"Rule{number}", event_pattern=pattern) for number in range(6)]
    RuleAlarm(foreign.stack, "Events", rules=rules, routes=routes)
    ScheduleAlarms(foreign.stack, "Starts", group=scheduler.ScheduleGroup(foreign.stack, "Group"), routes=routes)
    assert len(foreign.resources("AWS::Logs::MetricFilter")) == 2
    # three of the API, two of the starts, and two for twelve metrics of rules
    assert len(foreign.resources("AWS::CloudWatch::Alarm")) == 7


def test_a_tables_ttl_is_optional(foreign: Foreign) -> None:
    from stacks.constructs.table import LedgerTable

    LedgerTable(foreign.stack, "Notices", declaration=NOTICES, physical_name="n", protect=False)
    (deployed,) = foreign.resources("AWS::DynamoDB::Table")
    assert deployed["TimeToLiveSpecification"] == {"AttributeName": NOTICES.ttl, "Enabled": True}


@pytest.mark.parametrize("path", sorted(CONSTRUCTS.rglob("*.py")), ids=lambda path: str(path.relative_to(CONSTRUCTS)))
def test_no_construct_knows_a_stage_or_a_stack(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stacks"):
            assert (node.module or "").startswith("stacks.constructs"), f"{path.name} imports {node.module}"
