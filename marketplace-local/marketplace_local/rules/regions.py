"""Where the two services answer."""

from functools import cache

import botocore.session

from marketplace_local.errors import ServiceError

#: The API reference names no Region of other partitions (BatchMeterUsage Region support).
PARTITIONS = ("aws", "aws-cn", "aws-eusc")


@cache
def regions_of(service: str) -> frozenset[str]:
    """The Regions in which botocore's endpoints data has the service."""
    session = botocore.session.get_session()
    return frozenset(region for partition in PARTITIONS for region in session.get_available_regions(service, partition))


def metering_region(region: str) -> None:
    """Rule P09. Raises DisabledApiException if the metering service is not in the Region."""
    if region not in regions_of("meteringmarketplace"):
        raise ServiceError("DisabledApiException", f"the metering service is not available in {region}", rule="P09")


def entitlement_region(region: str) -> None:
    """Rule E18. Raises InvalidSignatureException if the entitlement service is not in the Region: AWS has no endpoint
    there, so this is its answer to a signature for a wrong Region."""
    if region not in regions_of("marketplace-entitlement"):
        message = f"the entitlement service is not in {region}, use us-east-1"
        raise ServiceError("InvalidSignatureException", message, 403, rule="E18")
