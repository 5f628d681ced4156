"""What a company asks of a deployment is read as it is meant."""

from decimal import Decimal
from pathlib import Path

import pytest

from stacks.stage import Budget, Domain, StageError
from tests.stacks.stage_files.files import CERTIFICATE, ENGINE, FULL, GOOD, KEY, ROLE, load
from usage.reporters import Reporter, from_json, to_json


def test_all_of_it_is_read(tmp_path: Path) -> None:
    stage = load(tmp_path, FULL)
    assert (stage.account, stage.test_accounts) == ("111122223333", ("444455556666", "777788889999"))
    assert (stage.seller_role_arn, stage.external_id) == (ROLE, "yawl-metering:prod")
    assert stage.encryption_key_arn == KEY
    assert stage.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    assert stage.bootstrap_qualifier == "acme12345"
    assert (stage.public_concurrency, stage.table_read_units, stage.table_write_units) == (20, 4000, 2000)
    assert stage.domain == Domain(
        name="metering.vendor.com",
        certificate_arn=CERTIFICATE,
        hosted_zone_id="Z0123456789ABC",
        hosted_zone_name="vendor.com",
    )
    assert stage.firewall_requests == 300
    assert stage.budget == Budget(monthly_amount=Decimal(200), notify=("finops@vendor.com",))
    assert stage.tags == {"CostCenter": "1234", "team:owner": "billing"}
    assert stage.reporters == (
        Reporter(
            principal=ENGINE,
            sender_id="AROAEXAMPLEID1234567",
            customers=("l-0123",),
            dimensions=("api_calls",),
            sources=("engine-7",),
        ),
        Reporter(principal="arn:aws:iam::444455556666:user/ops"),
    )
    assert from_json(to_json(stage.reporters)) == stage.reporters


def test_none_of_it_is_asked_by_default(tmp_path: Path) -> None:
    stage = load(tmp_path, GOOD)
    left_out = (stage.account, stage.seller_role_arn, stage.external_id, stage.encryption_key_arn, stage.domain)
    assert (*left_out, stage.firewall_requests, stage.budget, stage.permissions_boundary) == (None,) * 8
    assert (stage.bootstrap_qualifier, stage.public_concurrency, stage.table_read_units) == (None,) * 3
    assert (stage.tags, stage.reporters, stage.test_accounts) == ({}, (), ())


def test_reporters_beyond_a_functions_environment_are_refused(tmp_path: Path) -> None:
    many = "".join(f'[[reporters]]\nprincipal = "arn:aws:iam::444455556666:role/engine-{n}"\n' for n in range(60))
    with pytest.raises(
        StageError, match=r"^stages/x.toml: reporters with dimensions and tiers take \d+ of the 3000 bytes"
    ):
        load(tmp_path, GOOD + many)
