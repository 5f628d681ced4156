"""AWS STS, as far as a role is assumed there: answers stand in for the network, all else is botocore's own code."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from marketplace import seller
from runtime import aws

_GIVEN = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token-of-{key}</SessionToken>
<Expiration>{ends}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
_REFUSED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code>
<Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>"""


@dataclass
class SecurityTokens:
    """``answer``: makes the next answers. ``asked``: (URL, parameters) of each call, in order."""

    answer: "Callable[[SecurityTokens], tuple[int, str]]"
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __call__(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        self.asked.append((request.url, {name: values[0] for name, values in parse_qs(body).items()}))
        status, text = self.answer(self)
        return AWSResponse(request.url, status, HTTPHeaders(), _Raw(text.encode()))


class _Raw(BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def given(seconds: float = 3600) -> Callable[[SecurityTokens], tuple[int, str]]:
    """Credentials that live so long; their access keys count up: ``ASIA1``, ``ASIA2``."""

    def answer(tokens: SecurityTokens) -> tuple[int, str]:
        ends = datetime.now(UTC) + timedelta(seconds=seconds)
        return 200, _GIVEN.format(key=f"ASIA{len(tokens.asked)}", ends=ends.isoformat())

    return answer


def refused(code: str, status: int) -> Callable[[SecurityTokens], tuple[int, str]]:
    return lambda _: (status, _REFUSED.format(code=code))


def silent(error: Exception) -> Callable[[SecurityTokens], tuple[int, str]]:
    """The call ends in an error of the network."""

    def answer(_: SecurityTokens) -> tuple[int, str]:
        raise error

    return answer


@contextmanager
def security_tokens(answer: Callable[[SecurityTokens], tuple[int, str]]) -> Iterator[SecurityTokens]:
    """Whatever assumes a role meanwhile is answered by this."""
    tokens = SecurityTokens(answer)
    handler: Any = tokens
    _forget()
    aws.session().register("before-send.sts.AssumeRole", handler)
    try:
        yield tokens
    finally:
        _forget()


def _forget() -> None:
    """Sessions and credentials are kept for the process's life."""
    aws.session.cache_clear()
    seller._assumed.cache_clear()
