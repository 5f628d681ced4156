"""Where the two services answer."""

from local.marketplace.errors import ApiError

#: AWS Marketplace metering Regions (API reference, BatchMeterUsage Region support; botocore endpoints.json)
METERING = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ca-central-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
        "cn-northwest-1",
        "eusc-de-east-1",
    }
)
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
