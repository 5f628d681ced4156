"""Opens the two logs over HTTP. Nothing is sent before the first question, which logs in."""

from runtime.clock import Clock, now
from yawl.log.engine_log import HttpEngineLog
from yawl.log.exchange import BOUNDS, Bounds, Gateway
from yawl.log.ports import EngineLog, ResourceLog
from yawl.log.resource_log import HttpResourceLog
from yawl.log.session import Session


def engine_log(
    address: str,
    user: str,
    password: str,
    *,
    bounds: Bounds = BOUNDS,
    ca_bundle: str | None = None,
    clock: Clock = now,
) -> EngineLog:
    """The log of the engine at this address. ca_bundle: path of the certificates to trust instead of the system's."""
    return HttpEngineLog(Session(_gateway(address, bounds, ca_bundle), user, password, clock))


def resource_log(
    address: str,
    user: str,
    password: str,
    *,
    bounds: Bounds = BOUNDS,
    ca_bundle: str | None = None,
    clock: Clock = now,
) -> ResourceLog:
    """The log of the resource service at this address, for the same client account; the rest as in ``engine_log``."""
    return HttpResourceLog(Session(_gateway(address, bounds, ca_bundle), user, password, clock))


def _gateway(address: str, bounds: Bounds, ca_bundle: str | None) -> Gateway:
    return Gateway(f"{address.rstrip('/')}/logGateway", bounds, ca_bundle)
