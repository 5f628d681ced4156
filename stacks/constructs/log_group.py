"""A log group: explicit name, explicit retention, and a mask over what no line should carry."""

from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.constructs.functions.environment import FunctionEnvironment

#: CloudWatch Logs' own identifiers (CloudWatch Logs User Guide, "Types of data that you can protect"): a buyer's
#: contact and keys. Not IpAddress, which would hide the address of an engine that does not answer.
MANAGED = ("EmailAddress", "AwsSecretKey", "OpenSshPrivateKey", "PgpPrivateKey", "PkcsPrivateKey", "PuttyPrivateKey")
#: Ours: name → regular expression, of at most 200 of the characters that the guide allows ("Custom data identifiers":
#: no colon, quote or bracket of a group). A token of AWS Marketplace has no form of its own, so the name before it
#: tells.
CUSTOM = {
    "MarketplaceToken": r"x-amzn-marketplace-token\S{0,3} ?\S{16,}",
    "RegistrationToken": r"[Rr]egistrationToken\S{0,3} ?\S{16,}",
    "RegistrationSession": r"[A-Za-z0-9_-]{40,}[.][A-Za-z0-9_-]{43}",
    "EngineSecret": r"/yawl/v1/[^/ ]{1,64}/[A-Za-z0-9_-]{20,}",
}


def add_log_group(scope: Construct, id_: str, *, name: str, environment: FunctionEnvironment) -> logs.LogGroup:
    """A log group that CloudWatch Logs encrypts with keys of its own. name: its full name.

    The code logs nothing of what is masked here (``runtime.telemetry``); the mask is for the line that a later change
    or a library writes. A finding counts in the metric LogEventsWithFindings of the log group.
    """
    protection = logs.DataProtectionPolicy(
        name="secrets-and-contacts",
        description="What no line should carry",
        identifiers=[
            *(logs.DataIdentifier(managed) for managed in MANAGED),
            *(logs.CustomDataIdentifier(custom, regex) for custom, regex in CUSTOM.items()),
        ],
    )
    group = logs.LogGroup(scope, id_, log_group_name=name, data_protection_policy=protection)
    resource = group.node.default_child
    assert isinstance(resource, logs.CfnLogGroup)
    # The construct takes names of an enum; the stage file has days.
    resource.retention_in_days = environment.log_retention_days
    return group
