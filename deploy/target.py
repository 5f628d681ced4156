"""The account that a stage is deployed to: that of the credentials at hand, held against the stage file."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from deploy.aws import Aws, code_of
from deploy.not_ready import NotReady
from marketplace.regions import NOTICES_REGION
from stacks.stage import Stage

#: CDK Developer Guide, "Customize bootstrapping": the default qualifier.
DEFAULT_QUALIFIER = "hnb659fds"
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
LOG_IN = "log in again (for example `aws sso login`), or set AWS_PROFILE to other credentials"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A stage and its account. reached_at: AWS's own clock when the command began.

    seller: the account is the one that published the product, which has a stack for a stage in another account.
    """

    stage: Stage
    account: str
    session: boto3.Session
    reached_at: datetime
    seller: bool = False

    @property
    def aws(self) -> Aws:
        """AWS in the target's account, first in the stage's Region."""
        return Aws(self.session, self.stage.region)

    @property
    def all_regions(self) -> tuple[str, ...]:
        """The stage's Region and Marketplace's, where a stack may stand now or once the stage is live."""
        return (NOTICES_REGION,) if self.seller else tuple(dict.fromkeys((self.stage.region, NOTICES_REGION)))

    @property
    def regions(self) -> tuple[str, ...]:
        """The Regions that the stage file deploys stacks to now."""
        elsewhere = self.seller or self.stage.notices_region_is_elsewhere()
        return self.all_regions if elsewhere else (self.stage.region,)

    @property
    def make_variables(self) -> str:
        """The variables that make ``make`` work on this target."""
        return f"STAGE={self.stage.name}" + (" SELLER=1" if self.seller else "")

    @property
    def qualifier(self) -> str:
        """The qualifier of the company's bootstrap, or CDK's default one."""
        return self.stage.bootstrap_qualifier or DEFAULT_QUALIFIER

    @property
    def toolkit_stack(self) -> str:
        """The bootstrap stack's name; each qualifier has its own, so that none replaces another's."""
        qualifier = self.stage.bootstrap_qualifier
        return f"CDKToolkit-{qualifier}" if qualifier else "CDKToolkit"


def reach(stage: Stage, *, seller: bool = False) -> Target:
    """Ask AWS whose the credentials are; changes nothing. Raises NotReady where they are not this stage's."""
    key, wanted = ("sellerRoleArn", stage.seller_account) if seller else ("account", stage.account)
    if seller and wanted is None:
        raise NotReady(
            f"stages/{stage.name}.toml: sellerRoleArn names no role of another account: leave SELLER=1 out, the stage's"
            " own account is the seller's"
        )
    try:
        session = boto3.Session(region_name=NOTICES_REGION if seller else stage.region)
        sts = session.client("sts")
        address = urlsplit(sts.meta.endpoint_url).hostname
        if stage.movable_clock and address not in LOCAL_HOSTS:
            raise NotReady(
                f"stages/{stage.name}.toml: movableClock is true: this stage is for the local cloud and never goes to"
                " AWS; deploy another one"
            )
        if session.get_credentials() is None:
            raise NotReady("there are no AWS credentials: log in (for example `aws sso login`), or set AWS_PROFILE")
        answer = sts.get_caller_identity()
    except EndpointConnectionError as failure:
        raise NotReady(f"AWS cannot be reached: {failure}: look at the network and at region") from None
    except BotoCoreError as failure:
        raise NotReady(f"the AWS credentials cannot be used: {failure}: {LOG_IN}") from None
    except ClientError as failure:
        raise NotReady(
            f"AWS does not take the credentials in {stage.region} ({code_of(failure)}): {LOG_IN}; a Region that is not"
            " switched on in the account refuses them, too"
        ) from None
    account = answer["Account"]
    if wanted is not None and account != wanted:
        raise NotReady(
            f"stages/{stage.name}.toml: {key} names {wanted}, and the credentials are {account}'s"
            f" ({answer['Arn']}): use that account (AWS_PROFILE), or correct the file"
        )
    date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    return Target(stage=stage, account=account, session=session, reached_at=parsedate_to_datetime(date), seller=seller)


def check_bootstrap(target: Target) -> None:
    """Make sure that each Region has a bootstrap stack. Raises NotReady where one has none."""
    for region in target.regions:
        try:
            target.aws.ask("ssm", "get_parameter", region=region, Name=f"/cdk-bootstrap/{target.qualifier}/version")
        except ClientError as failure:
            # Other refusals are left to the CDK's command line, whose roles may look.
            if code_of(failure) == "ParameterNotFound":
                raise NotReady(
                    f"account {target.account} is not bootstrapped in {region} (qualifier {target.qualifier}):"
                    f" run `make bootstrap {target.make_variables}` once"
                ) from None
