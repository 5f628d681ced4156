"""Records usage of a SaaS app's customers for YAWL Marketplace Metering. See README.md."""

from yawl_metering.access import Access, AccessClient, AccessUnknown
from yawl_metering.client import UsageClient
from yawl_metering.database import SpoolUnwritable
from yawl_metering.process import ClientClosed
from yawl_metering.settings import DIMENSIONS, Settings, Stats
from yawl_metering.spool import SpoolFull
from yawl_metering.transport import ApiTransport, QueueTransport
from yawl_metering.usage import InvalidUsage

__all__ = [
    "DIMENSIONS",
    "Access",
    "AccessClient",
    "AccessUnknown",
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
