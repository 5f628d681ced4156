"""The keys that sign sessions: the stage's secret in AWS Secrets Manager, its value and the one before.

A rotation makes a new value AWSCURRENT and the old one AWSPREVIOUS (Secrets Manager user guide, "Secret versions"), so
what was signed before it is verified after it.
"""

import time
from collections.abc import Callable
from typing import Any, Self

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from marketplace.faults import classify
from registration.refusal import store_unavailable
from runtime import aws

#: seconds for which fetched keys are used: a rotation has come everywhere by then
KEPT = 300.0
#: a buyer waits: two attempts of each call are over in a few seconds
_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})


class SessionKeys:
    """Fetched when first needed, then kept for a while."""

    def __init__(self, client: Any, secret_arn: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """client: botocore's of Secrets Manager."""
        self._client = client
        self._secret_arn = secret_arn
        self._monotonic = monotonic
        self._keys: tuple[str, ...] = ()
        self._fetched_at = float("-inf")

    @classmethod
    def connect(cls, secret_arn: str) -> Self:
        return cls(aws.client("secretsmanager", config=_CONFIG), secret_arn)

    def oldest_first(self, at_most_old: float = KEPT) -> tuple[str, ...]:
        """The keys, fetched at most so many seconds ago. Raises ApiError unavailable where there are none to be had.

        While Secrets Manager does not answer, those fetched last are good.
        """
        asked_at = self._monotonic()
        if asked_at - self._fetched_at > at_most_old:
            try:
                self._keys = self._fetch()
                self._fetched_at = asked_at
            except (ClientError, BotoCoreError) as error:
                fault = classify(error)
                if not (self._keys and fault.retryable):
                    raise store_unavailable(fault) from None
        return self._keys

    def _fetch(self) -> tuple[str, ...]:
        current = self._value("AWSCURRENT")
        try:
            return self._value("AWSPREVIOUS"), current
        except self._client.exceptions.ResourceNotFoundException:
            # never rotated
            return (current,)

    def _value(self, label: str) -> str:
        return str(self._client.get_secret_value(SecretId=self._secret_arn, VersionStage=label)["SecretString"])
