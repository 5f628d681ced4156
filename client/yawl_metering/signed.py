"""The metering system's HTTP API, signed with SigV4."""

import re
from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import URLLib3Session
from botocore.session import Session

_HOST_REGION = re.compile(r"\.execute-api\.([a-z0-9-]+)\.")


class SignedApi:
    """Requests to one API. ``endpoint``: the output ``ApiUrl``, with or without the slash at its end."""

    def __init__(
        self, endpoint: str, *, region: str | None = None, session: Session | None = None, timeout: int = 30
    ) -> None:
        self._url = endpoint.rstrip("/")
        self._session = session or Session()
        named = _HOST_REGION.search(endpoint)
        found = region or (named[1] if named else None) or self._session.get_config_variable("region")
        if not found:
            raise ValueError("the address names no Region: name that of the API")
        self.region: str = found
        self._http = URLLib3Session(timeout=timeout)

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and content of an answer. Raises BotoCoreError (NoCredentialsError), HTTPClientError,
        OSError."""
        credentials = self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        request = AWSRequest(method, f"{self._url}{path}", dict(headers), body)
        SigV4Auth(credentials, "execute-api", self.region).add_auth(request)
        response = self._http.send(request.prepare())
        return response.status_code, response.headers, response.content

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
