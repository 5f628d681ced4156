"""A random secret that signs what buyers carry: the registration page's sessions, hand-overs, links to usage pages."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge

#: Letters and digits: some 380 bits, more than the signature has.
LENGTH = 64
ROTATED_BY_HAND = (
    "its signatures live days at most; a new value is one command (docs/operations.md), and signatures of the value"
    " before it stay valid"
)


class SigningSecret(Construct):
    """A secret that signs. Secrets Manager makes it, and no template, variable or output holds it."""

    def __init__(self, scope: Construct, id_: str, *, signs: str) -> None:
        """signs: what it signs, in words."""
        super().__init__(scope, id_)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description=f"signs {signs}",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=LENGTH, exclude_punctuation=True
            ),
        )
        acknowledge(self.secret, {"AwsSolutions-SMG4": ROTATED_BY_HAND})

    @property
    def arn(self) -> str:
        """The secret's ARN."""
        return self.secret.secret_arn

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Let the grantee read the secret's value, of any version."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["secretsmanager:GetSecretValue"], resource_arns=[self.secret.secret_arn]
        )
