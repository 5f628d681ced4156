"""The stage's secret in moto's Secrets Manager, which can be rotated, and can fail."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Secret:
    """Stands for botocore's client, too: ``get_secret_value`` is its own unless ``failing`` is set."""

    client: Any
    arn: str
    failing: Exception | None = None
    reads: list[str] = field(default_factory=list)

    @classmethod
    def create(cls, client: Any) -> "Secret":
        made = client.create_secret(Name="session-secret", SecretString="first-" + "k" * 58)
        return cls(client, made["ARN"])

    @property
    def exceptions(self) -> Any:
        return self.client.exceptions

    def get_secret_value(self, **request: Any) -> Any:
        self.reads.append(request["VersionStage"])
        if self.failing is not None:
            raise self.failing
        return self.client.get_secret_value(**request)

    def rotate(self, value: str) -> None:
        """As the operations' page does it: the value becomes AWSCURRENT, the one before it AWSPREVIOUS."""
        self.client.put_secret_value(SecretId=self.arn, SecretString=value)
