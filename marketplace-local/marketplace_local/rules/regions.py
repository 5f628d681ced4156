"""Where the two services answer."""

from functools import cache

import botocore.session

from marketplace_local.errors import ApiError

#: The API reference names no Region of other partitions (BatchMeterUsage Region support).
PARTITIONS = ("aws", "aws-cn", "aws-eusc")


@cache
def regions_of(service: str) -> frozenset[str]:
    """The Regions in which botocore's endpoints data has the service."""
    session = botocore.session.get_session()
    return frozenset(region for partition in PARTITIONS for region in session.get_available_regions(service, partition))


def metering_region(region: str) -> None:
    """botocore model, DisabledApiException: "The API is disabled in the Region."""
    if region not in regions_of("meteringmarketplace"):
        raise ApiError("DisabledApiException", f"the metering service is not available in {region}")


def entitlement_region(region: str) -> None:
    """It has no endpoint elsewhere, so AWS has no answer; here it is the one to a signature for a wrong Region."""
    if region not in regions_of("marketplace-entitlement"):
        raise ApiError("InvalidSignatureException", f"the entitlement service is not in {region}, use us-east-1", 403)
