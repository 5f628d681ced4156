"""What a company asks of a deployment: read as it is meant, and refused by one line where it is not."""

from decimal import Decimal
from pathlib import Path

import pytest

from stacks.stage import StageError
from stacks.stage.company import Budget, Domain
from tests.stacks.stage_files.files import GOOD, load
from usage.reporters import Reporter, from_json, to_json

ROLE = "arn:aws:iam::999988887777:role/marketplace/Metering"
CERTIFICATE = "arn:aws:acm:eu-central-1:111122223333:certificate/01234567-89ab-cdef-0123-456789abcdef"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
ENGINE = "arn:aws:iam::444455556666:role/yawl-engine"

#: keys of the file's top stand before its first table, tables at its end
TOP = f"""
account = "111122223333"
testAccounts = ["444455556666", "777788889999"]
sellerRoleArn = "{ROLE}"
externalId = "yawl-metering:prod"
encryptionKeyArn = "{KEY}"
permissionsBoundary = "arn:aws:iam::111122223333:policy/boundary"
bootstrapQualifier = "acme12345"
publicConcurrency = 20
tableReadUnits = 4000
tableWriteUnits = 2000
"""
TABLES = f"""
[domain]
name = "metering.vendor.com"
certificateArn = "{CERTIFICATE}"
hostedZoneId = "Z0123456789ABC"
hostedZoneName = "vendor.com"
[firewall]
requestsPerAddress = 300
[budget]
monthlyAmount = 200
notify = ["finops@vendor.com"]
[tags]
CostCenter = "1234"
"team:owner" = "billing"
[[reporters]]
principal = "{ENGINE}"
senderId = "AROAEXAMPLEID1234567"
customers = ["l-0123"]
dimensions = ["api_calls"]
sources = ["engine-7"]
[[reporters]]
principal = "arn:aws:iam::444455556666:user/ops"
"""
FULL = TOP + GOOD + TABLES


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
        hosted_zone=("Z0123456789ABC", "vendor.com"),
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


@pytest.mark.parametrize(
    ("found", "written", "line"),
    [
        (
            'account = "111122223333"',
            'account = "1111-2222-3333"',
            "account is '1111-2222-3333': set it to the 12 digits of the AWS account that this stage belongs to, for"
            ' example "111122223333"',
        ),
        (
            '["444455556666", "777788889999"]',
            '["44445555"]',
            "testAccounts holds '44445555': list AWS accounts by their 12 digits, for example [\"111122223333\"]",
        ),
        (
            f'sellerRoleArn = "{ROLE}"',
            'sellerRoleArn = "Metering"',
            "sellerRoleArn is 'Metering': set it to the ARN of the role in the account that published the product, or"
            " leave it out",
        ),
        (
            f'sellerRoleArn = "{ROLE}"\n',
            "",
            "externalId is given without sellerRoleArn: add sellerRoleArn or remove externalId",
        ),
        (
            'externalId = "yawl-metering:prod"\n',
            "",
            "sellerRoleArn is given without externalId: add externalId, and ask for it in the role's trust policy",
        ),
        (
            KEY,
            "arn:aws:kms:eu-central-1:111122223333:alias/metering",
            "encryptionKeyArn is 'arn:aws:kms:eu-central-1:111122223333:alias/metering': set it to the ARN of a KMS key"
            " in eu-central-1 (a key, not an alias), or leave it out",
        ),
        (
            'bootstrapQualifier = "acme12345"',
            'bootstrapQualifier = "Acme"',
            "bootstrapQualifier is 'Acme': set it to at most 10 of a-z and 0-9, or leave it out",
        ),
        (
            CERTIFICATE,
            CERTIFICATE.replace("eu-central-1", "us-east-1"),
            f"domain.certificateArn is '{CERTIFICATE.replace('eu-central-1', 'us-east-1')}': set it to the ARN of a"
            " certificate of ACM in eu-central-1",
        ),
        (
            'hostedZoneName = "vendor.com"\n',
            "",
            "domain.hostedZoneId and hostedZoneName belong together: give both or none",
        ),
        (
            'hostedZoneName = "vendor.com"',
            'hostedZoneName = "other.com"',
            "domain.hostedZoneName is 'other.com': name the zone that metering.vendor.com lies in",
        ),
        (
            "requestsPerAddress = 300",
            "requestsPerAddress = 5",
            "firewall.requestsPerAddress is 5: set it to a whole number from 10 to 2000000000",
        ),
        (
            "monthlyAmount = 200",
            "monthlyAmount = nan",
            "budget.monthlyAmount is NaN: set it to US dollars a month, for example 200",
        ),
        (
            'notify = ["finops@vendor.com"]',
            "notify = []",
            "budget.notify holds 0 addresses: list 1 to 10 e-mail addresses",
        ),
        (
            '"team:owner"',
            '"aws:owner"',
            "tags.aws:owner is no usable tag name: use letters, digits, spaces and _ . : / = + - @",
        ),
        (
            'dimensions = ["api_calls"]',
            'dimensions = ["calls"]',
            "reporters[0].dimensions holds 'calls': name any of api_calls",
        ),
        (
            'customers = ["l-0123"]',
            "customers = []",
            "reporters[0].customers is empty: list billing keys, or leave it out for all",
        ),
        (
            "arn:aws:iam::444455556666:user/ops",
            ENGINE,
            f"reporters[1].principal is '{ENGINE}' twice: write one [[reporters]] table for it",
        ),
        (
            "arn:aws:iam::444455556666:user/ops",
            "*",
            "reporters[1].principal is '*': set it to the ARN of an IAM role or user",
        ),
        (
            "AROAEXAMPLEID1234567",
            "yawl-engine",
            "reporters[0].senderId is 'yawl-engine': set it to the principal's unique id: AROA... or AIDA..., or leave"
            " it out",
        ),
    ],
)
def test_what_is_not_meant_is_one_line(tmp_path: Path, found: str, written: str, line: str) -> None:
    assert found in FULL
    with pytest.raises(StageError) as raised:
        load(tmp_path, FULL.replace(found, written))
    assert str(raised.value) == f"stages/x.toml: {line}"


def test_reporters_beyond_a_functions_environment_are_refused(tmp_path: Path) -> None:
    many = "".join(f'[[reporters]]\nprincipal = "arn:aws:iam::444455556666:role/engine-{n}"\n' for n in range(60))
    with pytest.raises(StageError, match=r"^stages/x.toml: reporters with dimensions take \d+ of the 3000 bytes"):
        load(tmp_path, GOOD + many)
