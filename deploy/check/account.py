"""Whose account it is, whose product it is, whether the Region is on and bootstrapped."""

import json
from collections.abc import Iterator

import boto3
from botocore.exceptions import ClientError

from deploy.aws import Aws, code_of
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, green, red, yellow
from deploy.target import Target
from marketplace.regions import NOTICES_REGION

#: Synthesized stacks require it (CDK Developer Guide, "Bootstrap template version history").
BOOTSTRAP_AT_LEAST = 6
#: Binds the role in the publishing account to looking, whatever else it may do.
ONLY_LOOK = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["aws-marketplace:ListEntities", "aws-marketplace:DescribeEntity"],
            "Resource": "*",
        }
    ],
}


def account_line(target: Target) -> Line:
    """Whether the stage file names the account. ``reach`` has refused another account already."""
    if target.stage.account is None:
        return yellow(
            "account",
            f"these credentials are {target.account}'s, and stages/{target.stage.name}.toml names no account",
            f'add account = "{target.account}" to the file if that is the stage\'s',
        )
    return green("account", f"{target.account}, as stages/{target.stage.name}.toml says")


def seller_aws(deployed: DeployedStage) -> Aws:
    """AWS as the product's publisher: by the named profile, by the stage's role bound to looking, or as ourselves.

    Raises ClientError where the role cannot be assumed, BotoCoreError where there is no such profile.
    """
    stage = deployed.stage
    if deployed.seller_profile:
        return Aws(boto3.Session(profile_name=deployed.seller_profile, region_name=stage.region), stage.region)
    if stage.seller_role_arn is None:
        return deployed.aws
    external_id = {"ExternalId": stage.external_id} if stage.external_id else {}
    assumed = deployed.aws.ask(
        "sts",
        "assume_role",
        RoleArn=stage.seller_role_arn,
        RoleSessionName="yawl-metering-check",
        Policy=json.dumps(ONLY_LOOK),
        **external_id,
    )["Credentials"]
    session = boto3.Session(
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
        region_name=stage.region,
    )
    return Aws(session, stage.region)


def seller_lines(deployed: DeployedStage) -> Iterator[Line]:
    """The seller's account: whether these credentials, a profile's or the role reach it."""
    about, role = "seller account", deployed.stage.seller_role_arn
    seller = deployed.stage.seller_account or deployed.target.account
    if deployed.seller_profile:
        account = seller_aws(deployed).ask("sts", "get_caller_identity")["Account"]
        yield _profile_line(about, deployed.seller_profile, account, seller)
    elif role is None:
        yield green(about, f"Marketplace is called as {seller}, which has to be the product's publisher")
    else:
        try:
            seller_aws(deployed)
        except ClientError as failure:
            # The role lets in the stage's functions only, and STS answers the same where it does not exist.
            yield yellow(
                about,
                f"{role} cannot be assumed from here ({code_of(failure)}), so the listing cannot be looked at with it",
                f"say SELLER_PROFILE=<an AWS profile of account {seller}>, which may look at its products",
            )
        else:
            yield green(about, f"{role} can be assumed, with its external id")


def _profile_line(about: str, profile: str, account: str, seller: str) -> Line:
    if account != seller:
        return red(
            about, f"profile {profile} is account {account}, and the seller's is {seller}", "name another profile"
        )
    return green(about, f"{seller}, looked at with profile {profile}")


def region_line(region: str, opt_status: str) -> Line:
    """One Region of the account. opt_status: the answer of Account Management's GetRegionOptStatus."""
    about = f"Region {region}"
    if opt_status in ("ENABLED", "ENABLED_BY_DEFAULT"):
        return green(about, "is switched on")
    if opt_status == "ENABLING":
        return red(about, "is being switched on", "wait until it is; that takes minutes to hours")
    return red(about, f"is not switched on ({opt_status})", "switch it on in the account's settings, AWS Regions")


def region_lines(deployed: DeployedStage) -> Iterator[Line]:
    """A line for each Region that the stage deploys to: whether the account has it enabled."""
    for region in deployed.target.regions:
        # A service of the whole account, called in the Region that every account has.
        answer = deployed.aws.ask("account", "get_region_opt_status", region=NOTICES_REGION, RegionName=region)
        yield region_line(region, answer["RegionOptStatus"])


def bootstrap_line(target: Target, region: str, version: str | None) -> Line:
    """The bootstrap of one Region. version: the parameter of the bootstrap stack; None where there is no stack."""
    about = f"bootstrap in {region}"
    run = f"run `make bootstrap STAGE={target.stage.name}`"
    if version is None:
        return red(about, f"the CDK has not been bootstrapped there (qualifier {target.qualifier})", run)
    if not version.isdecimal() or int(version) < BOOTSTRAP_AT_LEAST:
        return red(about, f"version {version} is too old, {BOOTSTRAP_AT_LEAST} is needed", run)
    return green(about, f"version {version}, qualifier {target.qualifier}")


def bootstrap_lines(deployed: DeployedStage) -> Iterator[Line]:
    """A line for each Region that the stage deploys to: whether its bootstrap stack is there and new enough."""
    name = f"/cdk-bootstrap/{deployed.target.qualifier}/version"
    for region in deployed.target.regions:
        version: str | None = None
        try:
            version = deployed.aws.ask("ssm", "get_parameter", region=region, Name=name)["Parameter"]["Value"]
        except ClientError as failure:
            if code_of(failure) != "ParameterNotFound":
                raise
        yield bootstrap_line(deployed.target, region, version)
