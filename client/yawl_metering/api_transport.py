"""``POST /usage`` of the metering system's API, signed (SigV4, ``execute-api``) with the usual chain of credentials."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.httpsession import URLLib3Session
from botocore.session import Session

from yawl_metering.replay import Frozen
from yawl_metering.transport import Answered, Outcome, Rejected, Unavailable, Verdict, body_of

#: request-level codes of the API that an event could be the cause of
_ABOUT_THE_BODY = {"bad_json", "bad_request", "no_events", "too_many_events", "payload_too_large"}
_VERDICTS = {"recorded", "voided", "duplicate", "refused", "retry_later"}
_HOST_REGION = re.compile(r"\.execute-api\.([a-z0-9-]+)\.")


class ApiTransport:
    """``endpoint``: the output ``ApiUrl`` of the metering system, with or without the slash at its end."""

    one_customer = False

    def __init__(
        self, endpoint: str, *, region: str | None = None, session: Session | None = None, timeout: int = 30
    ) -> None:
        self._url = f"{endpoint.rstrip('/')}/usage"
        self._session = session or Session()
        named = _HOST_REGION.search(endpoint)
        found = region or (named[1] if named else None) or self._session.get_config_variable("region")
        if not found:
            raise ValueError("region: name the Region of the API")
        self._region: str = found
        self._http = URLLib3Session(timeout=timeout)

    def send(self, events: Sequence[Frozen]) -> Outcome:
        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                return Unavailable("no AWS credentials were found")
            request = AWSRequest("POST", self._url, {"Content-Type": "application/json"}, body_of(events))
            SigV4Auth(credentials, "execute-api", self._region).add_auth(request)
            response = self._http.send(request.prepare())
            content = response.content
        except (BotoCoreError, HTTPClientError, OSError) as error:
            # the error's own words may hold an address or a path, never an event
            return Unavailable(f"{type(error).__name__}")
        return outcome_of(response.status_code, response.headers, content, len(events))

    def close(self) -> None:
        self._http.close()


def outcome_of(status: int, headers: Mapping[str, str], content: bytes, number: int) -> Outcome:
    """What an HTTP answer to a batch of that many events means. Pure."""
    answer = _json(content)
    if status == 200:
        verdicts = answer.get("verdicts")
        if isinstance(verdicts, list) and len(verdicts) == number and all(map(_is_verdict, verdicts)):
            return Answered([Verdict(v["verdict"], v.get("reason", ""), v.get("message", "")) for v in verdicts])
        return Unavailable("an answer that is not the usage API's")
    error = answer.get("error")
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    if status == 413 or (status == 400 and code in _ABOUT_THE_BODY):
        message = str(error.get("message", "")) if isinstance(error, dict) else ""
        return Rejected(code or "payload_too_large", message)
    # a busy customer holds up nobody else
    return Unavailable(f"HTTP {status} {code}".strip(), everyone=code != "busy", after=_after(headers))


def _json(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _is_verdict(value: Any) -> bool:
    return isinstance(value, dict) and value.get("verdict") in _VERDICTS


def _after(headers: Mapping[str, str]) -> float:
    try:
        return min(max(float(headers.get("Retry-After", 0)), 0.0), 3600.0)
    except ValueError:
        return 0.0
