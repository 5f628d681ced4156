"""A stage's secret in AWS Secrets Manager, which can be rotated, and can fail."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any


class ResourceNotFound(Exception):
    """Secrets Manager's answer for a version stage that no version has."""


@dataclass
class Secret:
    """botocore's client of Secrets Manager, as far as ``SigningKeys`` uses it. labels: the value of each stage."""

    arn: str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:session"
    labels: dict[str, str] = field(default_factory=lambda: {"AWSCURRENT": "first-" + "k" * 58})
    failing: Exception | None = None
    reads: list[str] = field(default_factory=list)
    exceptions: Any = field(default_factory=lambda: SimpleNamespace(ResourceNotFoundException=ResourceNotFound))

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, str]:
        assert SecretId == self.arn
        self.reads.append(VersionStage)
        if self.failing is not None:
            raise self.failing
        if VersionStage not in self.labels:
            raise ResourceNotFound
        return {"SecretString": self.labels[VersionStage]}

    def rotate(self, value: str) -> None:
        """The value becomes AWSCURRENT, the one before it AWSPREVIOUS."""
        self.labels = {"AWSCURRENT": value, "AWSPREVIOUS": self.labels["AWSCURRENT"]}


@dataclass
class Secrets:
    """botocore's client of Secrets Manager, for several secrets by their ARNs."""

    made: dict[str, Secret]
    exceptions: Any = field(default_factory=lambda: SimpleNamespace(ResourceNotFoundException=ResourceNotFound))

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, str]:
        return self.made[SecretId].get_secret_value(SecretId=SecretId, VersionStage=VersionStage)
