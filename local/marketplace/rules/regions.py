"""Where the two services answer."""

from local.marketplace.errors import ApiError
from marketplace.regions import METERING_REGIONS

#: the commercial Regions, and the two of other partitions (API reference, BatchMeterUsage Region support)
METERING = frozenset({*METERING_REGIONS, "cn-northwest-1", "eusc-de-east-1"})
#: AWS Marketplace entitlement Regions: one a partition
ENTITLEMENT = frozenset({"us-east-1", "cn-northwest-1", "eusc-de-east-1"})


def metering_region(region: str) -> None:
    """botocore model, DisabledApiException: "The API is disabled in the Region."""
    if region not in METERING:
        raise ApiError("DisabledApiException", f"the metering service is not available in {region}")


def entitlement_region(region: str) -> None:
    """It has no endpoint elsewhere, so AWS has no answer; here it is the one to a signature for a wrong Region."""
    if region not in ENTITLEMENT:
        raise ApiError("InvalidSignatureException", f"the entitlement service is not in {region}, use us-east-1", 403)
