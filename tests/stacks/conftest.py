"""Assemblies that several files look at; each is synthesized once."""

import sys
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stacks import synth
from stacks.stage import BackupSettings, Budget, Domain, EngineNetwork, Operators
from tests.synthesized import Assembly, context, shipped, with_engines
from usage.reporters import Reporter

if TYPE_CHECKING:
    from stacks.stage import Stage

SELLER_ACCOUNT = "999988887777"
CERTIFICATE = "arn:aws:acm:eu-central-1:111122223333:certificate/01234567-89ab-cdef-0123-456789abcdef"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
VAULT = "arn:aws:backup:eu-central-1:777788889999:backup-vault:metering"
SUBNETS = ("subnet-0123456789abcdef0", "subnet-0123456789abcdef1")
#: In the Region of the stage ``dev`` below.
IRISH_KEY = KEY.replace("eu-central-1", "eu-west-1")
ENGINE = "arn:aws:iam::444455556666:role/yawl-engine"
OPERATOR = "arn:aws:iam::444455556666:user/ops"


def company_stage() -> "Stage":
    """As in production with YAWL engines, in Frankfurt."""
    return replace(
        with_engines(),
        engine_network=EngineNetwork(subnet_ids=SUBNETS, security_group_ids=("sg-0123456789abcdef0",)),
        region="eu-central-1",
        seller_role_arn=f"arn:aws:iam::{SELLER_ACCOUNT}:role/marketplace/Metering",
        external_id="yawl-metering:prod",
        reporters=(
            Reporter(principal=ENGINE, sender_id="AROAEXAMPLEID1234567", dimensions=("api_calls",)),
            Reporter(principal=OPERATOR),
        ),
        domain=Domain(
            name="metering.vendor.com",
            certificate_arn=CERTIFICATE,
            hosted_zone_id="Z0123456789",
            hosted_zone_name="vendor.com",
        ),
        firewall_requests=300,
        encryption_key_arn=KEY,
        archive=replace(shipped("prod").archive, lock_days=365, lock_mode="compliance"),
        backup=BackupSettings(keep_days=90, copy_to_vault_arn=VAULT),
        permissions_boundary="developers/boundary",
        bootstrap_qualifier="acme12345",
        operators=Operators(
            read=("arn:aws:iam::111122223333:role/billing-oncall",),
            repair=("arn:aws:iam::111122223333:role/billing-repair",),
        ),
        budget=Budget(monthly_amount=Decimal(250), notify=("finops@vendor.com",)),
        tags={"CostCenter": "1234", "team:owner": "billing"},
    )


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return Assembly.of(company_stage(), tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="session")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The stack of the seller's account."""
    folder = tmp_path_factory.mktemp("seller")
    stage = company_stage()
    synth.build(stage, context={**context(), "seller": "true"}, out=folder).synth()
    return Assembly(stage, folder)


@pytest.fixture(scope="session")
def modest(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """As in production, with few requests, ceilings of its tables, nothing reserved for the public, and prices."""
    stage = replace(
        shipped("prod"),
        requests_per_second=12,
        request_burst=14,
        table_read_units=4000,
        table_write_units=1000,
        public_concurrency=None,
    )
    stage = replace(stage, alarms=replace(stage.alarms, page_at_money=Decimal(500)))
    return Assembly.of(stage, tmp_path_factory.mktemp("modest"))


def dev_stage() -> "Stage":
    """A stage for test accounts, abroad, with a key of its own."""
    return replace(shipped("dev"), test_accounts=("444455556666",), region="eu-west-1", encryption_key_arn=IRISH_KEY)


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return Assembly.of(dev_stage(), tmp_path_factory.mktemp("dev"))


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """As in production before its first deployment: without protection, and with nobody who gets tickets."""
    folder = tmp_path_factory.mktemp("first")
    stage = shipped("prod")
    stage = replace(stage, alarms=replace(stage.alarms, ticket=()))
    synth.build(stage, context={**context(), "protect": "false"}, out=folder).synth()
    return Assembly(stage, folder)


@dataclass(frozen=True)
class Bundled:
    """What the command has synthesized with the functions' asset. asset: its folder."""

    arguments: list[str]
    folder: Path
    asset: Path


@pytest.fixture(scope="session")
def bundled_stage(tmp_path_factory: pytest.TempPathFactory) -> Bundled:
    """The local stage, by the command, with bytecode of this interpreter."""
    folder = tmp_path_factory.mktemp("bundled")
    arguments = ["--stage", "local", "--out", str(folder)]
    arguments += ["-c", f"functionPython={sys.executable}", "-c", f"clockOffsetFile={folder / 'offset'}"]
    assert synth.main(arguments) == 0
    (asset,) = [path for path in folder.glob("asset.*") if path.is_dir()]
    return Bundled(arguments, folder, asset)
