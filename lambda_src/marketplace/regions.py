"""Where AWS Marketplace answers. Usage is deduplicated per Region, so a stage names one and keeps it."""

#: Regions with a BatchMeterUsage endpoint in the commercial partition: AWS General Reference, "AWS Marketplace
#: Metering Service endpoints", and botocore's endpoints.json (``metering.marketplace``).
METERING_REGIONS = (
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
)

#: Notices (SNS topics, EventBridge events) and entitlements exist in this Region only.
NOTICES_REGION = "us-east-1"

#: AWS Marketplace's own account, owner of the notice topics (AWS Marketplace Seller Guide, "Amazon SNS notifications
#: for SaaS products").
NOTICES_ACCOUNT = "287250355862"

#: Regions that an account has to switch on (AWS Account Management Guide, "AWS Regions in your account"). SNS delivers
#: into them under a name of its own, ``sns.<Region>.amazonaws.com`` (SNS Developer Guide, "Cross-Region delivery").
OPT_IN_REGIONS = (
    "af-south-1",
    "ap-east-1",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
)
