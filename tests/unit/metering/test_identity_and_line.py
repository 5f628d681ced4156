"""What is frozen is what is sent, for every attempt the same."""

from decimal import Decimal

import pytest

from ledger.metering_record import Line, MeteringRecord
from ledger.subscriber import Subscriber
from marketplace.billing_identity import BillingIdentity
from metering.seal.terms import identity_of
from metering.send.plan_batches import usage_line
from metering.settle.settle_lines import detail_of, verdict_of
from tests.products import sold

ARN = "arn:aws:license-manager::123456789012:license:lic-1"
LICENSE = Subscriber(
    customer_identifier="lic-1",
    integration="license",
    product_code="own",
    license_arn=ARN,
    account_id="123456789012",
)
LEGACY = Subscriber(customer_identifier="cust", integration="legacy", license_arn=ARN, account_id="123456789012")


@pytest.mark.parametrize(
    ("subscriber", "frozen"),
    [
        (
            LICENSE,
            {"integration": "license", "productCode": "own", "licenseArn": ARN, "customerAWSAccountId": "123456789012"},
        ),
        # A legacy buyer has a licence too; sent with both the hour would be billed twice.
        (LEGACY, {"integration": "legacy", "productCode": "stage", "customerIdentifier": "cust"}),
    ],
)
def test_the_identity_is_one_shape_and_survives_freezing(subscriber: Subscriber, frozen: dict[str, str]) -> None:
    identity = identity_of(subscriber, sold(code="stage"))
    assert identity is not None
    assert identity.frozen == frozen
    assert BillingIdentity.from_frozen(frozen) == identity


def test_an_incomplete_identity_is_none() -> None:
    bare = Subscriber(customer_identifier="lic-1", integration="license", product_code="p")
    assert identity_of(bare, sold(code="stage")) is None


def test_a_record_without_an_identity_cannot_be_sent() -> None:
    with pytest.raises(KeyError):
        BillingIdentity.from_frozen({})


def sealed(timestamp: int | None) -> MeteringRecord:
    identity = {"integration": "legacy", "productCode": "p", "customerIdentifier": "c"}
    return MeteringRecord(
        customer_identifier="c", hour=7200, state="sealed", version=1, identity=identity, sent_timestamp=timestamp
    )


def test_a_line_is_sent_with_the_frozen_timestamp_identity_and_quantity() -> None:
    sent = usage_line(
        sealed(7300), Line(dimension="d", quantity=Decimal("1.5"), counted=Decimal(1500), scale=1000, decimals=2)
    )
    assert (sent.timestamp, sent.dimension, sent.quantity, sent.decimals) == (7300, "d", Decimal("1.5"), 2)
    assert sent.identity == BillingIdentity(integration="legacy", product_code="p", customer_identifier="c")


def test_a_record_that_is_not_sealed_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="sealed"):
        usage_line(sealed(None), Line(dimension="d", quantity=Decimal(1), counted=Decimal(1)))


@pytest.mark.parametrize(
    ("status", "others", "verdict"),
    [
        ("Success", False, "billed"),
        ("Success", True, "billed"),
        ("CustomerNotSubscribed", False, "not_subscribed"),
        ("CustomerNotSubscribed", True, "not_subscribed"),
        ("DuplicateRecord", False, "conflict"),
        # H4: the unanswered attempt may have put our own quantity there
        ("DuplicateRecord", True, "presumed_on_file"),
        ("Accepted", False, None),
        ("success", False, None),
        ("", True, None),
    ],
)
def test_each_answer_has_its_verdict(status: str, others: bool, verdict: str | None) -> None:
    assert verdict_of(status, unanswered_others=others) == verdict


@pytest.mark.parametrize(
    ("verdict", "since", "named"),
    [
        ("not_subscribed", "2026-11-15T08:00:00Z", True),
        ("not_subscribed", None, False),
        ("billed", "2026-11-15T08:00:00Z", False),
        ("conflict", "2026-11-15T08:00:00Z", False),
    ],
)
def test_an_open_advisory_is_a_reason_for_not_subscribed(verdict: str, since: str | None, named: bool) -> None:
    detail = detail_of(verdict, since)
    assert (detail is not None) is named
    assert since is None or not named or since in str(detail)
