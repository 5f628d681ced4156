"""API Gateway in process: a WSGI application that hands each HTTP request to the real handlers as a proxy event.

Like the deployed API it answers unknown routes and methods itself (403), decodes paths, and passes bodies as text. It
signs nothing: every caller is one that IAM has let in.
"""

import json
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs
from wsgiref.headers import Headers

from runtime.http_api import HttpApi

#: The modules of the functions behind the API, as the templates name them.
FUNCTIONS = (
    "buyer.handlers.registration",
    "buyer.handlers.subscriber_api",
    "buyer.handlers.buyer_usage",
    "buyer.handlers.access",
    "buyer.handlers.usage_page",
    "usage.handlers.usage",
    "yawl.handlers.engine_gateway",
)
#: Names of paths' parameters: the routes' and the templates'.
PARAMETERS = {"customer_identifier": "customerIdentifier", "engine_id": "engineId", "secret": "secret", "link": "link"}
CALLER = "arn:aws:sts::111122223333:assumed-role/Engine/i-0123456789"
Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Context:
    """What Lambda tells a function about itself, as far as Powertools reads it."""

    function_name = "test"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:us-east-1:111122223333:function:test"
    aws_request_id = "request"


def api_of(module: ModuleType) -> HttpApi:
    """The module's routes."""
    return next(value for value in vars(module).values() if isinstance(value, HttpApi))


def routes(module: ModuleType) -> set[tuple[str, str]]:
    """Method and path of each route, with the path's parameters as the templates write them."""
    api = api_of(module)
    found = set()
    for route in (*api._static_routes, *api._dynamic_routes):
        path = route.path
        for ours, name in PARAMETERS.items():
            path = path.replace(f"<{ours}>", f"{{{name}}}")
        methods = [route.method] if isinstance(route.method, str) else route.method
        found |= {(method, path) for method in methods}
    return found


class Gateway:
    """The WSGI application."""

    def __init__(self) -> None:
        self._modules = [import_module(name) for name in FUNCTIONS]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        event = proxy_event(environ)
        for module in self._modules:
            if any(
                method == event["httpMethod"] and re.fullmatch(re.sub(r"\{\w+}", "[^/]+", path), event["path"])
                for method, path in routes(module)
            ):
                answer = module.handler(event, Context())
                break
        else:
            body = json.dumps({"message": "Missing Authentication Token"})
            answer = {"statusCode": 403, "body": body, "multiValueHeaders": {"Content-Type": ["application/json"]}}
        headers = [(name, value) for name, values in answer["multiValueHeaders"].items() for value in values]
        start_response(f"{answer['statusCode']} -", headers)
        return [answer["body"].encode()]


def proxy_event(environ: Environ) -> dict[str, Any]:
    """A REST API's proxy event (API Gateway Developer Guide, "Input format ... for proxy integration")."""
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True) or None
    headers = Headers([])
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            headers[name[5:].replace("_", "-").title()] = value
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    method = environ["REQUEST_METHOD"]
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": dict(headers.items()),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": query,
        "requestContext": {
            "requestId": "request",
            "stage": "v1",
            "path": f"/v1{path}",
            "httpMethod": method,
            "identity": {"userArn": CALLER, "sourceIp": "192.0.2.1"},
        },
        "body": body.decode("utf-8", "replace") if body else None,
        "isBase64Encoded": False,
    }
