"""The random secret that signs webhooks, which the app has, too."""

import string

from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge

#: Letters and digits, which are base64 of a key of 48 bytes as they are (``buyer.webhook.signature``).
LENGTH = 64
ROTATED_BY_HAND = (
    "the app must know a new value before it counts; it is one command (docs/events.md), and meanwhile both values sign"
)


class WebhookSecret(Construct):
    """Secrets Manager makes it, and no template, variable or output holds it."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="signs the webhooks to the vendor's app",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=LENGTH,
                exclude_punctuation=True,
                # The same for the local cloud, which knows no kinds of characters.
                exclude_characters=string.punctuation,
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
