"""A stage's cloud assembly for tests: templates as plain JSON, synthesized once, without bundling."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from buyer.usage_page.settings import PageSettings
from stacks import stage as stages
from stacks import synth
from yawl.engine import AccessLogs, Dimensions, Engine

STAGES = synth.ROOT / "stages"
PRODUCT_CODE = "1234567890abcdefghijklmno"
ACCOUNT = "111122223333"
#: What the shipped files leave to the deployer, filled in.
FILLED_IN = {
    'productCode = ""': f'productCode = "{PRODUCT_CODE}"',
    'account = ""': f'account = "{ACCOUNT}"',
    "page = []": 'page = ["oncall@yawl-vendor.com"]',
    "ticket = []": 'ticket = ["billing@yawl-vendor.com"]',
}
Resource = dict[str, Any]


def context() -> dict[str, Any]:
    # bundling costs seconds and templates do not depend on it: the asset's hash is known without
    return {**synth.cdk_json_context(), "aws:cdk:bundling-stacks": []}


def shipped(name: str) -> stages.Stage:
    """A shipped stage, with what its files leave to the deployer filled in."""
    if name == "local":
        return stages.load(name, folder=STAGES, product_code=PRODUCT_CODE)
    with TemporaryDirectory() as folder:
        return stages.load(name, folder=filled_in(Path(folder)), product_code=PRODUCT_CODE)


#: An engine of one customer that reports everything, and one that several customers share.
ENGINES = (
    Engine(
        id="eng-7",
        since=1_796_083_200,
        customers={"": "l-0123456789"},
        dimensions=Dimensions(
            executions="workflow_executions",
            worklets="worklet_invocations",
            users="active_users",
            calls="api_calls",
            gigabytes="data_processed_gb",
        ),
        address="https://engine.vendor.com/yawl",
        resource_address="https://engine.vendor.com/resourceService",
        user="metering",
        secret_name="yawl/eng-7",
        secret_hashes=("a" * 64,),
        poll_minutes=1,
        access_logs=AccessLogs(bucket="vendor-access-logs", prefix="eng-7"),
    ),
    Engine(
        id="shared",
        since=1_796_083_200,
        mode="push-only",
        attributed_by="launching-service",
        customers={"http://shop.vendor.com/ib": "l-1", "http://bank.vendor.com/ib": "l-2"},
        dimensions=Dimensions(executions="workflow_executions"),
        secret_hashes=("b" * 64, "c" * 64),
    ),
)


def with_engines() -> stages.Stage:
    """As in production, with all that a stage may have: YAWL engines, backups, an app that takes events and hand-overs,
    mails, buyers' usage pages; agreements are searched, and the ledger is compared with every book."""
    compared = stages.ReconciliationSettings(dataset_bucket="seller-feeds", invoices=True)
    return replace(
        shipped("prod"),
        engines=ENGINES,
        reconciliation=compared,
        backup=stages.BackupSettings(keep_days=35),
        events=stages.EventSettings(thresholds=(50,), queue_readers=("arn:aws:iam::444455556666:role/app",)),
        webhook=stages.WebhookSettings(url="https://app.vendor.com/aws-marketplace"),
        agreements=stages.AgreementsSettings(search=True, product_id="prod-abcdefghijklm"),
        handover=stages.Handover(url="https://app.vendor.com/marketplace"),
        email=stages.Email(vendor=("sales@vendor.com",), buyer_from="hello@vendor.com"),
        usage_page=PageSettings(embed_in=("https://app.yawl-vendor.com",)),
    )


def filled_in(folder: Path) -> Path:
    """A copy of ``stages``, in that folder, with what the files leave to the deployer filled in."""
    copy = folder / "stages"
    copy.mkdir()
    for file in STAGES.glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        for empty, filled in FILLED_IN.items():
            text = text.replace(empty, filled)
        (copy / file.name).write_text(text, encoding="utf-8")
    return copy


@dataclass(frozen=True)
class Assembly:
    stage: stages.Stage
    folder: Path

    @classmethod
    def of(cls, stage: stages.Stage, folder: Path) -> "Assembly":
        synth.build(stage, context=context(), out=folder).synth()
        return cls(stage, folder)

    def stacks(self) -> list[str]:
        return sorted(path.name.split(".")[0].split("-")[-1] for path in self.folder.glob("*.template.json"))

    def template(self, stack: str) -> dict[str, Any]:
        """``stack``: Data, Doors, Metering, Watch, Yawl or Notices."""
        path = self.folder / f"YawlMetering-{self.stage.name}-{stack}.template.json"
        return dict(json.loads(path.read_text(encoding="utf-8")))

    @cached_property
    def templates(self) -> dict[str, dict[str, Any]]:
        """Every stack's template, by the stack's name."""
        return {stack: self.template(stack) for stack in self.stacks()}

    @cached_property
    def _resources(self) -> dict[tuple[str, str], Resource]:
        return {
            (stack, name): resource
            for stack in self.stacks()
            for name, resource in self.template(stack)["Resources"].items()
        }

    def resources(self, kind: str, *, stack: str | None = None) -> Iterator[tuple[str, Resource]]:
        """Logical ids and resources of a type, in one stack or in all."""
        for (where, name), resource in self._resources.items():
            if resource["Type"] == kind and stack in (None, where):
                yield name, resource

    def properties(self, kind: str, *, stack: str | None = None) -> list[dict[str, Any]]:
        return [resource.get("Properties", {}) for _, resource in self.resources(kind, stack=stack)]

    def workflow(self, id_: str) -> dict[str, Any]:
        """A state machine's definition, by the construct's id; tokens become their names."""
        machines = dict(self.resources("AWS::StepFunctions::StateMachine"))
        (machine,) = [resource for name, resource in machines.items() if name.startswith(id_)]
        parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
        return dict(json.loads("".join(part if isinstance(part, str) else next(iter(part)) for part in parts)))

    def states(self, id_: str) -> dict[str, dict[str, Any]]:
        """All states of a state machine by name, those within Map and Parallel states too."""
        return _at_every_depth(self.workflow(id_))

    def functions(self) -> dict[str, dict[str, Any]]:
        """Properties of every function by its service name, for example ``seal-hours``."""
        found = {}
        for _, resource in self.resources("AWS::Lambda::Function"):
            properties = resource["Properties"]
            group = properties["LoggingConfig"]["LogGroup"]["Ref"]
            found[self.log_group(group).rsplit("/", 1)[-1]] = properties
        return found

    def called(self, name: Any) -> str:
        """The function, by logical id, behind what names its alias."""
        aliases = {id_: resource["Properties"] for id_, resource in self.resources("AWS::Lambda::Alias")}
        (alias,) = set(references(name)) & set(aliases)
        return str(aliases[alias]["FunctionName"]["Ref"])

    def schedules(self, started: str) -> list[dict[str, Any]]:
        """Properties of the schedules that start the alias of a function or a workflow, by the construct's id."""
        alias = f"{started.replace('-', '')}Live"
        every = self.properties("AWS::Scheduler::Schedule")
        found = [schedule for schedule in every if str(schedule["Target"]["Arn"].get("Ref")).startswith(alias)]
        assert found, f"no schedule starts {started}"
        return found

    def log_group(self, logical_id: str) -> str:
        groups = dict(self.resources("AWS::Logs::LogGroup"))
        return str(groups[logical_id]["Properties"]["LogGroupName"])

    def policies_of(self, function: str) -> list[dict[str, Any]]:
        """The IAM statements of a function's role."""
        role = self.functions()[function]["Role"]["Fn::GetAtt"][0]
        return [
            statement
            for policy in self.properties("AWS::IAM::Policy")
            if {"Ref": role} in policy["Roles"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def imported(export: str) -> str:
    """The logical id in another stack behind an export's name, as CDK makes it of a Ref or of an ARN."""
    name = export.partition(":ExportsOutput")[2][:-8]
    return name.removeprefix("Ref") if name.startswith("Ref") else name.removeprefix("FnGetAtt").removesuffix("Arn")


def references(node: Any) -> Iterator[str]:
    """Every logical id that a part of a template mentions, also of another stack."""
    for kind, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if kind == "Ref":
            yield value
        elif kind == "Fn::GetAtt":
            yield value[0]
        elif kind == "Fn::ImportValue":
            yield imported(value)
        else:
            yield from references(value)


def _at_every_depth(machine: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, state in machine["States"].items():
        inner = [state["ItemProcessor"]] if state["Type"] == "Map" else state.get("Branches", [])
        for states in ({name: state}, *map(_at_every_depth, inner)):
            assert not found.keys() & states.keys(), "a name is that of one state (Amazon States Language)"
            found |= states
    return found
