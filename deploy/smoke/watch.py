"""All alarms exist with their actions on, and none rings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy.deployed_stage import DeployedStage
from deploy.line import Line, green, red
from stacks.stage import Stage

ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
#: DescribeAlarms takes so many names.
NAMES_AT_ONCE = 100


def alarm_lines(stage: Stage, wanted: Sequence[str], found: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """The alarms that ring or are missing. wanted: the names in the stacks. found: from DescribeAlarms."""
    about, deploy = "alarms", f"run `make deploy STAGE={stage.name}`"
    if not wanted:
        yield red(about, "there are none", deploy)
        return
    by_name = {alarm["AlarmName"]: alarm for alarm in found}
    missing = [name for name in wanted if name not in by_name]
    for name in missing:
        yield red(f"alarm {name}", "is not there any more", f"{deploy}, after the stack's drift is mended")
    for name, alarm in by_name.items():
        if alarm["StateValue"] == "ALARM":
            meaning = alarm.get("AlarmDescription") or alarm.get("StateReason", "")
            yield red(f"alarm {name}", f"rings: {meaning}", "do what docs/operations.md says of it")
    switched_off = [name for name, alarm in by_name.items() if not alarm.get("ActionsEnabled", True)]
    for name in switched_off:
        yield red(f"alarm {name}", "has its actions switched off", "switch them on again (EnableAlarmActions)")
    if not missing:
        ringing = sum(alarm["StateValue"] == "ALARM" for alarm in by_name.values())
        yield green(about, f"all {len(wanted)} are in place, {ringing or 'none'} of them in ALARM")


def watch_lines(deployed: DeployedStage) -> Iterator[Line]:
    """Ask CloudWatch for the stage's alarms in each Region, and judge them."""
    by_region: dict[str, list[str]] = {}
    for alarm in deployed.of_type(ALARM, COMPOSITE):
        # A composite's physical id is its name or its ARN (CloudFormation reference, return values).
        by_region.setdefault(alarm.region, []).append(alarm.name.rsplit(":", 1)[-1])
    wanted, found = [], []
    for region, names in by_region.items():
        wanted += names
        for first in range(0, len(names), NAMES_AT_ONCE):
            answer = deployed.aws.ask(
                "cloudwatch",
                "describe_alarms",
                region=region,
                AlarmNames=names[first : first + NAMES_AT_ONCE],
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            )
            found += [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
    yield from alarm_lines(deployed.stage, wanted, found)
