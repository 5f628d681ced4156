"""A deployment brings a ``seal-hours`` whose environment lacks a variable: every hour stays pending until the code of
before is live again. Then the mended code goes forward.

The runs themselves succeed, because an hour that cannot be sealed does not hold up others.
"""

import json
import shutil
import time
from datetime import UTC, datetime

from local.drill.drilling import Drilling
from local.drill.scenario import Course, Scenario
from local.stage import STAGE, LocalStage
from runtime.clock import iso

STACK = f"YawlMetering-{STAGE}-Metering"
FUNCTION, MISSING = "sealhoursFunction", "PRODUCTS"


def play(drilling: Drilling, course: Course) -> None:
    stage = drilling.stage
    course.buyers = drilling.arrive(2)
    drilling.use(course.buyers)
    drilling.fault()
    began = _deploy_without_variable(stage)
    drilling.until_metered()
    course.minutes = drilling.paged(SCENARIO.alarm, within=90)
    course.at_stake = drilling.units(course.buyers)["pending"]
    drilling.operator.follow("functions-fail", "look", **{"submit-batch": "seal-hours"})
    drilling.operator.follow(SCENARIO.page, "rollback", **{"2026-11-28T12:00:00Z": began})
    drilling.runs_ended()
    stage.cloud.deploy(stage.assembly)
    drilling.use(course.buyers)
    drilling.until_metered()


def _deploy_without_variable(stage: LocalStage) -> str:
    """Deploys the stage's templates, but one function lacks a variable of its environment. Returns when that began.

    As with any change of a function, the template has another version of it, and of the workflow that calls it.
    """
    bad = stage.assembly.parent / "cdk.out-bad"
    shutil.copytree(stage.assembly, bad)
    file = bad / f"{STACK}.template.json"
    text = file.read_text(encoding="utf-8")
    resources = json.loads(text)["Resources"]
    for name, resource in resources.items():
        kind = resource["Type"]
        if (kind == "AWS::Lambda::Version" and name.startswith(FUNCTION)) or kind.endswith("StateMachineVersion"):
            text = text.replace(f'"{name}"', f'"{name}Bad"')
    template = json.loads(text)
    (function,) = [name for name in template["Resources"] if name.startswith(FUNCTION) and "Version" not in name]
    del template["Resources"][function]["Properties"]["Environment"]["Variables"][MISSING]
    file.write_text(json.dumps(template), encoding="utf-8")
    # Versions have the machine's time. DynamoDB and the like go on by the simulated one.
    began = iso(int(datetime.now(UTC).timestamp()))
    time.sleep(1)
    stage.cloud.deploy(bad)
    return began


SCENARIO = Scenario(
    name="bad-deploy",
    happens="a deployment breaks the function that seals hours",
    alarm="FunctionsFail",
    page="bad-deploy",
    play=play,
)
