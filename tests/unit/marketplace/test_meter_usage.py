"""Usage records as the service model wants them, and answers matched to the lines that they are about."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from marketplace.billing_identity import BillingIdentity
from marketplace.meter_usage import (
    MAX_BYTES,
    MAX_RECORDS,
    Answer,
    BatchAnswer,
    UsageLine,
    UsageMeter,
    create_usage_record,
    record_size,
)
from marketplace.usage_allocations import Allocation

AT = 1_795_000_000
ARN = "arn:aws:license-manager::123456789012:license:lic-1"
LEGACY = BillingIdentity(integration="legacy", product_code="prod", customer_identifier="cust")
LICENSE = BillingIdentity(integration="license", product_code="prod", license_arn=ARN, account_id="123456789012")


def line(dimension: str = "d", identity: BillingIdentity = LEGACY, quantity: str = "3", decimals: int = 0) -> UsageLine:
    return UsageLine(
        identity=identity, dimension=dimension, timestamp=AT, quantity=Decimal(quantity), decimals=decimals
    )


@pytest.mark.parametrize(
    ("identity", "shape"),
    [
        (LEGACY, {"CustomerIdentifier": "cust"}),
        (LICENSE, {"CustomerAWSAccountId": "123456789012", "LicenseArn": ARN}),
    ],
)
def test_a_record_names_the_buyer_in_one_way(identity: BillingIdentity, shape: dict[str, str]) -> None:
    assert create_usage_record(line(identity=identity)) == {
        **shape,
        "Dimension": "d",
        "Timestamp": datetime.fromtimestamp(AT, UTC),
        "Quantity": 3,
    }


@pytest.mark.parametrize(
    ("quantity", "decimals", "field", "sent"),
    [
        ("3", 0, "Quantity", 3),
        ("2147483647", 0, "Quantity", 2147483647),
        ("3", 6, "QuantityAsDecimal", "3"),
        ("3.000000", 6, "QuantityAsDecimal", "3"),
        ("0.250000", 2, "QuantityAsDecimal", "0.25"),
        ("1E+3", 6, "QuantityAsDecimal", "1000"),
        ("1E-6", 6, "QuantityAsDecimal", "0.000001"),
        ("9999999999.999999", 6, "QuantityAsDecimal", "9999999999.999999"),
    ],
)
def test_a_quantity_is_sent_in_the_form_of_its_dimension(quantity: str, decimals: int, field: str, sent: Any) -> None:
    record = create_usage_record(line(quantity=quantity, decimals=decimals))
    assert record[field] == sent
    assert len({"Quantity", "QuantityAsDecimal"} & set(record)) == 1


def test_a_records_size_is_an_upper_bound() -> None:
    for kind in (LEGACY, LICENSE):
        made = line("ü" * 60, kind, "9999999999.999999", 6)
        record = create_usage_record(made) | {"Timestamp": AT}
        assert len(json.dumps(record)) <= record_size(made)


def test_a_records_size_covers_its_allocations() -> None:
    tags = tuple((str(n) * 100, "v" * 256) for n in range(5))
    buckets = (Allocation((), Decimal("0.1")), Allocation(tags, Decimal("9999999999.999999")))
    for number in (1, 2):
        plain, split = line(decimals=6), replace(line(decimals=6), allocations=buckets[-number:])
        added = len(json.dumps(create_usage_record(split), default=str))
        added -= len(json.dumps(create_usage_record(plain), default=str))
        assert 1900 < added <= record_size(split) - record_size(plain) < added + 20 * number


@pytest.mark.parametrize(
    ("decimals", "field", "sent"),
    [(0, "AllocatedUsageQuantity", [2, 1]), (6, "AllocatedUsageQuantityAsDecimal", ["2", "1"])],
)
def test_allocations_are_sent_in_order_in_the_kind_of_the_quantity(decimals: int, field: str, sent: list[Any]) -> None:
    buckets = (Allocation((), Decimal("2.000000")), Allocation((("site", "x"), ("team", "a")), Decimal(1)))
    record = create_usage_record(replace(line(decimals=decimals), allocations=buckets))
    assert record["UsageAllocations"] == [
        {field: sent[0]},
        {field: sent[1], "Tags": [{"Key": "site", "Value": "x"}, {"Key": "team", "Value": "a"}]},
    ]
    assert "UsageAllocations" not in create_usage_record(line(decimals=decimals))


def test_an_answer_is_matched_whatever_it_says_of_allocations(sent: Callable[..., BatchAnswer]) -> None:
    split = replace(line(), allocations=(Allocation((("team", "a"),), Decimal(3)),))
    assert sent([split], Results=[result(line())]).results == {split: Answer("Success", "id-d")}
    assert sent([split], UnprocessedRecords=[create_usage_record(line())]).unprocessed == {split}


def test_25_ordinary_records_fit_one_request() -> None:
    assert MAX_RECORDS * record_size(line("d" * 255, LICENSE)) < MAX_BYTES


@pytest.fixture
def client() -> Any:
    return boto3.client(
        "meteringmarketplace", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )


@pytest.fixture
def sent(client: Any) -> Iterator[Callable[..., BatchAnswer]]:
    """Calls with these lines and an answer that botocore's own model has checked; so has it the request."""
    stub = Stubber(client)

    def call(lines: list[UsageLine], **answer: Any) -> BatchAnswer:
        expected = {**lines[0].identity.request_fields(), "UsageRecords": [create_usage_record(x) for x in lines]}
        stub.add_response("batch_meter_usage", answer, expected)
        return UsageMeter(client).meter_usage(lines)

    with stub:
        yield call
        stub.assert_no_pending_responses()


def result(of: UsageLine, status: str | None = "Success", **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "UsageRecord": create_usage_record(of) | changes,
        "MeteringRecordId": f"id-{of.dimension}",
    }
    return answer | ({"Status": status} if status else {})


@pytest.mark.parametrize(("identity", "product"), [(LEGACY, True), (LICENSE, False)])
def test_the_product_code_is_sent_for_legacy_only(identity: BillingIdentity, product: bool) -> None:
    assert ("ProductCode" in identity.request_fields()) is product


@pytest.mark.parametrize("identity", [LEGACY, LICENSE])
def test_answers_are_matched_by_what_they_name_not_by_place(
    sent: Callable[..., BatchAnswer], identity: BillingIdentity
) -> None:
    lines = [line(name, identity) for name in "abc"]
    answer = sent(
        lines,
        Results=[result(lines[2], "DuplicateRecord"), result(lines[0])],
        UnprocessedRecords=[create_usage_record(lines[1])],
    )
    assert answer.results == {lines[2]: Answer("DuplicateRecord", "id-c"), lines[0]: Answer("Success", "id-a")}
    assert answer.unprocessed == {lines[1]}


def test_two_buyers_with_one_dimension_and_hour_are_told_apart(sent: Callable[..., BatchAnswer]) -> None:
    mine, other = line(), line(identity=replace(LEGACY, customer_identifier="other"))
    answer = sent([mine, other], Results=[result(other, "CustomerNotSubscribed"), result(mine)])
    assert (answer.results[mine].status, answer.results[other].status) == ("Success", "CustomerNotSubscribed")


@pytest.mark.parametrize(
    "changes",
    [
        {"Quantity": 99},
        {"Timestamp": datetime.fromtimestamp(AT, timezone(timedelta(hours=5)))},
        {"Timestamp": datetime.fromtimestamp(AT + 0.9, UTC)},
        {"Timestamp": datetime.fromtimestamp(AT // 3600 * 3600, UTC)},
        {"LicenseArn": ARN, "CustomerAWSAccountId": "123456789012"},
    ],
)
def test_what_does_not_identify_a_line_does_not_matter(
    sent: Callable[..., BatchAnswer], changes: dict[str, Any]
) -> None:
    """A Timestamp cut to the hour, an identifier more: were they no answer, a billed line would end ``expired``."""
    assert sent([line()], Results=[result(line(), **changes)]).results == {line(): Answer("Success", "id-d")}


@pytest.mark.parametrize(
    "changes",
    [
        {"Dimension": "other"},
        {"CustomerIdentifier": "other"},
        {"Timestamp": datetime.fromtimestamp(AT + 3600, UTC)},
    ],
)
def test_an_answer_about_something_else_settles_nothing(
    sent: Callable[..., BatchAnswer], changes: dict[str, Any]
) -> None:
    """H20: a line that the answer does not name counts as not answered."""
    answer = sent([line()], Results=[result(line(), **changes)], UnprocessedRecords=[])
    assert answer == BatchAnswer()


def test_an_answer_has_the_id_by_which_cloudtrail_names_its_call(sent: Callable[..., BatchAnswer]) -> None:
    answer = sent([line()], Results=[result(line())], ResponseMetadata={"RequestId": "a1b2"})
    assert answer.results == {line(): Answer("Success", "id-d", "a1b2")}


def test_an_answer_without_a_status_is_none(sent: Callable[..., BatchAnswer]) -> None:
    assert sent([line()], Results=[result(line(), None)]).results == {}


def test_an_empty_answer_names_nobody(sent: Callable[..., BatchAnswer]) -> None:
    assert sent([line()]) == BatchAnswer()


def test_the_sdk_does_not_repeat_a_call_by_itself() -> None:
    """Every attempt is stored before the call; one that the SDK added would not be."""
    with pytest.MonkeyPatch.context() as env:
        env.setenv("AWS_ACCESS_KEY_ID", "testing")
        env.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        config: Any = UsageMeter.connect("eu-west-1")._client.meta
    assert config.region_name == "eu-west-1"
    assert config.config.retries["total_max_attempts"] == 1
