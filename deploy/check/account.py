"""Whose account it is, whose product it is, whether the Region is on and bootstrapped."""

import json
from collections.abc import Iterator

import boto3
from botocore.exceptions import ClientError

from deploy.line import Line, green, red, yellow
from deploy.reader import Reader, code_of
from deploy.stage_there import StageThere
from deploy.target import Target
from marketplace.regions import NOTICES_REGION

#: what synthesized stacks ask for (CDK Developer Guide, "Bootstrap template version history")
BOOTSTRAP_AT_LEAST = 6
#: of the role in the publishing account, whatever else it may do
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
    """Another account than the stage's is refused before; here only one can be missing."""
    if target.stage.account is None:
        return yellow(
            "account",
            f"these credentials are {target.account}'s, and stages/{target.stage.name}.toml names no account",
            f'add account = "{target.account}" to the file if that is the stage\'s',
        )
    return green("account", f"{target.account}, as stages/{target.stage.name}.toml says")


def seller_reader(there: StageThere) -> Reader:
    """Who may look at the product: the account itself, or the role that it names, bound to looking.

    Raises ClientError where the role cannot be assumed.
    """
    stage = there.stage
    if stage.seller_role_arn is None:
        return there.reader
    external_id = {"ExternalId": stage.external_id} if stage.external_id else {}
    assumed = there.reader.ask(
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
    return Reader(session, stage.region)


def seller_lines(there: StageThere) -> Iterator[Line]:
    about, role = "seller account", there.stage.seller_role_arn
    if role is None:
        yield green(about, f"Marketplace is called as {there.target.account}, which has to be the product's publisher")
        return
    try:
        seller_reader(there)
    except ClientError as failure:
        # STS has one answer for a role that is not there, a trust that does not name us, and another external id
        yield yellow(
            about,
            f"{role} cannot be assumed from here ({code_of(failure)}); the functions may be let in all the same",
            "let the role's trust policy name these credentials too, with this externalId, and run this again",
        )
    else:
        yield green(about, f"{role} can be assumed, with its external id")


def region_line(region: str, opt_status: str) -> Line:
    """opt_status: of Account Management's GetRegionOptStatus."""
    about = f"Region {region}"
    if opt_status in ("ENABLED", "ENABLED_BY_DEFAULT"):
        return green(about, "is switched on")
    if opt_status == "ENABLING":
        return red(about, "is being switched on", "wait until it is; that takes minutes to hours")
    return red(about, f"is not switched on ({opt_status})", "switch it on in the account's settings, AWS Regions")


def region_lines(there: StageThere) -> Iterator[Line]:
    for region in there.target.regions:
        # a service of the whole account, asked in the Region that every account has
        answer = there.reader.ask("account", "get_region_opt_status", region=NOTICES_REGION, RegionName=region)
        yield region_line(region, answer["RegionOptStatus"])


def bootstrap_line(target: Target, region: str, version: str | None) -> Line:
    """version: the parameter that the bootstrap stack leaves; None where there is none."""
    about = f"bootstrap in {region}"
    run = f"run `make bootstrap STAGE={target.stage.name}`"
    if version is None:
        return red(about, f"the CDK has not been bootstrapped there (qualifier {target.qualifier})", run)
    if not version.isdecimal() or int(version) < BOOTSTRAP_AT_LEAST:
        return red(about, f"version {version} is too old, {BOOTSTRAP_AT_LEAST} is needed", run)
    return green(about, f"version {version}, qualifier {target.qualifier}")


def bootstrap_lines(there: StageThere) -> Iterator[Line]:
    name = f"/cdk-bootstrap/{there.target.qualifier}/version"
    for region in there.target.regions:
        version: str | None = None
        try:
            version = there.reader.ask("ssm", "get_parameter", region=region, Name=name)["Parameter"]["Value"]
        except ClientError as failure:
            if code_of(failure) != "ParameterNotFound":
                raise
        yield bootstrap_line(there.target, region, version)
