"""The notices' table: those of an unknown action, kept for people, and agreement notices that wait for their licence.

An item is kept 90 days. It holds identifiers and times, never personal data.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ledger import redact
from ledger.tables import SCHEMA, WAITING_NOTICES_INDEX
from runtime import clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEPT_SECONDS = 90 * 86400


class Notices:
    """Notices by id. Keeping one again changes nothing: notices are delivered at least once."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def keep(self, notice_id: str, *, reason: str, body: str, now: float) -> bool:
        """Keep a notice for people, with why and what it said less personal data; False if it was kept already."""
        return self._put(notice_id, {"reason": reason, "content": redact.content(body)}, now)

    def wait_for_agreement(self, notice_id: str, agreement_id: str, notice: Mapping[str, Any], now: float) -> bool:
        """Keep an agreement's notice until a subscriber is bound to the agreement; False if it was kept already."""
        return self._put(
            notice_id,
            {"reason": "agreement_unknown", WAITING_NOTICES_INDEX.hash.name: agreement_id, "notice": dict(notice)},
            now,
        )

    def waiting(self, agreement_id: str) -> Iterable[Mapping[str, Any]]:
        """The items that wait for an agreement: ``noticeId`` and ``notice``. The index is eventually consistent."""
        start: dict[str, Any] = {}
        while True:
            page = self._table.query(
                IndexName=WAITING_NOTICES_INDEX.name,
                KeyConditionExpression=f"{WAITING_NOTICES_INDEX.hash.name} = :agreement",
                ExpressionAttributeValues={":agreement": agreement_id},
                **start,
            )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def applied(self, notice_id: str, now: float) -> None:
        """A waiting notice found its subscriber: it no longer waits, and stays until its 90 days are over."""
        self._table.update_item(
            Key={"noticeId": notice_id},
            UpdateExpression="SET appliedAt = :now REMOVE #waiting",
            ConditionExpression="attribute_exists(noticeId)",
            ExpressionAttributeNames={"#waiting": WAITING_NOTICES_INDEX.hash.name},
            ExpressionAttributeValues={":now": clock.iso(int(now))},
        )

    def _put(self, notice_id: str, item: Mapping[str, Any], now: float) -> bool:
        try:
            self._table.put_item(
                Item={
                    **item,
                    "noticeId": notice_id,
                    "schema": SCHEMA,
                    "createdAt": clock.iso(int(now)),
                    "expiresAt": int(now) + KEPT_SECONDS,
                },
                ConditionExpression="attribute_not_exists(noticeId)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True
