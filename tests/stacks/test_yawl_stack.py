"""The YAWL connector's stack, its route and its queue; and that a stage without engines has none of it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from stacks.stage import EngineNetwork
from stacks.stage.engine_contradictions import MOST_ENGINES
from tests.stacks.conftest import SUBNETS
from tests.stacks.queue_policies import statements
from tests.stacks.test_doors_stack import method_settings, routes
from tests.synthesized import ENGINES, Assembly, as_list, imported, with_engines
from yawl.engine import AccessLogs, Engine

PATH = "/yawl/v1/{engineId}/{secret}"
ADDRESS = {f"{method} {PATH}" for method in ("POST", "GET", "HEAD")}
#: CloudFormation quotas: resources of a template, and bytes of one that comes from S3.
MOST_RESOURCES, LARGEST_TEMPLATE = 500, 1_000_000
#: IAM quotas: characters of all policies in a role, without white space.
LARGEST_ROLE_POLICIES = 10_240
#: Amazon EventBridge quotas: characters of a pattern.
LARGEST_PATTERN = 2_048


def compact(part: Any) -> str:
    return json.dumps(part, separators=(",", ":"))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """As many engines as a stage may have, with the longest ids, and as many secrets and prefixes as fit a role."""
    engines = tuple(
        replace(
            ENGINES[0],
            id=f"engine-{number:025d}",
            secret_name=f"yawl/metering-{number % 75:04d}",
            access_logs=AccessLogs(
                bucket=f"vendor-access-logs-{number % 3}", prefix=f"balancers/number-{number % 90:04d}"
            ),
        )
        for number in range(MOST_ENGINES)
    )
    network = EngineNetwork(subnet_ids=SUBNETS, security_group_ids=("sg-0123456789abcdef0",))
    stage = replace(with_engines(), engines=engines, engine_network=network)
    return Assembly.of(stage, tmp_path_factory.mktemp("many"))


# --- without engines --------------------------------------------------------------------------------------------------


def test_a_stage_without_engines_has_neither_the_stack_nor_the_route(prod: Assembly) -> None:
    assert prod.stacks() == ["Archive", "Audit", "Data", "Doors", "Events", "Metering", "Watch"]
    assert not ADDRESS & set(routes(prod))
    assert "AnnouncementsUrl" not in prod.template("Doors")["Outputs"]
    assert prod.functions()["usage-queue"]["Environment"]["Variables"]["ENGINE_USAGE_QUEUE_ARN"] == ""


def test_engines_change_nothing_of_tables_and_metering(prod: Assembly, engines: Assembly) -> None:
    for stack in ("Data", "Metering"):
        assert set(engines.template(stack)["Resources"]) == set(prod.template(stack)["Resources"])
    gone = set(prod.template("Doors")["Resources"]) - set(engines.template("Doors")["Resources"])
    # These are named after their content.
    assert not {name for name in gone if "Deployment" not in name and "CurrentVersion" not in name}


# --- engines ----------------------------------------------------------------------------------------------------------


def test_each_engine_is_a_parameter_that_functions_read(engines: Assembly) -> None:
    found = {each["Name"]: each for each in engines.properties("AWS::SSM::Parameter")}
    assert set(found) == {f"/yawl-metering/prod/engines/{engine.id}" for engine in ENGINES}
    for engine in ENGINES:
        parameter = found[f"/yawl-metering/prod/engines/{engine.id}"]
        assert Engine.from_json(parameter["Value"]) == engine
        # A secure parameter cannot be made by CloudFormation; this one holds hashes and names.
        assert (parameter["Type"], parameter.get("Tier", "Standard")) == ("String", "Standard")
        assert len(parameter["Value"].encode()) <= 4096
        # Systems Manager refuses a value with {{, and CloudFormation would look something up.
        assert "{{" not in parameter["Value"]
    for name in ("engine-gateway", "reconcile-engine", "look-after-engines", "read-access-log"):
        assert engines.functions()[name]["Environment"]["Variables"]["ENGINES_PATH"] == "/yawl-metering/prod/engines"


def test_each_engine_is_read_by_the_clock_and_all_are_looked_after(engines: Assembly) -> None:
    read = engines.schedules("reconcile-engine")
    assert {each["Target"]["Input"]: each["ScheduleExpression"] for each in read} == {
        '{"engine":"eng-7"}': "rate(1 minute)",
        '{"engine":"shared"}': "rate(5 minutes)",
    }
    (look,) = engines.schedules("look-after-engines")
    assert look["ScheduleExpression"] == "rate(5 minutes)"
    for schedule in (*read, look):
        # Scheduler takes 60 seconds at least.
        assert 60 <= schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 300
        assert "DeadLetterConfig" in schedule["Target"]


def test_the_gateway_calls_the_readers_alias(engines: Assembly) -> None:
    called = engines.functions()["engine-gateway"]["Environment"]["Variables"]["RECONCILE_FUNCTION"]
    assert engines.called(called) == next(
        name for name, _ in engines.resources("AWS::Lambda::Function") if name.startswith("reconcileengine")
    )


# --- the queues -------------------------------------------------------------------------------------------------------


def test_usage_of_engines_is_ordered_by_customer_and_recorded_by_usage_queue(engines: Assembly) -> None:
    (name,) = [n for n, _ in engines.resources("AWS::SQS::Queue", stack="Yawl") if n[:-8] == "EngineUsageQueue"]
    queue = dict(engines.resources("AWS::SQS::Queue"))[name]["Properties"]
    assert (queue["FifoQueue"], queue["FifoThroughputLimit"]) == (True, "perMessageGroupId")
    mappings = engines.properties("AWS::Lambda::EventSourceMapping", stack="Doors")
    (mapping,) = [m for m in mappings if imported(m["EventSourceArn"].get("Fn::ImportValue", "")) == name]
    function = engines.called(mapping["FunctionName"])
    assert function.startswith("usagequeue")
    timeout = dict(engines.resources("AWS::Lambda::Function"))[function]["Properties"]["Timeout"]
    assert queue["VisibilityTimeout"] >= 6 * timeout
    # Lambda takes ten messages of a FIFO queue at most, and no window to gather them.
    assert (mapping["BatchSize"], "MaximumBatchingWindowInSeconds" in mapping) == (10, False)
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    told = engines.functions()["usage-queue"]["Environment"]["Variables"]["ENGINE_USAGE_QUEUE_ARN"]
    assert told == mapping["EventSourceArn"]


def test_nobody_is_let_into_the_queue_of_engines_usage_by_its_policy(engines: Assembly, company: Assembly) -> None:
    """What comes from there is recorded with all rights: not even a reporter of the stage may send there."""
    for assembly in (engines, company):
        for name, _ in assembly.resources("AWS::SQS::Queue", stack="Yawl"):
            if name.startswith("EngineUsage"):
                assert {entry["Effect"] for entry in statements(assembly, name)} == {"Deny"}, name


# --- access logs ------------------------------------------------------------------------------------------------------


def test_an_access_log_goes_by_a_queue_to_its_function(engines: Assembly) -> None:
    (rule,) = engines.properties("AWS::Events::Rule", stack="Yawl")
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["vendor-access-logs"]}, "object": {"key": [{"prefix": "eng-7/AWSLogs/"}]}},
    }
    (mapping,) = engines.properties("AWS::Lambda::EventSourceMapping", stack="Yawl")
    assert engines.called(mapping["FunctionName"]).startswith("readaccesslog")
    assert mapping["BatchSize"] == 1
    (queue,) = [n for n, _ in engines.resources("AWS::SQS::Queue") if n[:-8] == "AccessLogsQueue"]
    assert [target["Arn"]["Fn::GetAtt"][0] for target in rule["Targets"]] == [queue]
    timeout = engines.functions()["read-access-log"]["Timeout"]
    assert dict(engines.resources("AWS::SQS::Queue"))[queue]["Properties"]["VisibilityTimeout"] >= 6 * timeout


def test_without_access_logs_nothing_waits_for_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    stage = replace(with_engines(), engines=ENGINES[1:])
    assembly = Assembly.of(stage, tmp_path_factory.mktemp("without-logs"))
    assert "read-access-log" not in assembly.functions()
    assert not assembly.properties("AWS::Events::Rule", stack="Yawl")
    # An engine that only announces has no password.
    assert not [
        action
        for statement in assembly.policies_of("reconcile-engine")
        for action in as_list(statement["Action"])
        if action.startswith("secretsmanager:")
    ]


# --- the route --------------------------------------------------------------------------------------------------------


def test_engines_announce_without_a_signature(engines: Assembly, prod: Assembly) -> None:
    """An engine sends no header, so the secret stands in the path. It asks by HEAD before it takes an address."""
    more = {route: how for route, how in routes(engines).items() if route not in routes(prod)}
    assert {route: how for route, how in more.items() if "/usage-page/" not in route} == dict.fromkeys(ADDRESS, "NONE")


def test_no_log_and_no_trace_of_the_api_holds_a_path(engines: Assembly) -> None:
    """API Gateway's traces hold the address as called, and its execution log may."""
    settings = method_settings(engines)
    for route in ADDRESS:
        assert (settings[route]["LoggingLevel"], settings[route]["DataTraceEnabled"]) == ("OFF", False)
        assert settings[route]["MetricsEnabled"] is True
    (stage,) = engines.properties("AWS::ApiGateway::Stage")
    assert not stage.get("TracingEnabled")
    assert all(function["TracingConfig"] == {"Mode": "Active"} for function in engines.functions().values())


def test_an_engines_route_has_limits_of_its_own(engines: Assembly) -> None:
    """An engine announces each step of a case, and repeats nothing: the route takes what a signed one takes."""
    for route in ADDRESS:
        settings = method_settings(engines)[route]
        assert settings["ThrottlingRateLimit"] == engines.stage.requests_per_second
        assert settings["ThrottlingBurstLimit"] == engines.stage.request_burst


# --- network ----------------------------------------------------------------------------------------------------------


def test_only_the_reader_of_logs_is_in_the_vpc(company: Assembly, engines: Assembly) -> None:
    placed = {name: f["VpcConfig"] for name, f in company.functions().items() if "VpcConfig" in f}
    assert placed == {"reconcile-engine": {"SubnetIds": list(SUBNETS), "SecurityGroupIds": ["sg-0123456789abcdef0"]}}
    allowed = {
        action for s in company.policies_of("reconcile-engine") for action in as_list(s["Action"]) if "ec2:" in action
    }
    # Lambda makes and removes the function's interfaces with its role (AWSLambdaVPCAccessExecutionRole).
    assert {"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"} <= allowed
    assert not [f for f in engines.functions().values() if "VpcConfig" in f]


# --- what AWS would refuse --------------------------------------------------------------------------------------------


def test_as_many_engines_as_a_stage_may_have_fit_its_stacks(many: Assembly) -> None:
    for stack in many.stacks():
        template = many.template(stack)
        assert len(template["Resources"]) <= MOST_RESOURCES, stack
        assert len(json.dumps(template, indent=1).encode()) <= LARGEST_TEMPLATE, stack
        # CloudFormation quotas: outputs of a template.
        assert len(template.get("Outputs", {})) <= 200, stack


def test_a_role_has_room_for_the_secrets_and_buckets_of_all_engines(many: Assembly) -> None:
    for name, function in many.functions().items():
        role = function["Role"]["Fn::GetAtt"][0]
        policies = [p for p in many.properties("AWS::IAM::Policy") if {"Ref": role} in p["Roles"]]
        size = sum(len(compact(resolved(policy["PolicyDocument"]))) for policy in policies)
        assert size <= LARGEST_ROLE_POLICIES, f"{name}: {size}"


def resolved(node: Any) -> Any:
    """A part of a template with references as long as AWS makes them, or a little longer."""
    if isinstance(node, list):
        return [resolved(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "Fn::Join" in node:
        return "".join(resolved(node["Fn::Join"][1]))
    if "Ref" in node:
        return {"AWS::Partition": "aws-us-gov", "AWS::AccountId": "111122223333"}.get(node["Ref"], "x" * 130)
    return (
        "x" * 130
        if len(node) == 1 and next(iter(node)).startswith("Fn::")
        else {k: resolved(v) for k, v in node.items()}
    )


def test_eventbridge_takes_the_patterns_of_all_engines(many: Assembly) -> None:
    rules = many.properties("AWS::Events::Rule", stack="Yawl")
    assert {bucket for rule in rules for bucket in rule["EventPattern"]["detail"]["bucket"]["name"]} == {
        f"vendor-access-logs-{number}" for number in range(3)
    }
    for rule in rules:
        assert len(compact(rule["EventPattern"])) <= LARGEST_PATTERN


def test_an_environment_has_room_for_more(many: Assembly) -> None:
    """Lambda quotas: 4 KB. No engine stands there."""
    for function in many.functions().values():
        assert len(compact(function["Environment"]["Variables"])) < 3_000


def test_stacks_depend_on_each_other_one_way(engines: Assembly) -> None:
    manifest = json.loads((engines.folder / "manifest.json").read_text(encoding="utf-8"))
    needs = {
        name.split("-")[-1]: {each.split("-")[-1] for each in artifact.get("dependencies", ()) if "." not in each}
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    assert needs == {
        "Data": set(),
        "Yawl": {"Data"},
        "Doors": {"Data", "Events", "Yawl"},
        "Events": {"Data"},
        "Metering": {"Data", "Events"},
        "Archive": {"Data"},
        "Audit": {"Data", "Metering"},
        "Watch": needs["Watch"],
    }
    assert {"Archive", "Audit", "Doors", "Events", "Metering", "Yawl"} <= needs["Watch"]
