"""The secret of these tests answers as AWS Secrets Manager does (here moto's)."""

from collections.abc import Callable
from typing import Any

from botocore.session import get_session
from moto import mock_aws

from tests.unit.buyer.registration.secret import Secret


def answers(client: Any, arn: str, rotate: Callable[[str], Any]) -> list[str]:
    found = []
    for value in (None, "second", "third"):
        if value is not None:
            rotate(value)
        for stage in ("AWSCURRENT", "AWSPREVIOUS"):
            try:
                found.append(client.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"])
            except client.exceptions.ResourceNotFoundException:
                found.append("none")
    return found


def test_the_secret_of_these_tests_answers_as_secrets_manager_does() -> None:
    double = Secret()
    with mock_aws():
        client: Any = get_session().create_client("secretsmanager", region_name="us-east-1")
        arn = client.create_secret(Name="session-secret", SecretString=double.labels["AWSCURRENT"])["ARN"]

        def rotate(value: str) -> None:
            client.put_secret_value(SecretId=arn, SecretString=value)

        expected = answers(client, arn, rotate)
    assert answers(double, double.arn, double.rotate) == expected
    assert expected[1:] == ["none", "second", expected[0], "third", "second"]
