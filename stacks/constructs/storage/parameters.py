"""Parameters of the Systems Manager below one path, and the rights to read them."""

from collections.abc import Mapping

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.constructs.functions.function import Function


class Parameters(Construct):
    """Standard parameters: ``<path>/<name>`` holds a text of at most 4,096 bytes."""

    def __init__(self, scope: Construct, id_: str, *, path: str, texts: Mapping[str, str], description: str) -> None:
        """path: begins with a slash and does not end with one. texts: by name."""
        super().__init__(scope, id_)
        self.path = path
        for name, text in texts.items():
            ssm.StringParameter(
                self, name, parameter_name=f"{path}/{name}", string_value=text, description=f"{description} {name}"
            )

    def grant_read(self, function: Function) -> None:
        """Let the function read all of them. IAM looks at the path that is asked for, and not at what is below it."""
        arn = f"arn:{Aws.PARTITION}:ssm:{Stack.of(self).region}:{Aws.ACCOUNT_ID}:parameter{self.path}"
        statement = iam.PolicyStatement(actions=["ssm:GetParametersByPath"], resources=[arn])
        function.function.add_to_role_policy(statement)
