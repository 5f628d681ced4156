"""Names of resources as the page has them: the same in every stage, whatever a template refers to them by."""

import re
from collections.abc import Mapping
from typing import Any

from tests.synthesized import Assembly

#: How CDK ends a logical id: the hash of its path. A version's id ends in the hash of its code, too.
HASH = r"[0-9A-F]{8}([0-9a-f]{32})?$"

#: What ARNs and parts of ARNs become; the first that matches counts.
PATTERNS = (
    (r"\*", "everything"),
    (r"(table \w+)/index/(\w+)", r"\1, index \2"),
    (r"arn:aws:dynamodb:[^:]*:[^:]*:table/(yawl-[a-z-]+?)(-local|-dev)?/stream/\*", r"streams of \1"),
    (r"(function [a-z-]+):\*", r"\1, any version"),
    (r"arn:aws:states:[^:]*:[^:]*:execution:workflow (\w+):\*", r"executions of workflow \1"),
    (r"arn:aws:logs:[^:]*:[^:]*:log-group:/yawl-metering/\w+/([a-z-]+)", r"log group of \1"),
    (r"arn:aws:logs:[^:]*:[^:]*:log-group:/yawl-metering/\w+/([a-z-]+):\*", r"streams of the log group of \1"),
    (r"arn:aws:cloudformation:[^:]*:[^:]*:stack/YawlMetering-\w+-(\w+)/\*", r"stack \1"),
    (r"(bucket \w+)/table=\*", r"objects of \1"),
    (r"arn:aws:s3:::[^/]+", "bucket of the usage feed"),
    (r"arn:aws:s3:::[^/]+/\*", "objects of the usage feed"),
    (r"arn:aws:s3:::[^/]+/.*AWSLogs/\*", "access logs of a load balancer"),
    (r"arn:aws:ssm:[^:]*:[^:]*:parameter/yawl-metering/\w+/engines", "path of the engines' parameters"),
    (r"arn:aws:secretsmanager:[^:]*:[^:]*:secret:.*", "secrets of engines"),
    (r"arn:aws:kms:.*", "the company's key"),
    (r"arn:aws:iam::[^:]*:role/.*", "the seller's role"),
    (r"arn:aws:events:[^:]*:[^:]*:event-bus/default", "the stage's event bus"),
    (r"arn:aws:sqs:[^:]*:[^:]*:YawlMetering-.*\*", "every queue of the stage"),
    (r"arn:aws:ses:[^:]*:[^:]*:identity/.*", "the sender's identity"),
)


class Names:
    """Of the resources of one assembly."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._outputs = {
            (f"YawlMetering-{assembly.stage.name}-{stack}", name): (stack, output["Value"])
            for stack, template in assembly.templates.items()
            for name, output in template.get("Outputs", {}).items()
        }
        self._exports = {
            output["Export"]["Name"]: (stack, output["Value"])
            for stack, template in assembly.templates.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def of(self, stack: str, value: Any) -> str:
        """What a statement of a stack's template allows something on. Raises ValueError for what has no name here."""
        text = self._text(stack, value)
        for pattern, name in PATTERNS:
            if found := re.fullmatch(pattern, text):
                return found.expand(name)
        if "arn:" in text:
            raise ValueError(f"add a name for {text} to tests/rights/names.py")
        return text

    def _text(self, stack: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        ((kind, of),) = value.items()
        if kind == "Fn::Join":
            return str(of[0]).join(self._text(stack, part) for part in of[1])
        if kind == "Fn::ImportValue":
            return self._text(*self._exports[of])
        if kind == "Fn::GetStackOutput":
            return self._text(*self._outputs[of["StackName"], of["OutputName"]])
        if kind == "Ref" and of.startswith("AWS::"):
            return "aws" if of == "AWS::Partition" else "*"
        return self._resource(stack, *((of, "Arn") if kind == "Ref" else of))

    def _resource(self, stack: str, id_: str, attribute: str) -> str:
        resource = self._assembly.templates[stack]["Resources"][id_]
        kind, properties = resource["Type"], resource.get("Properties", {})
        name = re.sub(HASH, "", id_)
        if kind == "AWS::DynamoDB::Table":
            return f"{'stream of ' * (attribute == 'StreamArn')}table {name.removesuffix('Table')}"
        if kind == "AWS::StepFunctions::StateMachine":
            return f"workflow {name.removesuffix('Machine')}"
        if kind == "AWS::Lambda::Function":
            return f"function {self.function(stack, properties)}"
        if kind in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
            function = self._assembly.templates[stack]["Resources"][properties["FunctionName"]["Ref"]]["Properties"]
            which = "alias live" if kind.endswith("Alias") else "this version"
            return f"function {self.function(stack, function)}, {which}"
        if kind == "AWS::Logs::LogGroup":
            return "its log group" if "/" in properties["LogGroupName"] else name
        return f"{kind.rsplit('::', 1)[-1].lower()} {name.removesuffix('Bucket')}"

    def function(self, stack: str, properties: Mapping[str, Any]) -> str:
        """A function as the code calls it: its log group has that name."""
        group = self._assembly.templates[stack]["Resources"][properties["LoggingConfig"]["LogGroup"]["Ref"]]
        return str(group["Properties"]["LogGroupName"]).rsplit("/", 1)[-1]
