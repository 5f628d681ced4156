"""The deployed functions compare the ledger with the local Marketplace's log and feed, with their own rights."""

import json
from datetime import datetime
from typing import Any

import boto3
import pytest

from ledger import tables
from ledger.findings import Finding, Findings
from local.replay.buyers import Buyer
from reconcile import kinds
from runtime.clock import from_iso, iso
from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(240)]

BUCKET = "seller-feeds-local"
RUNS = "workflow_executions"


def compare(acting: Acting, book: str) -> dict[str, Any]:
    """One call of a function, as its schedule makes it; its answer."""
    lambda_ = acting.stage.cloud.seller.client("lambda")
    names = [
        f["FunctionName"] for page in lambda_.get_paginator("list_functions").paginate() for f in page["Functions"]
    ]
    (name,) = [each for each in names if f"reconcile{book}" in each.lower()]
    answer = lambda_.invoke(FunctionName=name, Payload=b"{}", Qualifier="live")
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return payload


def metered_by_hand(acting: Acting, buyer: dict[str, Any], hour: str, quantity: int) -> None:
    """Somebody meters a buyer, not the stage."""
    record: Any = {
        "CustomerAWSAccountId": buyer["accountId"],
        "LicenseArn": buyer["licenseArn"],
        "Timestamp": datetime.fromisoformat(hour),
        "Dimension": RUNS,
        "Quantity": quantity,
    }
    client = boto3.client(
        "meteringmarketplace",
        region_name=acting.stage.settings.region,
        endpoint_url=acting.stage.marketplace.url,
        aws_access_key_id="STRANGER",
        aws_secret_access_key="none",
    )
    (result,) = client.batch_meter_usage(UsageRecords=[record])["Results"]
    assert result["Status"] == "Success"


def findings(acting: Acting, buyer: Buyer) -> set[tuple[str, str, str]]:
    """Of a buyer: what was found, and both amounts."""
    return {
        (item["item"], item.get("ours", ""), item.get("theirs", ""))
        for item in acting.stage.items(tables.AUDIT)
        if item["subject"] == buyer.customer_identifier and item.get("findingState") == "open"
    }


def test_a_lost_answer_is_confirmed_and_what_was_metered_by_hand_is_found(acting: Acting) -> None:
    """From one deployed function to the next: the log within hours, the feed within days."""
    (buyer,) = acting.arrive(1)
    bought = acting.stage.marketplace.buyer(buyer.customer_identifier)
    s3 = acting.stage.cloud.seller.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for book in ("calls", "usage"):
        compare(acting, book)
    acting.record(acting.event(buyer, RUNS, 20))
    hour = acting.hour
    acting.close_hour()
    acting.stage.marketplace.set_settings(identicalResend="DuplicateRecord")
    # Of either integration: zeros of other buyers may travel before.
    acting.stage.marketplace.arm("lost-answer", times=2)
    acting.meter_at_once()
    acting.stage.marketplace.set_settings(identicalResend="Success")
    key: dict[str, Any] = {"customerIdentifier": buyer.customer_identifier, "timestamp": int(from_iso(hour))}
    table = acting.stage.dynamodb.Table(acting.stage.table_name(tables.METERING_RECORDS))
    assert table.get_item(Key=key)["Item"][f"verdict#{RUNS}"]["verdict"] == "presumed_on_file"  # type: ignore[index, call-overload]
    idle = acting.hour
    metered_by_hand(acting, bought, idle, 7)
    acting.pass_minutes(31)
    assert compare(acting, "calls")["onFile"] >= 1
    assert table.get_item(Key=key)["Item"][f"verdict#{RUNS}"]["verdict"] == "on_file"  # type: ignore[index, call-overload]
    # What was found and could not be judged is looked at again when it is not found any more.
    unjudged = Finding(
        subject=buyer.customer_identifier,
        depth=kinds.CALLS,
        period=f"{idle[:16]}Z",
        dimension="api_calls",
        kind=kinds.UNVERIFIABLE,
    )
    audit = Findings(acting.stage.dynamodb.Table(acting.stage.table_name(tables.AUDIT)))
    audit.found(unjudged, acting.now)
    # Somebody whom the stage does not know is metered by hand as well.
    stranger = acting.stage.marketplace.create_buyer(acting.stage.product_code, "license")
    stranger |= acting.stage.marketplace.activate(stranger["id"], iso(int(acting.now) - 3600))
    metered_by_hand(acting, stranger, acting.hour, 9)
    acting.pass_minutes(28 * 60)
    compare(acting, "calls")
    assert findings(acting, buyer) == {(f"finding#calls#{idle[:16]}Z#{RUNS}#only_there", "", "7")}
    acting.pass_minutes(3 * 24 * 60)
    acting.stage.marketplace.deliver_feeds(s3, BUCKET)
    assert compare(acting, "usage")["compared"] >= 1
    by_day = {each for each in findings(acting, buyer) if each[0].startswith("finding#usage#")}
    assert by_day == {(f"finding#usage#{idle[:10]}#{RUNS}#other_amount", "15", "22")}
