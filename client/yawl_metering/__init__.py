"""Records usage of a SaaS app's customers for YAWL Marketplace Metering. See README.md."""

from yawl_metering.api_transport import ApiTransport
from yawl_metering.client import UsageClient
from yawl_metering.errors import ClientClosed, InvalidUsage, SpoolFull, SpoolUnwritable
from yawl_metering.queue_transport import QueueTransport
from yawl_metering.settings import DIMENSIONS, Settings
from yawl_metering.stats import Stats

__all__ = [
    "DIMENSIONS",
    "ApiTransport",
    "ClientClosed",
    "InvalidUsage",
    "QueueTransport",
    "Settings",
    "SpoolFull",
    "SpoolUnwritable",
    "Stats",
    "UsageClient",
]
