"""Calls the deployed REST API, unsigned or signed by a caller (SigV4, which routes with IAM ask for)."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from local.cloud.accounts import LocalSession


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. ``json`` is the decoded body, None where that is not JSON. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any


class Answered(NamedTuple):
    """A request that was answered. at: when it was sent, in epoch seconds of this machine."""

    at: float
    status: int
    seconds: float


class RestApi:
    """One stage of one API. It keeps its connections, and threads may share it.

        api = cloud.rest_api(outputs["Doors"]["ApiId"], "local")
        api.call("GET", "/health")
        api.call("POST", "/usage", {"events": [...]}, caller=usage_sender)

    The address has the API's path form, because the host name of the ``RestUrl`` output is AWS's. ``answered`` has
    every request that was answered.
    """

    def __init__(self, endpoint: str, api_id: str, stage: str, *, timeout: float = 60.0) -> None:
        self.url = f"{endpoint}/restapis/{api_id}/{stage}/_user_request_"
        self.answered: list[Answered] = []
        self._pool = urllib3.PoolManager(
            maxsize=32, block=True, timeout=timeout, retries=urllib3.Retry(connect=2, read=False, redirect=False)
        )

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        caller: LocalSession | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends a request, signed if it has a ``caller``, and returns the answer.

        Text and bytes go as they are, any other ``body`` goes as JSON.
        """
        sent = dict(headers or {})
        if body is not None and not isinstance(body, str | bytes):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        data = body.encode() if isinstance(body, str) else body
        url = f"{self.url}{path}"
        if caller is not None:
            credentials = caller.get_credentials()
            assert credentials is not None
            request = AWSRequest(method=method, url=url, data=data or b"", headers=sent)
            SigV4Auth(credentials, "execute-api", caller.region_name).add_auth(request)
            sent = dict(request.headers.items())
        at = time.time()
        response = self._pool.request(method, url, body=data, headers=sent)
        self.answered.append(Answered(at, response.status, time.time() - at))
        text = response.data.decode("utf-8", errors="replace")
        try:
            decoded = json.loads(text)
        except ValueError:
            decoded = None
        return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, text, decoded)
