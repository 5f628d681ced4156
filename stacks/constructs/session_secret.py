"""The random secret that signs the sessions of the registration page."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge

#: letters and digits: some 380 bits, more than the signature's
LENGTH = 64
ROTATED_BY_HAND = (
    "what it signs lives four hours; a new value is one command (docs/operations.md), and what the value before it has"
    " signed is verified still"
)


class SessionSecret(Construct):
    """Made by Secrets Manager and seen by nobody: no template, no variable and no output holds it."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="signs the sessions of the registration page",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=LENGTH, exclude_punctuation=True
            ),
        )
        acknowledge(self.secret, {"AwsSolutions-SMG4": ROTATED_BY_HAND})

    @property
    def arn(self) -> str:
        return self.secret.secret_arn

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Its value, of any version; nothing else of it."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["secretsmanager:GetSecretValue"], resource_arns=[self.secret.secret_arn]
        )
