"""The HTTP API's one way to answer: headers, errors, and the log line of a refused request.

Each function behind the API makes one ``HttpApi``, adds its routes and raises ``ApiError`` where it refuses.
"""

from collections.abc import Callable, Mapping
from json import dumps
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from runtime.api_error import ApiError
from runtime.failure import described

#: Answers hold data of buyers: no cache keeps them, no browser guesses their type, and none sends their address on.
HEADERS: dict[str, str] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}
#: Seconds after which a caller may repeat a request that met a busy or an unavailable store.
SOON, LATER = {"Retry-After": "1"}, {"Retry-After": "5"}


def json_answer(status: int, payload: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response[str]:
    """An answer in JSON, with the headers of every answer."""
    return Response(status, "application/json", dumps(payload), headers={**HEADERS, **(headers or {})})


def json_error(_request: BaseProxyEvent, error: ApiError) -> Response[str]:
    """An error as programs get it."""
    return json_answer(error.status, error.payload(), error.headers)


def header(event: BaseProxyEvent, name: str) -> str | None:
    """A request header by its name in lower case, whatever its case."""
    return next((value for key, value in event.headers.items() if key.lower() == name), None)


def wants_html(event: BaseProxyEvent) -> bool:
    """Whether the caller is a browser: it accepts text/html."""
    return "text/html" in (header(event, "accept") or "").lower()


class HttpApi(APIGatewayRestResolver):
    """The routes of one function, with the same answer to the same error as every other function's."""

    def __init__(
        self,
        logger: Logger,
        *,
        busy: tuple[type[Exception], ...] = (),
        is_unavailable: Callable[[Exception], bool] = lambda _error: False,
        count_refusal: Callable[[ApiError], None] = lambda _error: None,
        show_error: Callable[[BaseProxyEvent, ApiError], Response[str]] = json_error,
        secret_path: bool = False,
    ) -> None:
        """busy, is_unavailable: the errors of stores that pass by themselves, answered with 503.

        count_refusal: counts each refused request, an unknown address excepted. show_error: the answer to an error.
        secret_path: a part of the path is a secret, so the log names the route instead.
        """
        super().__init__()
        self._log = logger
        self._busy = busy
        self._is_unavailable = is_unavailable
        self._count_refusal = count_refusal
        self._show_error = show_error
        self._secret_path = secret_path
        self.exception_handler(ApiError)(self._refused)
        self.exception_handler(Exception)(self._failed)
        self.not_found(self._no_route)

    def note_refusal(self, error: ApiError) -> None:
        """Log and count a refusal, for a route that answers it in a way of its own."""
        event = self.current_event
        path = str(event["resource"]) if self._secret_path else event.path[:64]
        fields = {"path": path, **error.log_fields()}
        if error.status < 500:
            self._log.info("request refused", **fields)
        elif error.status == 503:
            self._log.warning("request refused", **fields)
        else:
            self._log.error("request failed", **fields)
        self._count_refusal(error)

    def _refused(self, error: ApiError) -> Response[str]:
        self.note_refusal(error)
        return self._show_error(self.current_event, error)

    def _failed(self, error: Exception) -> Response[str]:
        return self._refused(self._explained(error))

    def _explained(self, error: Exception) -> ApiError:
        cause = described(error)
        if isinstance(error, self._busy):
            message = "Too many writers change this customer at once. Send the same request again."
            return ApiError(503, "busy", message, headers=SOON, cause=cause)
        if self._is_unavailable(error):
            message = "The store does not answer at the moment. Send the same request again."
            return ApiError(503, "unavailable", message, headers=LATER, cause=cause)
        message = "Something failed on our side. Send the same request again."
        return ApiError(500, "internal_error", message, headers=LATER, cause=cause)

    def _no_route(self, _error: Exception) -> Response[str]:
        routes = (*self._static_routes, *self._dynamic_routes)
        methods = ", ".join(sorted({route.method for route in routes if route.rule.match(self.current_event.path)}))
        if methods:
            error = ApiError(405, "method_not_allowed", f"Use {methods} here.", headers={"Allow": methods})
        else:
            error = ApiError(404, "not_found", "There is nothing at this address.")
        return self._show_error(self.current_event, error)
