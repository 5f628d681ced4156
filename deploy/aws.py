"""Calls of AWS. Each names service and operation as texts, so that a test holds the policies of docs/ against them."""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

#: People wait for the answers.
PATIENCE = Config(connect_timeout=3, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 3})
#: AWS's services have no common word for it.
DENIED = (
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedOperation",
    "Forbidden",
    "ForbiddenException",
)


@dataclass(frozen=True)
class Aws:
    """AWS with one account's credentials, in one Region unless a call names another."""

    session: boto3.Session
    region: str

    def ask(self, service: str, operation: str, /, *, region: str | None = None, **request: Any) -> dict[str, Any]:
        """The whole answer, all pages of it. ``operation`` as boto3 names it. Raises ClientError, BotoCoreError."""
        client: Any = self.session.client(service, region_name=region or self.region, config=PATIENCE)  # type: ignore[call-overload]
        if client.can_paginate(operation):
            return dict(client.get_paginator(operation).paginate(**request).build_full_result())
        return dict(getattr(client, operation)(**request))


def code_of(failure: ClientError) -> str:
    """The error code that AWS answered with, for example ``AccessDenied``."""
    return failure.response["Error"]["Code"]


def is_denied(failure: ClientError) -> bool:
    """Whether the caller's credentials lack the right."""
    return code_of(failure) in DENIED
