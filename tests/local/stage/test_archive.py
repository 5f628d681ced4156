"""Changes of the deployed stage's tables reach the archive's bucket through streams, filters and the function's role;
a restored copy of them is what the tables hold."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from archive.archive_changes import archive_changes
from archive.change import Change, read
from archive.kept import ARCHIVED
from archive.objects import Objects
from ledger import tables
from local.replay.buyers import Buyer
from marketplace.hour import hour_of
from ops.archive.restore_archive import restore_archive
from ops.change import carry_out
from ops.stage import OpenStage
from runtime.clock import iso
from tests.local.stage.acting import Acting, wait_until
from tests.unit.archive.streams import change as change_of

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]


class OfTheCloud:
    """AWS as ``ops`` asks it, on the local cloud."""

    def __init__(self, acting: Acting) -> None:
        self._session: Any = acting.stage.cloud.seller
        self._outputs = acting.stage.outputs

    def ask(self, service: str, operation: str, /, **request: Any) -> dict[str, Any]:
        if service == "sts":
            return {"Arn": "arn:aws:iam::000000000000:user/test"}
        client = self._session.client(service)
        if client.can_paginate(operation):
            return dict(client.get_paginator(operation).paginate(**request).build_full_result())
        return dict(getattr(client, operation)(**request))


def archived(objects: Objects, table: tables.Table, customer: str) -> list[Change]:
    found = [read(line) for each in objects.list(f"table={table.name}/") for line in objects.lines(each.key)]
    return [change for change in found if change.customer == customer]


def test_changes_reach_the_archive_and_are_restored_as_they_are(acting: Acting, buyer: Buyer) -> None:
    stage = acting.stage
    objects = Objects(stage.cloud.seller.client("s3"), stage.outputs["YawlMetering-local-Archive"]["ArchiveBucketName"])
    acting.record(acting.event(buyer, "workflow_executions", 7))
    acting.close_hour()
    acting.meter_at_once()
    customer = buyer.customer_identifier

    def settled() -> bool:
        changes = archived(objects, tables.METERING_RECORDS, customer)
        return any(change.new and "meteringPending" not in change.new for change in changes)

    wait_until(settled, "the settled hour is in the archive")
    events = archived(objects, tables.USAGE_EVENTS, customer)
    assert Counter(change.event_name for change in events) == {"INSERT": 1}
    assert [change.new["counted"] for change in events if change.new] == [7]
    subscriber = archived(objects, tables.SUBSCRIBERS, customer)
    assert subscriber
    assert not [change for change in subscriber if {"email", "company", "name"} & set(change.new or {})]
    assert (
        "email"
        in stage.dynamodb.Table(stage.table_name(tables.SUBSCRIBERS)).get_item(Key={"customerIdentifier": customer})[
            "Item"
        ]
    )

    operated = OpenStage(
        settings=stage.settings, aws=OfTheCloud(acting), dynamodb=stage.dynamodb, now=lambda: acting.now
    )
    days = sorted(change.changed_at[:10] for change in events)
    change = restore_archive(operated, first=days[0], last=days[-1], suffix="-restored")
    carry_out(operated, "restore-archive", change, why="a test", apply=True)
    for table in (tables.METERING_RECORDS, tables.STATE):
        query: Any = {
            "KeyConditionExpression": "customerIdentifier = :customer",
            "ExpressionAttributeValues": {":customer": customer},
        }
        name = stage.table_name(table)
        restored = stage.dynamodb.Table(f"{name}-restored").query(**query)["Items"]
        assert restored
        assert restored == stage.dynamodb.Table(name).query(**query)["Items"]


def test_what_the_archive_does_not_conserve_is_found_by_the_deployed_audit(acting: Acting) -> None:
    """An event of yesterday whose hour is missing, put into the bucket as the archive's function would."""
    stage, yesterday = acting.stage, acting.now - 86_400
    objects = Objects(stage.cloud.seller.client("s3"), stage.outputs["YawlMetering-local-Archive"]["ArchiveBucketName"])
    (kept,) = [each for each in ARCHIVED if each.table is tables.USAGE_EVENTS]
    lone = {
        "customerIdentifier": "l-whose-hour-is-missing",
        "eventId": "event#lone",
        "content": {"dimension": "api_calls", "source": "tests"},
        "period": iso(yesterday)[:7],
        "counted": Decimal("1.5"),
        "billedHour": hour_of(yesterday),
    }
    archive_changes(objects, kept, [change_of(tables.USAGE_EVENTS, lone, at=yesterday)])
    function = stage.outputs["YawlMetering-local-Archive"]["AuditFunctionArn"]
    answer = stage.cloud.seller.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()
    found = [item for item in stage.items(tables.AUDIT) if item["subject"] == lone["customerIdentifier"]]
    assert [(item["findingState"], item["theirs"]) for item in found] == [("open", Decimal("1.5"))]
