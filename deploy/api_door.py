"""Calls of the deployed API, unsigned or signed with the credentials at hand."""

import json
from typing import Any, NamedTuple

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

#: Seconds. API Gateway itself gives up after 29.
TIMEOUT = 35
SERVICE = "execute-api"


class Answer(NamedTuple):
    """An answer of the API. ``json`` is the body where it is JSON, else None."""

    status: int
    content_type: str
    json: Any

    @property
    def code(self) -> str:
        """The code of the API's own error answer; empty where it has none."""
        error = self.json.get("error") if isinstance(self.json, dict) else None
        return str(error.get("code", "")) if isinstance(error, dict) else ""


def get(url: str) -> Answer:
    """The answer to one unsigned GET; follows no redirect. Raises BotoCoreError where nothing answers."""
    return _send(AWSRequest(method="GET", url=url, headers={"Accept": "text/html, application/json"}))


class ApiDoor:
    """The API at one address, called with the caller's credentials."""

    def __init__(self, url: str, session: boto3.Session, region: str) -> None:
        self._url = url
        self._session = session
        self._region = region

    def call(self, method: str, path: str, body: Any = None, *, signed: bool = True) -> Answer:
        """The answer to one request. ``path`` begins with a slash. Raises BotoCoreError where nothing answers."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if data else {})
        request = AWSRequest(method=method, url=f"{self._url}{path}", data=data, headers=headers)
        credentials = self._session.get_credentials() if signed else None
        if credentials is not None:
            SigV4Auth(credentials, SERVICE, self._region).add_auth(request)
        return _send(request)


def _send(request: AWSRequest) -> Answer:
    prepared = request.prepare()
    response = URLLib3Session(proxies=get_environ_proxies(prepared.url), timeout=TIMEOUT).send(prepared)
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    return Answer(response.status_code, response.headers.get("Content-Type", ""), body)
