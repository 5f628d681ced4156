"""An account on the local cloud in which nothing was ever deployed, and a fresh clone of the project."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.cloud import SELLER_ACCOUNT, LocalCloud, LocalSession
from local.marketplace_process import start_marketplace
from local.simulated_clock import clock_at
from marketplace_local.admin import MarketplaceAdmin
from marketplace_local.clock import MovableClock
from tests.local.deploy.clone import Clone
from tests.local.stage.acting import WAIT_SCALE


@dataclass(frozen=True)
class EmptyAccount:
    """``deployer``: an IAM user's session, since AWS lets no root user assume roles. folder: of the clone to be."""

    folder: Path
    cloud: LocalCloud
    marketplace: MarketplaceAdmin
    clock: MovableClock
    deployer: LocalSession

    @property
    def environment(self) -> dict[str, str]:
        """What a shell has whose user is logged in; CI: nobody sits at a terminal to say yes."""
        credentials = self.deployer.get_credentials()
        assert credentials is not None and credentials.secret_key is not None
        return {
            "AWS_ENDPOINT_URL": self.cloud.endpoint,
            "AWS_ENDPOINT_URL_MARKETPLACE_CATALOG": self.marketplace.url,
            "AWS_ACCESS_KEY_ID": credentials.access_key or "",
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CI": "true",
            "YES": "1",
        }


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmptyAccount]:
    folder = tmp_path_factory.mktemp("account")
    # The clone's stage finds its clock here.
    clock = clock_at(8.5, folder / "clone" / "build" / "local" / "clock-offset")
    with start_marketplace(folder / "marketplace.log", clock_file=clock.file) as server:
        marketplace = MarketplaceAdmin(server.url(timeout=30))
        with LocalCloud(
            marketplace_url=marketplace.url, state=folder, wait_scale=WAIT_SCALE, clock_offset_file=clock.file
        ) as cloud:
            yield EmptyAccount(folder / "clone", cloud, marketplace, clock, _deployer(cloud))


def _deployer(cloud: LocalCloud) -> LocalSession:
    iam = cloud.seller.client("iam")
    iam.create_user(UserName="deployer")
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="deployer", PolicyName="all", PolicyDocument=json.dumps(allowed))
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    return LocalSession(cloud.endpoint, cloud.region, key["AccessKeyId"], key["SecretAccessKey"])


@pytest.fixture(scope="session")
def clone(account: EmptyAccount) -> Clone:
    """The project, cloned; its stage ``dev`` is filled in, and has notices by SNS, whose topics are not there yet."""
    made = Clone.make(account.folder, account.environment)
    text = made.stage_file("local").read_text(encoding="utf-8")
    text = text.replace('suffix = "-local"', 'suffix = "-dev"')
    made.stage_file("dev").write_text(f'account = "{SELLER_ACCOUNT}"\n{text}', encoding="utf-8")
    return made
