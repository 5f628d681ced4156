"""Where a stage is deployed to: the account of the credentials at hand, held against what the stage file says."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from deploy.not_ready import NotReady
from marketplace.regions import NOTICES_REGION
from stacks.stage import Stage

#: CDK Developer Guide, "Customize bootstrapping": the qualifier where nobody chooses one
DEFAULT_QUALIFIER = "hnb659fds"
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
LOG_IN = "log in again (for example `aws sso login`), or set AWS_PROFILE to other credentials"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A stage and the account it goes to. reached_at: AWS's own clock when the command began."""

    stage: Stage
    account: str
    session: boto3.Session
    reached_at: datetime

    @property
    def all_regions(self) -> tuple[str, ...]:
        """The stage's own, and Marketplace's: a stack may have gone there, or go there when the stage goes live."""
        return tuple(dict.fromkeys((self.stage.region, NOTICES_REGION)))

    @property
    def regions(self) -> tuple[str, ...]:
        """Those that stacks are deployed to by what the stage file says now."""
        return self.all_regions if self.stage.notices_region_is_elsewhere() else (self.stage.region,)

    @property
    def qualifier(self) -> str:
        return self.stage.bootstrap_qualifier or DEFAULT_QUALIFIER

    @property
    def toolkit_stack(self) -> str:
        """The bootstrap stack's name: one of its own for each qualifier, so that none replaces another's."""
        qualifier = self.stage.bootstrap_qualifier
        return f"CDKToolkit-{qualifier}" if qualifier else "CDKToolkit"


def reach(stage: Stage) -> Target:
    """Ask AWS who we are. Nothing is changed. Raises NotReady where this stage may not or cannot be deployed."""
    try:
        session = boto3.Session(region_name=stage.region)
        if session.get_credentials() is None:
            raise NotReady("there are no AWS credentials: log in (for example `aws sso login`), or set AWS_PROFILE")
        sts = session.client("sts")
        address = urlsplit(sts.meta.endpoint_url).hostname
        if stage.movable_clock and address not in LOCAL_HOSTS:
            raise NotReady(
                f"stages/{stage.name}.toml: movableClock is true: this stage is for the local cloud and never goes to"
                " AWS; deploy another one"
            )
        answer = sts.get_caller_identity()
    except EndpointConnectionError as failure:
        raise NotReady(f"AWS cannot be reached: {failure}: look at the network and at region") from None
    except BotoCoreError as failure:
        raise NotReady(f"the AWS credentials cannot be used: {failure}: {LOG_IN}") from None
    except ClientError as failure:
        raise NotReady(
            f"AWS does not take the credentials in {stage.region} ({_code(failure)}): {LOG_IN}; a Region that is not"
            " switched on in the account refuses them, too"
        ) from None
    account = answer["Account"]
    if stage.account is not None and account != stage.account:
        raise NotReady(
            f"stages/{stage.name}.toml: account is {stage.account}, and the credentials are {account}'s"
            f" ({answer['Arn']}): use the stage's account (AWS_PROFILE), or correct the file"
        )
    date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    return Target(stage=stage, account=account, session=session, reached_at=parsedate_to_datetime(date))


def check_bootstrap(target: Target) -> None:
    """Raises NotReady where a Region has no bootstrap stack yet."""
    for region in target.regions:
        try:
            target.session.client("ssm", region_name=region).get_parameter(
                Name=f"/cdk-bootstrap/{target.qualifier}/version"
            )
        except ClientError as failure:
            # who may not look will hear it of the CDK's command line, whose roles may
            if _code(failure) == "ParameterNotFound":
                raise NotReady(
                    f"account {target.account} is not bootstrapped in {region} (qualifier {target.qualifier}):"
                    f" run `make bootstrap STAGE={target.stage.name}` once"
                ) from None


def _code(failure: ClientError) -> str:
    return failure.response["Error"]["Code"]
