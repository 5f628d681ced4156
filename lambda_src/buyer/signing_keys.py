"""The keys that sign what buyers carry: a secret in AWS Secrets Manager, its value and the one before.

A rotation makes a new value AWSCURRENT and the old one AWSPREVIOUS (Secrets Manager user guide, "Secret versions"), so
the keys still verify what was signed before the rotation.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any, Self, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from itsdangerous import BadData

from buyer.registration.refusal import store_unavailable
from marketplace.faults import classify
from runtime import aws

#: Seconds for which fetched keys are used: after them every copy of the function knows of a rotation.
KEPT = 300.0
#: Seconds for which keys are not fetched again for a signature that they do not verify.
SOON = 10.0
#: A buyer waits, so two attempts of each call end within a few seconds.
_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})

T = TypeVar("T")


class SigningKeys:
    """The keys, fetched when they are first needed and then kept for a while."""

    def __init__(self, client: Any, secret_arn: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """client: botocore's of Secrets Manager. monotonic: seconds, for the age of the keys."""
        self._client = client
        self._secret_arn = secret_arn
        self._monotonic = monotonic
        self._keys: tuple[str, ...] = ()
        self._fetched_at = float("-inf")

    @classmethod
    def connect(cls, secret_arn: str) -> Self:
        """The keys of the secret with this ARN, read with the function's own credentials."""
        return cls(_client(), secret_arn)

    def oldest_first(self, at_most_old: float = KEPT) -> tuple[str, ...]:
        """The keys, fetched at most so many seconds ago. Raises ApiError unavailable if there are none.

        While Secrets Manager does not answer, the keys that were fetched last are used.
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

    def verified(self, read: Callable[[tuple[str, ...]], T]) -> T:
        """What ``read`` makes of a signed text with the keys; asked again with keys fetched just now where none of them
        has signed it, since a younger one may have. Raises itsdangerous' BadData, ApiError unavailable."""
        try:
            return read(self.oldest_first())
        except BadData:
            return read(self.oldest_first(at_most_old=SOON))

    def _fetch(self) -> tuple[str, ...]:
        current = self._value("AWSCURRENT")
        try:
            return self._value("AWSPREVIOUS"), current
        except self._client.exceptions.ResourceNotFoundException:
            # The secret was never rotated.
            return (current,)

    def _value(self, label: str) -> str:
        return str(self._client.get_secret_value(SecretId=self._secret_arn, VersionStage=label)["SecretString"])


@cache
def _client() -> Any:
    """One client for all secrets: making another takes as long as importing the page."""
    return aws.client("secretsmanager", config=_CONFIG)
