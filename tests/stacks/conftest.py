"""A stage of a company that asks for everything, and what its seller has."""

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from stacks import synth
from stacks.stage import Budget, Domain
from tests.synthesized import Assembly, context, shipped
from usage.reporters import Reporter

if TYPE_CHECKING:
    from stacks.stage import Stage

SELLER_ACCOUNT = "999988887777"
CERTIFICATE = "arn:aws:acm:eu-central-1:111122223333:certificate/01234567-89ab-cdef-0123-456789abcdef"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
ENGINE = "arn:aws:iam::444455556666:role/yawl-engine"
OPERATOR = "arn:aws:iam::444455556666:user/ops"


def company_stage() -> "Stage":
    """As in production, in Frankfurt."""
    return replace(
        shipped("prod"),
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
        permissions_boundary="developers/boundary",
        bootstrap_qualifier="acme12345",
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
