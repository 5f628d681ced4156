"""A bare stack of another project: no construct needs a stage or a stack of this one."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack

from runtime.settings import RefuseUsageSettings
from stacks.constructs.alarms.bound import Alarms
from stacks.constructs.alarms.routes import AlarmRoutes
from stacks.constructs.functions.asset import FunctionAsset
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.functions.function import RUNTIME, Function
from stacks.constructs.functions.functions import Functions
from tests.synthesized import context

HANDLER = "def handle(event, context):\n    return event\n"


class Foreign:
    """The stack knows neither its account nor its Region; the functions' source is a folder of its own."""

    def __init__(self, folder: Path) -> None:
        source = folder / "source"
        source.mkdir()
        (source / "theirs.py").write_text(HANDLER, encoding="utf-8")
        (source / "requirements.txt").write_text("", encoding="utf-8")
        self.app = App(context=context(), outdir=str(folder / "out"), analytics_reporting=False)
        self.stack = Stack(self.app, "Foreign")
        self.environment = FunctionEnvironment(
            metrics_namespace="Foreign", log_group_prefix="/foreign", log_retention_days=7, log_level="INFO"
        )
        self.functions = Functions(
            scope=self.stack,
            code=FunctionAsset(source=source, runtime=RUNTIME).code(),
            environment=self.environment,
            settings={"SUBSCRIBERS_TABLE": "buyers", "NOT_ASKED_FOR": "x"},
            timeout=Duration.seconds(30),
        )

    def function(self, id_: str = "report", handler: str = "theirs.handle") -> Function:
        return self.functions.add(id_, handler, RefuseUsageSettings, "foreign")

    def alarms(self, *, page: tuple[str, ...] = ()) -> Alarms:
        routes = AlarmRoutes(self.stack, "Routes", page=page, ticket=[])
        return Alarms(scope=self.stack, routes=routes, namespace="Foreign")

    def resources(self, kind: str) -> list[dict[str, Any]]:
        folder = Path(self.app.synth().directory)
        template = json.loads((folder / "Foreign.template.json").read_text(encoding="utf-8"))
        return [entry.get("Properties", {}) for entry in template["Resources"].values() if entry["Type"] == kind]


@pytest.fixture
def foreign(tmp_path: Path) -> Foreign:
    return Foreign(tmp_path)
