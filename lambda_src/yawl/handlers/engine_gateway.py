"""Function ``engine-gateway``, which is public: the address to which a YAWL engine announces what happens in it.

A part of the address is the engine's secret, so no line of the log holds a path; nor does one hold a body. An engine
repeats nothing, whatever the answer, and writes the address into its own log when an answer is an error: so a body that
cannot be read is counted, and answered like any other.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from runtime import telemetry
from runtime.api_error import ApiError
from runtime.http_api import HEADERS, HttpApi
from runtime.metric_names import YawlMetric
from runtime.settings import EngineGatewaySettings
from yawl.engine import Engine
from yawl.gateway import assembly
from yawl.gateway.admission import admitted
from yawl.gateway.announcement import UnreadableAnnouncement, read
from yawl.gateway.receive import Gateway

logger = telemetry.logger("yawl")
metrics = telemetry.metrics("yawl")
COUNTED = {"started": YawlMetric.STARTS_ANNOUNCED, "unknown": YawlMetric.ANNOUNCEMENTS_UNKNOWN}


def _count(metric: YawlMetric) -> None:
    metrics.add_metric(metric, MetricUnit.Count, 1)


def _count_refusal(error: ApiError) -> None:
    if error.status < 500:
        _count(YawlMetric.ANNOUNCEMENTS_REFUSED)


api = HttpApi(logger, count_refusal=_count_refusal, secret_path=True)


@cache
def gateway() -> Gateway:
    """The gateway, made from the function's environment once."""
    return assembly.gateway(EngineGatewaySettings.from_env())


@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of the gateway, as its answer."""
    return api.resolve(event, context)


@api.route("/yawl/v1/<engine_id>/<secret>", method=["GET", "HEAD"])
def look(engine_id: str, secret: str) -> Response[str]:
    """Whether the address is right, with an empty body: an engine sends HEAD before it registers an address, and when
    it starts. Raises ApiError not_found if it is not."""
    _engine(engine_id, secret)
    return _answer("")


@api.post("/yawl/v1/<engine_id>/<secret>")
def announce(engine_id: str, secret: str) -> Response[str]:
    """Take an announcement, and answer as YAWL's own services do. Raises ApiError not_found for a wrong address."""
    engine = _engine(engine_id, secret)
    _count(YawlMetric.ANNOUNCEMENTS_RECEIVED)
    request = api.current_event
    try:
        announcement = read(request.body or "", is_base64=bool(request.is_base64_encoded))
    except UnreadableAnnouncement as error:
        logger.warning("announcement not read", engine=engine.id, reason=str(error))
        _count(YawlMetric.ANNOUNCEMENTS_UNREADABLE)
        return _answer("OK")
    outcome = gateway().receive(engine, announcement)
    if outcome in COUNTED:
        _count(COUNTED[outcome])
    return _answer("OK")


def _engine(engine_id: str, secret: str) -> Engine:
    """The engine, if it may announce. An unknown engine and a wrong secret look alike from outside."""
    found = gateway().engines.get(engine_id)
    engine = admitted(found, secret)
    if engine is None:
        cause = {"engine": found.id} if found else {}
        raise ApiError(404, "not_found", "There is nothing at this address.", cause=cause)
    return engine


def _answer(body: str) -> Response[str]:
    return Response(200, "text/xml", body, headers=HEADERS)
