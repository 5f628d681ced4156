"""One buyer is billed one way: as a licence or as a legacy customer."""

from typing import Any

import pytest

from marketplace.billing_identity import (
    BillingIdentity,
    IdentityError,
    is_sendable,
    license_id,
    resolved_identity,
)

ARN = "arn:aws:license-manager::444455556666:license:l-0123456789abcdef"
LEGACY: dict[str, Any] = {"integration": "legacy", "product_code": "prod1", "license_arn": None, "account_id": None}
LICENSE: dict[str, Any] = {
    "integration": "license",
    "product_code": "prod1",
    "customer_identifier": "l-0123456789abcdef",
    "license_arn": ARN,
    "account_id": "444455556666",
}


def resolve(setting: str, **given: str) -> BillingIdentity:
    answer: dict[str, str | None] = {"customer_identifier": None, "license_arn": None, "account_id": None}
    return resolved_identity(setting, product_code="prod1", **(answer | given))


@pytest.mark.parametrize(
    ("arn", "trailing"),
    [
        (ARN, "l-0123456789abcdef"),
        ("arn:aws:license-manager::444455556666:license/lic-0123abc", "lic-0123abc"),
        # the License event's form, without "arn:" and with a Region
        ("aws:license-manager:us-east-1:444455556666:l-0123456789abcdef", "l-0123456789abcdef"),
        ("arn:aws-eusc:license-manager::444455556666:license:l-1", "l-1"),
    ],
)
def test_every_form_of_a_licence_arn_has_the_same_key(arn: str, trailing: str) -> None:
    assert license_id(arn) == trailing


@pytest.mark.parametrize("arn", [None, "", "custA1", "arn:aws:license-manager::1:license:", "a:b/l-1?x", "x:y:l-a b"])
def test_what_is_no_licence_has_no_key(arn: str | None) -> None:
    with pytest.raises(IdentityError):
        license_id(arn)


def test_only_the_form_of_an_api_is_sent() -> None:
    assert is_sendable(ARN)
    assert not is_sendable("aws:license-manager:us-east-1:444455556666:l-0123456789abcdef")
    assert not is_sendable(None)


def test_a_licence_is_sent_with_account_and_arn_and_without_product_code() -> None:
    identity = BillingIdentity.complete(**LICENSE)
    assert identity is not None
    assert identity.record_fields() == {"CustomerAWSAccountId": "444455556666", "LicenseArn": ARN}
    assert identity.request_fields() == {}
    assert identity.billing_key == "l-0123456789abcdef"


def test_a_legacy_customer_is_sent_with_identifier_and_product_code_only() -> None:
    identity = BillingIdentity.complete(**(LICENSE | {"integration": "legacy", "customer_identifier": "custA1"}))
    assert identity is not None
    assert identity.record_fields() == {"CustomerIdentifier": "custA1"}
    assert identity.request_fields() == {"ProductCode": "prod1"}
    assert identity.billing_key == "custA1"


def test_the_two_never_share_a_request() -> None:
    one = BillingIdentity.complete(**LICENSE)
    other = BillingIdentity.complete(customer_identifier="custA1", **LEGACY)
    assert one is not None and other is not None
    assert one.batch_key != other.batch_key


@pytest.mark.parametrize(
    "missing",
    [
        {"account_id": None},
        {"license_arn": None},
        {"license_arn": "aws:license-manager:us-east-1:444455556666:l-0123456789abcdef"},
        {"product_code": None},
    ],
)
def test_an_incomplete_identity_is_none(missing: dict[str, str | None]) -> None:
    assert BillingIdentity.complete(**(LICENSE | missing)) is None


def test_mixed_takes_legacy_where_marketplace_gives_a_customer_identifier() -> None:
    both = {"customer_identifier": "custA1", "license_arn": ARN, "account_id": "444455556666"}
    assert resolve("mixed", **both).billing_key == "custA1"
    assert resolve("license", **both).billing_key == "l-0123456789abcdef"
    assert resolve("legacy", **both).billing_key == "custA1"
    assert resolve("mixed", license_arn=ARN, account_id="444455556666").integration == "license"


@pytest.mark.parametrize(
    ("setting", "given"),
    [
        ("legacy", {"license_arn": ARN, "account_id": "444455556666"}),
        ("license", {"customer_identifier": "custA1"}),
        ("license", {"license_arn": ARN}),
        ("legacy", {"customer_identifier": "not url safe"}),
        ("both", {"customer_identifier": "custA1"}),
    ],
)
def test_an_answer_that_contradicts_the_setting_is_an_error(setting: str, given: dict[str, str]) -> None:
    with pytest.raises(IdentityError):
        resolve(setting, **given)
